"""The panel of a page, used as a user would; and a hostile page in its preview."""

import json
import re
import zipfile

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from app.assistant import Assistant
from app.engines import Candidate
from app.jobs.webpage.check.compare import Scores
from app.jobs.webpage.record import Version
from history import Store
from tests.browser import MARKS, chromium, opened, served
from tests.held import held
from tests.hostile import CLICKED, WAYS, listening
from tests.webpage_lab import SHOP, keep
from tests.webpage_lab import png as png_of
from vision.engine import Line, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = MARKS

SCORES = Scores(
    block=0.9, text=0.98, position=0.95, colour=0.97, visual=0.8, role=0.4, reflow=1.0, flow=1.0
).record()  # fmt: skip
REGION = {"kind": "moved", "box": [10, 10, 200, 40], "text": "<b onclick=x>Corner", "by": [0, 12]}
CROP = "crop-10-10-60-40.png"
PAGE = SHOP.replace("</main>", f'<img src="{CROP}" width="50" height="30" alt="Bread"></main>')


@pytest.fixture(scope="module")
def screenshot():
    picture = Image.new("RGB", (800, 500), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 800, 80), "#1f3a5f")
    import numpy as np

    return png_of(np.asarray(picture))


@pytest.fixture(scope="module")
def stored(tmp_path_factory, screenshot):
    """A store, an assistant and the page that serves them, with a browser."""
    folder = tmp_path_factory.mktemp("webpage")
    store, decoder = Store(folder / "history"), Decoder()
    assistant = Assistant([Candidate(FakeEngine)], store, decoder, SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    # The browser first: its loop takes the place of the one that Gradio made, which nobody closes.
    with chromium() as browser, served(assistant, folder) as url:
        yield store, decoder, url, browser
    assistant.close()
    store.close()


@pytest.fixture
def show(stored, screenshot):
    """Return a function that keeps a page and opens its panel."""
    store, decoder, url, browser = stored
    pages = []

    def open_panel(*versions, lines=(), **options):
        versions = versions or (Version(PAGE, "measured", SCORES, [REGION], 480),)
        conversation = keep(store, decoder, screenshot, versions, lines)
        page = opened(browser, f"{url}/?c={conversation}", **options)
        page.wait_for_selector(".sl-web")
        page.conversation = conversation
        page.hostile = "parent.reached" in versions[-1].html  # whose own errors are none of ours
        pages.append(page)
        return page

    yield open_panel
    for page in pages:
        page.context.close()
        assert page.hostile or page.errors == []


def shown(page):
    return page.frame_locator("iframe.sl-web-frame")


def view(page, name):
    page.get_by_role("group", name="Views of the page").get_by_role("button", name=name).click()


def used(page):
    return page.get_by_label("Version").locator("option:checked")


def test_the_page_is_shown_with_its_pictures_in_a_frame_without_rights(show):
    page = show()

    frame = page.locator("iframe.sl-web-frame")
    begin = (
        '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src \'none\''
    )

    expect(shown(page).locator("h1")).to_have_text("Corner Shop")
    expect(frame).to_have_attribute("sandbox", "")
    expect(frame).to_have_attribute("srcdoc", re.compile(f"^{re.escape(begin)}"))
    expect(shown(page).locator("img")).to_have_attribute(
        "src", re.compile("^data:image/png;base64,")
    )


def test_a_hostile_page_reaches_nobody(show, stored):
    assert len(WAYS) >= 25
    with listening() as listener, listening() as control:
        page = show(Version(listener.hostile(), "user"))
        shown(page).locator("h1").wait_for()
        before = page.url
        downloads = []
        page.on("download", lambda each: downloads.append(each.url))

        for target in CLICKED:
            shown(page).locator(f"#{target}").dispatch_event("click")
            view(page, "Code")
            view(page, "Preview")  # anew, should it have gone somewhere
        # The same page by itself: when its ways out were found, those of the preview would be too.
        control.page = control.hostile(stays=True)
        other = stored[3].new_page()
        other.goto(control.url, wait_until="commit")
        assert control.until(ways=35)
        other.close()

        assert (listener.connections, listener.paths, listener.datagrams) == (0, [], 0)
        assert page.url == before
        assert page.evaluate("[window.reached, localStorage.reached, document.cookie]") == [
            None, None, "",
        ]  # fmt: skip
        assert page.title() != "reached"
        expect(page.locator(".sl-web")).to_be_visible()
        assert downloads == []
        assert len(page.context.pages) == 1


def test_scripts_run_after_a_warning_and_still_reach_neither_server_nor_page(show):
    with listening() as listener:
        last = "<script>console.log('ran')</script>"
        page = show(Version(listener.hostile() + last, "user"))

        with page.expect_console_message(lambda message: message.text == "ran"):
            page.get_by_label("Run its scripts").check()

        expect(page.get_by_role("alert")).to_contain_text("reach the network")
        assert listener.paths == []
        assert page.evaluate("[window.reached, localStorage.reached]") == [None, None]
        expect(page.locator(".sl-web")).to_be_visible()


def test_a_page_without_scripts_offers_no_switch_for_them(show):
    expect(show().get_by_label("Run its scripts")).to_have_count(0)


def test_the_screen_is_as_wide_as_the_screenshot_at_first(show):
    expect(show().locator("iframe.sl-web-frame")).to_have_js_property("clientWidth", 800)


def test_the_screen_is_as_wide_as_was_chosen(show):
    page = show()

    page.get_by_role("button", name="390 px").click()

    expect(page.locator("iframe.sl-web-frame")).to_have_js_property("clientWidth", 390)


def test_compared_the_page_is_swiped_over_its_screenshot(show):
    page = show()
    view(page, "Compare")
    page.get_by_role("button", name="Swipe").click()

    page.get_by_label("From the screenshot to the page").fill("25")

    expect(page.locator(".sl-web-over")).to_have_css("clip-path", "inset(0px 0px 0px 25%)")
    expect(page.get_by_alt_text("Screenshot")).to_have_js_property("naturalWidth", 800)


def test_the_worst_places_are_marked_with_words_and_never_as_markup(show):
    page = show()
    view(page, "Compare")

    mark = page.locator(".sl-web-mark")

    expect(mark).to_have_count(1)
    expect(mark).to_have_attribute("title", "12 px too low: <b onclick=x>Corner")


def test_what_the_scores_mean_is_said_in_plain_words(show):
    page = show()

    page.locator(".sl-web-scores summary").click()

    expect(page.locator(".sl-web-scores")).to_contain_text("85 % Looks like the screenshot")
    low = page.locator(".sl-web-bars [data-low]")
    expect(low).to_be_visible()
    expect(low).to_contain_text("Text in elements that say what it is")


def test_edited_code_is_drawn_again_while_one_types(show):
    page = show()
    view(page, "Code")

    page.get_by_label("HTML of the page").fill(PAGE.replace("Corner Shop", "Edge Shop"))

    shown(page).get_by_role("heading", name="Edge Shop").wait_for()


def test_a_saved_edit_is_the_version_in_use_after_a_reload(show, stored):
    lines = [Line("Corner Shop", (40, 20, 240, 60), 0.9)]
    page = show(Version(PAGE, "measured"), lines=lines)
    view(page, "Code")
    page.get_by_label("HTML of the page").fill(PAGE.replace("Corner Shop", "Edge Shop"))

    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as your version.").wait_for()
    page.reload()

    shown(page).get_by_role("heading", name="Edge Shop").wait_for()
    expect(used(page)).to_have_text("2 · Edited by you · in use")
    turn = stored[0].turn(page.conversation, 1)
    assert "Edge Shop" in turn.corrections["html"]
    assert "Corner Shop" in turn.fields["html"]


def test_what_is_typed_while_a_page_is_saved_stays(show, stored):
    page = show()
    view(page, "Code")
    code = page.get_by_label("HTML of the page")
    code.fill(PAGE.replace("Corner Shop", "Edge Shop"))
    with held(page, "**/webpage/*/1", "POST"):
        page.get_by_role("button", name="Save", exact=True).click()
        code.press("Control+End")
        page.keyboard.type("<!-- and")

    page.get_by_text("Saved as your version.").wait_for()
    page.keyboard.type(" more -->")
    expect(code).to_have_value(re.compile("<!-- and more -->$"))
    assert "<!--" not in stored[0].turn(page.conversation, 1).corrections["html"]
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()


def test_code_that_is_not_saved_outlives_a_refresh(show):
    page = show(Version(PAGE, "before"), Version(PAGE.replace("#2f6fde", "#aa3355"), "changed"))
    view(page, "Code")
    page.get_by_label("HTML of the page").fill(PAGE.replace("Corner Shop", "Edge Shop"))
    expect(page.get_by_text("Not saved yet")).to_be_visible()

    page.reload()

    expect(page.get_by_label("HTML of the page")).to_have_value(re.compile("Edge Shop"))
    page.get_by_role("button", name="Undo changes").click()
    page.reload()
    shown(page).get_by_role("heading", name="Corner Shop").wait_for()


def test_each_version_keeps_what_was_written_into_it(show):
    page = show(Version(PAGE, "before"), Version(PAGE.replace("#2f6fde", "#aa3355"), "changed"))
    view(page, "Code")
    code = page.get_by_label("HTML of the page")
    code.fill(PAGE.replace("Corner Shop", "Edge Shop"))

    page.get_by_label("Version").select_option("0")

    expect(code).to_have_value(re.compile("Corner Shop"))
    page.get_by_label("Version").select_option("1")
    expect(code).to_have_value(re.compile("Edge Shop"))


def test_that_a_page_is_being_saved_is_said(show):
    page = show()
    view(page, "Code")
    page.get_by_label("HTML of the page").fill(PAGE.replace("Corner Shop", "Edge Shop"))

    with held(page, "**/webpage/*/1", "POST"):
        page.get_by_role("button", name="Save", exact=True).click()

        page.get_by_text("Drawing and saving it…").wait_for()
    page.get_by_text("Saved as your version.").wait_for()


def test_an_earlier_version_can_be_taken_into_use(show, stored):
    page = show(Version(PAGE, "before"), Version(PAGE.replace("#2f6fde", "#aa3355"), "changed"))
    page.get_by_label("Version").select_option("0")
    view(page, "Code")

    page.get_by_role("button", name="Use this version").click()
    page.get_by_text("Saved as your version.").wait_for()

    expect(used(page)).to_have_text("1 · Before · in use")


def test_the_difference_of_a_change_is_shown_line_by_line(show):
    page = show(Version(PAGE, "before"), Version(PAGE.replace("#2f6fde", "#aa3355"), "changed"))

    view(page, "Changes")

    expect(page.locator(".sl-web-line-out")).to_contain_text("#2f6fde")
    expect(page.locator(".sl-web-line-in")).to_contain_text("#aa3355")


def test_a_downloaded_page_stands_alone(show, tmp_path):
    page = show()

    with page.expect_download() as download:
        page.get_by_label("Download the page, one file, pictures included").click()
    download.value.save_as(tmp_path / "page.html")

    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in text
    assert CROP not in text


def test_a_zip_has_the_page_with_its_pictures_beside_it(show, tmp_path):
    page = show()

    with page.expect_download() as download:
        page.get_by_label("Download the page with its pictures as files").click()
    download.value.save_as(tmp_path / "page.zip")

    with zipfile.ZipFile(tmp_path / "page.zip") as archive:
        assert archive.namelist() == ["index.html", f"assets/{CROP}"]
        assert f'src="assets/{CROP}"' in archive.read("index.html").decode()


def test_copied_code_has_its_pictures(show):
    page = show(permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy", exact=True).last.click()
    page.get_by_text("Copied, pictures included.").wait_for()

    assert "data:image/png;base64," in page.evaluate("navigator.clipboard.readText()")


def test_enlarged_it_fills_the_window_until_escape(show):
    page = show(viewport={"width": 1280, "height": 800})

    page.get_by_role("button", name="Enlarge").click()
    page.wait_for_function("document.querySelector('dialog .sl-web')?.clientWidth > 1200")
    page.keyboard.press("Escape")

    page.locator("dialog .sl-web").wait_for(state="detached")
    expect(page.locator("[data-key=enlarge]")).to_be_focused()


def test_in_chinese_no_english_is_left(show):
    page = show(Version("<!DOCTYPE html><p>纸", "measured", SCORES, [], 480), locale="zh-CN")
    page.locator(".sl-web-scores summary").click()
    page.wait_for_selector(".sl-web-details")

    said = page.locator(".sl-web").inner_text().replace("HTML", "").replace("\n", " ")

    assert not any(char.isascii() and char.isalpha() for char in said), said


def test_every_control_can_be_reached_by_keyboard(show):
    page = show()
    view(page, "Compare")
    wanted = page.evaluate(
        "[...document.querySelectorAll('.sl-web :is(button, a, select, input, summary)')]"
        ".filter((e) => e.offsetParent).length"
    )
    page.locator(".sl-web button").first.focus()

    reached = set()
    for _ in range(40):
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('.sl-web :is(button, a, select, input, summary)')]"
                ".indexOf(document.activeElement)"
            )
        )
        page.keyboard.press("Tab")

    assert len(reached - {-1}) == wanted


def test_the_code_is_hidden_below_a_panel_that_shows_it(show):
    page = show()

    code = page.locator("#hist .code_wrap")
    code.wait_for(state="attached")
    expect(code).to_be_hidden()


# What is scaled knows in its first frame how wide it may be.
FITTED = (
    """() => [...document.querySelectorAll('.sl-web-scaled')].every((each) => each.style.width)"""
)


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_the_panel_never_scrolls_sideways(show, width):
    page = show(viewport={"width": width, "height": 800})

    for name in ("Preview", "Compare", "Code"):
        view(page, name)
        page.wait_for_function(FITTED)
        assert page.locator(".sl-web").evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_a_page_that_is_not_there_is_not_found(stored):
    _, _, url, browser = stored
    page = browser.new_page()

    answer = page.request.get(f"{url}/webpage/20260101-000000-abcd/1")

    assert answer.status == 404
    page.close()


def test_another_site_cannot_save_a_page(show, stored):
    page = show()

    answer = page.request.post(
        f"{stored[2]}/webpage/{page.conversation}/1",
        data=json.dumps({"html": "<p>mine"}),
        headers={"content-type": "application/json", "origin": "http://evil.test"},
    )

    assert answer.status == 403
