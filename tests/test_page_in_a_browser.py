"""The page as a user meets it, in a real Chromium, with a scripted engine."""

import re
import threading

import pytest
from playwright.sync_api import expect

from tests.browser import (
    HELD_S,
    MARKS,
    WAIT_MS,
    attach,
    begin,
    chromium,
    offer,
    opened,
    reply,
    send,
    served,
)
from tests.test_app_assistant import Resuming
from vision.beside import WithReader
from vision.engine import Progress
from vision.errors import EngineFailed, EngineUnavailable
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = MARKS


class OutOfMemory(EngineFailed):
    text = "The reply needs {needed_mib} MiB <b>more</b>."
    way_out = "Send a smaller picture."


class Gate:
    """Holds a reply at its third piece until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self._pieces = 0

    def __call__(self) -> None:
        self._pieces += 1
        if self._pieces == 3:
            assert self.open.wait(HELD_S)


def under_way(page):
    """Return the run whose reply the page shows, once its first pieces are seen."""
    shown = page.wait_for_function(
        """() => document.querySelector('#live')?.innerText.includes('The quic')
            && new URL(location).searchParams.get('c')"""
    )
    return page.assistant.run(shown.json_value())


def read_from_the_top(page):
    """Scroll up, and wait until the page knows: it follows what grows until then."""
    page.wait_for_function(
        """() => { document.getElementById('scroll').scrollTop = 0;
                   return !window.secondLook.atEnd(); }"""
    )


def handed(page, picture):
    """Return a picture as a browser hands over what is dropped or pasted."""
    return page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], 'red.png', {type: 'image/png'}));
            return transfer;
        }""",
        list(picture),
    )


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def page_for(assistant_with, browser, tmp_path):
    """Return a function that opens the page of an engine; no error may be left on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        stack, pages = [], []

        def start(engine, loaded=True, **options):
            assistant = assistant_with(engine, loaded=loaded)
            serving = served(assistant, tmp_path)
            stack.append(serving)
            page = opened(browser, serving.__enter__(), ready=loaded, **options)
            page.assistant = assistant
            pages.append(page)
            return page

        yield start
        errors = [error for page in pages for error in page.errors]
        for page in pages:
            page.context.close()
        for serving in stack:
            serving.__exit__(None, None, None)
        assert errors == []


def test_a_reply_is_shown_with_the_engine_that_gave_it(page_for):
    page = page_for(FakeEngine(["It is **red**."]))

    send(page, "Which colour?")

    assert "It is red." in reply(page)
    expect(page.locator("#hist .sl-footer")).to_have_text(re.compile("^Fake engine · "))


def test_several_pictures_are_sent_with_a_question(page_for, red, receipt):
    engine = FakeEngine(["Two pictures."])
    page = page_for(engine)

    attach(page, ("red.png", red), ("receipt.png", receipt))
    send(page, "What are these?")

    assert "Two pictures." in reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 2
    expect(page.locator("#hist .sl-picture img")).to_have_count(2)


def test_pictures_of_a_turn_are_really_drawn(page_for, red):
    page = page_for(FakeEngine(["Red."]))
    attach(page, ("red.png", red))
    send(page, "Colour?")
    reply(page)

    page.wait_for_function("document.querySelector('#hist .sl-picture img')?.naturalWidth > 0")
    page.click("#hist .sl-picture")

    page.wait_for_function("document.querySelector('.sl-lightbox img')?.naturalWidth === 40")


def test_a_picture_can_be_dropped_on_the_composer(page_for, red):
    engine = FakeEngine(["Red."])
    page = page_for(engine)

    page.dispatch_event("#composer .full-container", "drop", {"dataTransfer": handed(page, red)})
    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "Colour?")

    reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_a_picture_can_be_pasted(page_for, red):
    engine = FakeEngine(["Red."])
    page = page_for(engine)

    page.evaluate(
        """transfer => {
            const paste = new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true});
            document.querySelector('#composer textarea').dispatchEvent(paste);
        }""",
        handed(page, red),
    )
    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "Colour?")

    reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_a_reply_is_seen_while_it_grows(page_for):
    gate = Gate()
    page = page_for(FakeEngine(["The quick brown fox jumps."], pace=gate))

    send(page, "Go on")
    under_way(page)
    gate.open.set()

    assert "The quick brown fox jumps." in reply(page)


def test_stop_keeps_what_there_is(page_for):
    gate = Gate()
    page = page_for(FakeEngine(["The quick brown fox jumps."], pace=gate))
    send(page, "Go on")
    run = under_way(page)

    page.click("#composer .stop-button")
    assert run.cancel.wait(WAIT_MS / 1e3)
    gate.open.set()

    text = reply(page)
    assert "Stopped. What there was is kept." in text
    assert "jumps" not in text


def test_escape_stops_too(page_for):
    gate = Gate()
    page = page_for(FakeEngine(["The quick brown fox jumps."], pace=gate))
    send(page, "Go on")
    run = under_way(page)

    page.keyboard.press("Escape")
    assert run.cancel.wait(WAIT_MS / 1e3)
    gate.open.set()

    assert "Stopped." in reply(page)


def test_a_refresh_comes_back_to_the_reply_under_way(page_for):
    gate = Gate()
    page = page_for(FakeEngine(["The quick brown fox jumps."], pace=gate))
    send(page, "Go on")
    under_way(page)

    page.reload()
    under_way(page)
    gate.open.set()

    assert "The quick brown fox jumps." in reply(page)


def test_a_past_conversation_opens_with_its_pictures_and_goes_on(page_for, red):
    engine = FakeEngine(["Red.", "Another.", "Still red."])
    page = page_for(engine)
    attach(page, ("red.png", red))
    send(page, "First question")
    reply(page)
    begin(page)
    send(page, "Second question")
    reply(page)

    page.click(".sl-item >> text=First question")
    page.wait_for_selector("#hist .sl-picture img")
    send(page, "Sure?")

    assert "Still red." in reply(page, 2)
    assert [len(m.images) for m in engine.prompts[2].messages] == [1, 0, 0]


def test_an_empty_message_does_nothing(page_for):
    engine = FakeEngine(["Hello."])
    page = page_for(engine)

    page.press("#composer textarea", "Enter")
    send(page, "   ")
    send(page, "Hello")

    assert "Hello." in reply(page)
    assert len(engine.prompts) == 1


def test_a_question_that_names_a_file_is_answered(page_for):
    page = page_for(FakeEngine(["A file format."]))

    send(page, "What is photo.png?")

    assert "A file format." in reply(page)


def test_a_refused_picture_is_said_and_the_question_stays(page_for):
    page = page_for(FakeEngine())
    page.fill("#composer textarea", "What is this?")

    offer(page, ("broken.png", b"\x89PNG\r\n\x1a\nnot much of a picture"))

    page.wait_for_selector("#tray .sl-problem >> text=it is damaged or was cut off")
    expect(page.locator("#composer textarea")).to_have_value("What is this?")


def test_of_several_refused_files_each_is_named(page_for, red):
    page = page_for(FakeEngine())

    offer(page, ("a.png", b"no picture"), ("red.png", red), ("b.png", b"no picture"))

    page.wait_for_selector("#tray .sl-problem >> text=a.png, b.png: This is a file of the kind")
    page.wait_for_selector("#composer .thumbnail-item")


def test_a_failed_turn_says_why_and_what_to_do(page_for):
    page = page_for(FakeEngine([OutOfMemory(needed_mib=900)]))

    send(page, "Hello")

    text = reply(page)
    assert "The reply needs 900 MiB <b>more</b>." in text
    assert "Send a smaller picture." in text


def test_markup_and_script_in_a_prompt_stay_text(page_for):
    hostile = "<img src=x onerror=window.hit=1> ${window.hit=1} [a](javascript:window.hit=1)"
    page = page_for(FakeEngine([hostile]))

    send(page, hostile)

    reply(page)
    expect(page.locator("#hist .sl-typed")).to_have_text(hostile)
    [conversation] = page.assistant.store.conversations()
    assert conversation.title.startswith("<img src=x onerror=")
    for title in (".sl-item-title", "#header h1"):
        expect(page.locator(title)).to_have_text(conversation.title)
    assert page.evaluate("window.hit") is None


def test_a_card_sends_its_example(page_for):
    engine = FakeEngine(["Two rooms."])
    page = page_for(WithReader(engine, Decoder()))

    page.click(".sl-card[data-job=compare]")

    assert "Two rooms." in reply(page)
    assert engine.prompts[0].job == "compare"
    assert len(engine.prompts[0].messages[-1].images) == 2


def test_the_page_speaks_the_browsers_language(page_for):
    page = page_for(FakeEngine(["你好。"]), locale="zh-CN")

    page.wait_for_selector("text=想再看一眼什么？")
    send(page, "你好")

    assert "你好。" in reply(page)
    expect(page.locator("#hist .sl-footer")).to_have_text(re.compile("^模拟引擎 · "))


def test_the_language_can_be_chosen(page_for):
    page = page_for(FakeEngine())

    page.click(".sl-language")

    page.wait_for_selector("text=想再看一眼什么？")
    page.wait_for_function("document.documentElement.lang === 'zh'")


def test_the_theme_can_be_chosen_and_is_remembered(page_for):
    page = page_for(FakeEngine())

    page.click(".sl-theme")
    page.click(".sl-popup >> text=Dark")
    page.reload()

    page.wait_for_selector("body.dark .sl-card")


def test_the_theme_is_the_systems_until_one_is_chosen_and_again_after(page_for):
    page = page_for(FakeEngine(), color_scheme="dark")
    page.wait_for_selector("body.dark")
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("body:not(.dark)")

    page.click(".sl-theme")
    page.click(".sl-popup >> text=Dark")
    page.wait_for_selector("body.dark")
    page.click(".sl-theme")
    page.wait_for_selector(".sl-popup [aria-current] >> text=Dark")
    page.click(".sl-popup >> text=As the system")

    page.wait_for_selector("body:not(.dark)")


def test_a_key_begins_a_new_conversation(page_for):
    page = page_for(FakeEngine(["Hello."]))
    send(page, "Hello")
    reply(page)

    page.keyboard.press("Control+Shift+O")

    page.wait_for_selector(".sl-welcome")
    page.wait_for_function("!location.search.includes('c=')")


def test_the_list_opens_on_a_small_screen(page_for):
    page = page_for(FakeEngine(["Hello."]), viewport={"width": 390, "height": 844})
    send(page, "Hello")
    reply(page)

    page.click(".sl-menu")
    page.click(".sl-new")

    page.wait_for_selector(".sl-welcome")
    page.wait_for_function("document.documentElement.scrollWidth === 390")


class Slow(FakeEngine):
    """Reports half of its weights, and is loaded when it is let go."""

    def __init__(self):
        super().__init__(["Hello."])
        self.go = threading.Event()

    def load(self, report):
        report(Progress("weights", 1, 2, "bytes"))
        assert self.go.wait(HELD_S)
        super().load(report)


def test_while_the_engine_loads_the_page_says_so_and_the_composer_waits(page_for):
    engine = Slow()
    page = page_for(engine, loaded=False)

    page.wait_for_selector("[data-mode=loading] >> text=Loading the model")
    expect(page.locator("#composer textarea")).to_be_disabled()
    engine.go.set()
    page.wait_for_selector("#composer textarea:not([disabled])")
    send(page, "Hello")

    assert "Hello." in reply(page)


class Refusing(FakeEngine):
    def load(self, report):
        raise NoWeights


class NoWeights(EngineUnavailable):
    text = "The weights are not here."
    way_out = "Fetch them."


def test_where_no_engine_can_be_loaded_the_page_says_why(page_for):
    page = page_for(Refusing(), loaded=False)

    page.wait_for_selector("[data-mode=failed] >> text=The weights are not here.")

    expect(page.locator("#composer textarea")).to_be_disabled()


def test_a_reply_that_was_cut_off_can_be_gone_on_with(page_for):
    page = page_for(Resuming())
    send(page, "Count")
    assert "Cut off at the token limit." in reply(page)

    page.click(".sl-resume")

    page.wait_for_function("document.querySelector('#hist')?.innerText.includes('three four')")
    assert "one two three four" in reply(page)


def test_the_cost_of_a_draft_is_said_while_it_is_written(page_for, red):
    page = page_for(FakeEngine())
    attach(page, ("red.png", red))

    page.fill("#composer textarea", "What is the colour of this?")

    page.wait_for_selector("text=7 tokens, 4,089 left")


def test_the_detail_of_pictures_can_be_chosen(page_for, red):
    engine = FakeEngine(["Red."])
    page = page_for(engine)
    attach(page, ("red.png", red))

    page.click("[data-detail=max]")
    page.wait_for_selector("[data-detail=max][aria-pressed=true]")
    send(page, "Colour?")

    reply(page)
    assert engine.prompts[0].messages[0].images[0].max_pixels == 4_014_080


def test_sending_shows_the_reply_wherever_the_page_was_scrolled_to(page_for):
    page = page_for(FakeEngine(["A long reply.\n\n" * 40]))
    send(page, "One")
    reply(page)
    read_from_the_top(page)

    send(page, "Two")
    reply(page, 2)

    page.wait_for_function(
        """() => { const box = document.getElementById('scroll');
                   return box.scrollHeight - box.scrollTop - box.clientHeight < 80; }"""
    )


def test_the_page_stays_where_one_reads_while_a_reply_grows(page_for):
    gate = Gate()
    page = page_for(FakeEngine(["x\n\n" * 200], pace=gate, piece=40))
    send(page, "Go on")
    page.wait_for_function("document.querySelector('#live')?.innerText.includes('x')")
    page.wait_for_function("document.getElementById('scroll').scrollTop > 0")

    read_from_the_top(page)
    gate.open.set()
    reply(page)

    page.evaluate(
        "() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told)))"
    )
    assert page.evaluate("document.getElementById('scroll').scrollTop") == 0


def test_a_picture_can_be_dropped_anywhere(page_for, red):
    page = page_for(FakeEngine())

    page.dispatch_event(".sl-welcome", "drop", {"dataTransfer": handed(page, red)})

    page.wait_for_selector("#composer .thumbnail-item")


def test_a_refusal_leaves_the_good_pictures_to_be_sent(page_for, red):
    engine = FakeEngine(["Red."])
    page = page_for(engine)
    offer(page, ("red.png", red), ("empty.png", b"\x89PNG\r\n\x1a\n"))
    page.wait_for_selector("#tray .sl-problem")
    page.wait_for_selector("#composer .thumbnail-item")

    send(page, "Colours?")

    assert "Red." in reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_a_picture_is_taken_out_of_a_draft(page_for, red, receipt):
    engine = FakeEngine(["One."])
    page = page_for(engine)
    attach(page, ("red.png", red), ("receipt.png", receipt))

    page.click("#composer .thumbnail-item >> nth=1 >> button")
    page.wait_for_function("document.querySelectorAll('#composer .thumbnail-item').length === 1")
    send(page, "Colour?")

    reply(page)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_back_goes_to_the_conversation_before(page_for):
    page = page_for(FakeEngine(["One.", "Two."]))
    send(page, "First question")
    reply(page)
    begin(page)
    send(page, "Second question")
    reply(page)

    page.evaluate("history.back()")
    page.wait_for_selector(".sl-card")
    page.wait_for_selector("#composer textarea:not([disabled])")
    page.evaluate("history.back()")

    page.wait_for_selector("#hist .sl-typed >> text=First question")


def test_the_other_language_keeps_what_was_typed(page_for):
    page = page_for(FakeEngine())
    page.fill("#composer textarea", "a draft")

    page.click(".sl-language")

    page.wait_for_selector("text=想再看一眼什么？")
    page.wait_for_function("document.querySelector('#composer textarea')?.value === 'a draft'")


def test_one_can_write_at_once(page_for):
    page = page_for(FakeEngine(["Hello."]))

    page.wait_for_function("document.activeElement.matches('#composer textarea')")
