"""Going back to what was kept, in a real Chromium, with a scripted engine."""

import json
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser import MARKS, attach, begin, reply, send
from tests.test_page_in_a_browser import browser, page_for  # noqa: F401  fixtures
from vision.fake import FakeEngine

pytestmark = MARKS


def asked(page, *prompts):
    """Wait until the page shows these prompts."""
    expect(page.locator("#hist .sl-typed")).to_have_text(prompts)


def menu(page, entry):
    """Choose from the menu of the first conversation of the list."""
    page.hover(".sl-row")
    page.click(".sl-row .sl-more")
    page.click(f".sl-popup >> text={entry}")


@pytest.fixture
def page(page_for, red):  # noqa: F811
    shown = page_for(FakeEngine(["It is red.", "Quite sure.", "Something else."]))
    attach(shown, ("red.png", red))
    send(shown, "Which colour?")
    reply(shown)
    send(shown, "Are you sure?")
    reply(shown, 2)
    return shown


def test_a_turn_is_deleted_without_touching_the_others(page):
    page.click("[data-act=delete][data-turn='1']")

    asked(page, "Are you sure?")


def test_a_deleted_turn_comes_back(page):
    page.click("[data-act=delete][data-turn='1']")
    asked(page, "Are you sure?")
    page.click("[data-action=undo]")

    asked(page, "Which colour?", "Are you sure?")
    page.wait_for_function("document.querySelector('#hist .sl-picture img')?.naturalWidth > 0")


def test_without_its_only_turn_a_conversation_is_gone_and_one_can_begin(page):
    page.click("[data-act=delete][data-turn='1']")
    asked(page, "Are you sure?")

    page.click("[data-act=delete][data-turn='2']")

    page.wait_for_selector(".sl-card")
    page.wait_for_selector(".sl-row", state="detached")
    page.click(".sl-said:has-text('The conversation was deleted.') [data-action=undo]")
    asked(page, "Are you sure?")


def test_undo_is_still_offered_while_one_types(page):
    page.click("[data-act=delete][data-turn='1']")
    page.wait_for_selector("[data-action=undo]")

    page.fill("#composer textarea", "Another question")
    page.wait_for_selector(".sl-cost")

    expect(page.locator("[data-action=undo]")).to_have_count(1)


def test_an_edited_prompt_begins_a_version_that_one_can_leave(page):
    page.click("[data-act=edit][data-turn='1']")
    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "Which shape?")
    page.wait_for_selector(".sl-versions >> text=2/2")
    asked(page, "Which shape?")

    page.click(".sl-versions button >> nth=0")

    page.wait_for_selector(".sl-versions >> text=1/2")
    asked(page, "Which colour?", "Are you sure?")


def test_an_edited_prompt_keeps_its_pictures(page):
    page.click("[data-act=edit][data-turn='1']")
    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "Which shape?")
    page.wait_for_selector(".sl-versions")

    expect(page.locator("#hist .sl-picture")).to_have_count(1)


def test_a_prompt_can_be_asked_again(page):
    page.click("[data-act=again][data-turn='2']")

    page.wait_for_selector(".sl-versions >> text=2/2")
    expect(page.locator("#hist")).to_contain_text("Something else.")


def test_a_past_picture_is_put_into_the_composer(page):
    page.hover(".sl-framed")
    page.click(".sl-use")

    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "And now?")
    reply(page, 3)
    expect(page.locator("#hist .sl-picture")).to_have_count(2)


def test_a_conversation_is_named_in_place(page):
    menu(page, "Rename")
    page.fill(".sl-rename", "颜色 <b>colours</b>")
    page.press(".sl-rename", "Enter")

    page.wait_for_selector("#header h1 >> text=颜色 <b>colours</b>")
    page.wait_for_selector(".sl-item-title >> text='颜色 <b>colours</b>'")


def test_a_conversation_is_pinned(page):
    menu(page, "Pin")

    page.wait_for_selector(".sl-day h2 >> text=Pinned")


def test_a_conversation_is_tagged(page):
    menu(page, "Tags")
    page.fill(".sl-rename", "work, 小票")
    page.press(".sl-rename", "Enter")

    expect(page.locator(".sl-tag")).to_have_text(["work", "小票"])


