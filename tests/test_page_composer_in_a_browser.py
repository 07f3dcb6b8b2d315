"""The composer and the settings of a conversation, as a user meets them."""

import io
import json

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import MARKS, attach, begin, chromium, opened, reply, send, served
from tests.held import held
from vision.fake import FakeEngine

pytestmark = MARKS
PASTE = """text => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    document.querySelector('#composer textarea').dispatchEvent(
        new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
}"""

# When changes of the settings were sent and answered, once there are so many.
PUTS = """count => {
    const all = performance.getEntriesByType('resource')
        .filter(({ name }) => /\\/settings\\/./.test(name))
        .map((each) => ({ sent: each.startTime, answered: each.responseStart }));
    return all.length === count && all;
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def engine():
    return FakeEngine(["One.", "Two.", "Three."])


@pytest.fixture
def page(browser, engine, assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(engine), tmp_path) as url:
        page = opened(browser, url)
        yield page
        assert page.errors == []
        page.context.close()


def stands(page, text):
    """Wait until this stands in the composer."""
    expect(page.locator("#composer textarea")).to_have_value(text)


def leave_settings(page):
    """Close the drawer; wait until one can write again."""
    page.keyboard.press("Escape")
    page.wait_for_selector(".sl-drawer", state="detached")


def test_a_slash_offers_jobs_and_puts_their_prompt_where_it_can_be_edited(page, engine):
    page.type("#composer textarea", "/des")
    page.wait_for_selector(".sl-commands [role=option] >> text=/describe")
    page.press("#composer textarea", "Enter")

    expect(page.locator(".sl-job-chip")).to_have_text("Describe")
    stands(page, "Describe this picture.")
    send(page, "Describe it in ten words.")
    reply(page)
    assert engine.prompts[0].job == "describe"
    expect(page.locator(".sl-job-chip")).to_have_count(0)


def test_a_prompt_of_ones_own_is_kept_in_a_file_and_offered_again(page, tmp_path):
    page.fill("#composer textarea", "Which plants are on this picture?")
    page.click(".sl-jobs")
    page.click("[role=menuitem] >> text=Keep this prompt")
    page.fill(".sl-dialog input", "plants")
    page.click(".sl-dialog .sl-primary")
    page.wait_for_selector(".sl-dialog", state="detached")

    page.reload()
    page.wait_for_selector("#composer textarea:not([disabled])")
    page.wait_for_function("document.querySelector('#composer textarea').value !== ''")
    page.fill("#composer textarea", "")
    page.type("#composer textarea", "/pla")
    page.click(".sl-commands [role=option]")

    stands(page, "Which plants are on this picture?")
    assert json.loads((tmp_path / "presets.json").read_text())[0]["name"] == "plants"


def test_a_prompt_that_is_not_kept_says_why(page, tmp_path):
    (tmp_path / "presets.json").write_text("{")
    page.fill("#composer textarea", "Which plants are on this picture?")
    page.click(".sl-jobs")
    page.click("[role=menuitem] >> text=Keep this prompt")
    page.fill(".sl-dialog input", "plants")

    page.click(".sl-dialog .sl-primary")

    page.wait_for_selector(".sl-dialog .sl-problem >> text=presets.json cannot be used")
    expect(page.locator(".sl-dialog input")).to_have_value("plants")


def test_a_long_paste_becomes_a_note_that_is_sent_behind_the_text(page, engine):
    page.evaluate(PASTE, "lorem " * 500)
    page.wait_for_selector(".sl-note-chip >> text=3,000 characters")
    send(page, "Sum this up")

    reply(page)
    assert engine.prompts[0].messages[-1].text == "Sum this up\n\n" + "lorem " * 500


def test_a_draft_and_its_pictures_survive_a_refresh(page, engine, red):
    attach(page, ("red.png", red))
    page.fill("#composer textarea", "Half a thou")

    page.reload()
    page.wait_for_selector("#composer .thumbnail-item")

    stands(page, "Half a thou")
    page.wait_for_selector("#composer textarea:not([disabled])")
    page.press("#composer textarea", "Enter")
    reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_each_conversation_has_a_draft_of_its_own(page):
    send(page, "First")
    reply(page)
    page.fill("#composer textarea", "More of the first")
    begin(page)
    stands(page, "")

    page.click(".sl-item")

    stands(page, "More of the first")


def test_the_arrow_up_brings_back_what_was_asked(page):
    send(page, "First question")
    reply(page)
    send(page, "Second question")
    reply(page, 2)

    page.press("#composer textarea", "ArrowUp")
    stands(page, "Second question")
    page.press("#composer textarea", "ArrowUp")
    stands(page, "First question")
    page.press("#composer textarea", "ArrowDown")
    stands(page, "Second question")


def test_pictures_are_put_in_order_with_the_keyboard(page, engine, red, receipt):
    attach(page, ("red.png", red), ("receipt.png", receipt))
    page.press("#composer .thumbnail-item >> nth=0", "ArrowRight")
    for at, name in enumerate(("receipt.png", "red.png")):
        picture = page.locator("#composer .thumbnail-item").nth(at)
        expect(picture).to_have_attribute("title", name)
    send(page, "Which is which?")

    reply(page)
    assert engine.prompts[0].messages[-1].images[1].width == 40


def test_enter_that_ends_a_chinese_word_sends_nothing(page, engine):
    page.fill("#composer textarea", "合")
    page.evaluate(
        """document.querySelector('#composer textarea').dispatchEvent(new KeyboardEvent(
            'keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    page.fill("#composer textarea", "合计")
    page.press("#composer textarea", "Enter")

    reply(page)
    assert len(engine.prompts) == 1
    expect(page.locator("#hist .sl-typed")).to_have_text(["合计"])


def test_settings_are_kept_with_the_conversation_and_asked_of_the_engine(page, store):
    page.click(".sl-settings")
    page.fill("#sl-setting-temperature", "0.7")
    page.press("#sl-setting-temperature", "Tab")
    page.fill("#sl-setting-system", "Answer in French.")
    page.press("#sl-setting-system", "Tab")
    leave_settings(page)
    send(page, "Hello")
    reply(page)

    [conversation] = store.conversations()
    assert store.turns(conversation.id)[0].params["temperature"] == 0.7
    assert conversation.system_prompt == "Answer in French."
    assert conversation.settings == {"temperature": 0.7}
    page.wait_for_selector(".sl-settings.sl-differs")


def test_the_system_prompt_comes_first_in_every_prompt(page, engine, store):
    send(page, "Hello")
    reply(page)
    page.click(".sl-settings")
    page.fill("#sl-setting-system", "Answer in French.")
    with page.expect_response("**/settings/*"):
        page.press("#sl-setting-system", "Tab")
    leave_settings(page)
    send(page, "Again")
    reply(page, 2)

    roles = [(m.role, m.text) for m in engine.prompts[1].messages]
    assert roles[0] == ("system", "Answer in French.")
    assert [role for role, _ in roles] == ["system", "user", "assistant", "user"]


def test_the_last_of_two_quick_changes_is_kept(page, store):
    send(page, "Hello")
    reply(page)
    page.click(".sl-settings")
    with (
        page.expect_request_finished(lambda request: '"seed":8' in (request.post_data or "")),
        held(page, "**/settings/*", "PUT"),
    ):
        for seed in ("7", "8"):
            page.fill("#sl-setting-seed", seed)
            page.press("#sl-setting-seed", "Tab")

    [first, last] = page.wait_for_function(PUTS, arg=2).json_value()
    assert last["sent"] >= first["answered"]
    assert store.conversations()[0].settings == {"seed": 8}


def test_a_new_conversation_begins_with_the_defaults_again(page, store):
    page.click(".sl-settings")
    page.fill("#sl-setting-seed", "7")
    page.press("#sl-setting-seed", "Tab")
    leave_settings(page)
    send(page, "Hello")
    reply(page)
    begin(page)
    send(page, "And now?")
    reply(page)

    seeds = [store.turns(each.id)[0].params["seed"] for each in store.conversations()]
    assert sorted(seeds) == [0, 7]


def test_words_that_name_a_job_choose_it(page, store, receipt):
    attach(page, ("receipt.png", receipt))
    send(page, "Compare this with nothing, and write HTML for this screenshot")
    reply(page)

    [conversation] = store.conversations()
    assert store.turns(conversation.id)[0].job == "html"


# Enter while a picture is on its way: the prompt waits for it, and never goes without it


@pytest.fixture
def pdf():
    """A document of three pages."""
    first, *others = (Image.new("RGB", (width, 90), "white") for width in (60, 70, 80))
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


def enter_while_coming(page, *files):
    """Choose files, and press Enter before the first of them is there."""
    chosen = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    with held(page, "**/uploads", "POST") as let_go:
        page.set_input_files("#composer input[type=file]", chosen)
        page.fill("#composer textarea", "What does it say?")
        page.press("#composer textarea", "Enter")
        let_go()


def widths(engine):
    return [image.width for image in engine.prompts[0].messages[-1].images]


def test_a_prompt_is_sent_as_soon_as_its_picture_is_there(page, engine, red):
    enter_while_coming(page, ("red.png", red))

    reply(page)
    assert widths(engine) == [40]


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nbroken"], ids=["empty", "broken"])
def test_a_prompt_stays_where_its_picture_is_refused_and_says_why(page, engine, red, data):
    enter_while_coming(page, ("red.png", red), ("bad.png", data))

    expect(page.locator(".sl-problem")).to_contain_text("bad.png")
    expect(page.locator("#composer .thumbnail-item")).to_have_count(1)
    expect(page.locator("#composer textarea")).to_have_value("What does it say?")
    page.press("#composer textarea", "Enter")  # without it, if that is what the user wants
    reply(page)
    assert len(engine.prompts) == 1


def test_a_prompt_goes_with_the_pages_that_are_chosen(page, engine, pdf):
    enter_while_coming(page, ("three.pdf", pdf))
    page.uncheck(".sl-pages label >> nth=1 >> input")

    page.click(".sl-dialog .sl-primary")

    reply(page)
    assert len(widths(engine)) == 2


def test_a_prompt_stays_where_no_page_is_chosen(page, engine, pdf):
    enter_while_coming(page, ("three.pdf", pdf))

    page.wait_for_selector(".sl-pages")
    page.keyboard.press("Escape")

    expect(page.locator(".sl-uploading")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_have_value("What does it say?")
    page.press("#composer textarea", "Enter")
    reply(page)
    assert len(engine.prompts) == 1