def test_a_deleted_conversation_comes_back_with_its_pictures(page):
    menu(page, "Delete")
    page.wait_for_selector(".sl-welcome")
    page.wait_for_selector(".sl-row", state="detached")

    page.click("[data-action=undo]")

    page.wait_for_function("document.querySelector('#hist .sl-picture img')?.naturalWidth > 0")
    asked(page, "Which colour?", "Are you sure?")


def test_search_shows_the_hit(page):
    page.fill(".sl-query", "quite")

    page.wait_for_selector(".sl-hit mark >> text=Quite")


def test_a_search_result_opens_its_conversation(page):
    begin(page)
    page.keyboard.press("Control+k")
    expect(page.locator(".sl-query")).to_be_focused()
    page.keyboard.type("quite")

    page.click(".sl-hit")

    asked(page, "Which colour?", "Are you sure?")


def test_a_search_is_narrowed_by_filters(page):
    page.fill(".sl-query", "sure")
    page.wait_for_selector(".sl-hit")
    page.click(".sl-filters summary")

    page.check(".sl-filter-checkbox input")

    page.wait_for_selector("text=Nothing was found.")


def test_an_import_that_does_not_arrive_says_so(page):
    page.route("**/import", lambda route: route.abort())

    page.set_input_files("#sidebar input[type=file]", [
        {"name": "mine.zip", "mimeType": "application/zip", "buffer": b"PK"}
    ])  # fmt: skip

    page.wait_for_selector(".sl-toast >> text=That could not be added")


def test_what_is_exported_imports_elsewhere(page, tmp_path, page_for, browser):  # noqa: F811
    page.click(".sl-brand .sl-tool")
    with page.expect_download() as download:
        page.click(".sl-popup-group >> text=ZIP >> nth=0")
    download.value.save_as(tmp_path / "all.zip")
    menu(page, "Delete")
    page.wait_for_selector(".sl-row", state="detached")

    page.set_input_files("input[accept='.zip,.json']", tmp_path / "all.zip")

    page.wait_for_selector("text=2 turns imported, 0 left out.")
    page.click(".sl-row .sl-item")
    asked(page, "Which colour?", "Are you sure?")


def test_a_file_that_is_no_export_is_refused_with_a_sentence(page, tmp_path):
    (tmp_path / "bad.json").write_text("[1, 2, 3", encoding="utf-8")

    page.set_input_files("input[accept='.zip,.json']", tmp_path / "bad.json")

    page.wait_for_selector("#tray .sl-problem")


def test_a_turn_is_exported(page, tmp_path):
    with page.expect_download() as download:
        page.click("#hist a[href*='turn=2']")
    download.value.save_as(tmp_path / "turn.json")

    exported = json.loads((tmp_path / "turn.json").read_text(encoding="utf-8"))

    assert "Are you sure?" in json.dumps(exported)
    assert "Which colour?" not in json.dumps(exported)


def test_what_a_search_found_is_exported(page, tmp_path):
    page.fill(".sl-query", "quite")
    with page.expect_download() as download:
        page.click(".sl-export-found")
    download.value.save_as(tmp_path / "found.zip")

    assert any(
        name.endswith("0002.json") for name in zipfile.ZipFile(tmp_path / "found.zip").namelist()
    )


def test_latencies_are_plotted(page, tmp_path):
    page.click(".sl-brand .sl-tool")
    with page.expect_download() as download:
        page.click(".sl-popup-group >> text=PNG")
    download.value.save_as(tmp_path / "plot.png")

    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_list_comes_back_when_the_search_box_is_emptied(page):
    page.fill(".sl-query", "quite")
    page.click(".sl-hit")

    page.fill(".sl-query", "")

    page.wait_for_selector(".sl-row")
    expect(page.locator(".sl-hit")).to_have_count(0)


def test_the_trash_is_emptied_on_request(page):
    menu(page, "Delete")
    page.wait_for_selector("[data-action=undo]")
    page.on("dialog", lambda dialog: dialog.accept())

    page.click(".sl-brand .sl-tool")
    page.click(".sl-popup >> text=Empty the trash")

    page.wait_for_selector("text=The trash is empty.")
    assert page.assistant.store.trash.entries() == []
    assert list((page.assistant.store.root / "images").glob("*.png")) == []
