"""The clear button and the gauge as a user meets them, in a real Chromium."""

import re
import threading

import pytest
from playwright.sync_api import expect

from app.memory import Gauge
from app.tmp_folder import TmpFolder
from tests.browser import HELD_S, MARKS, WAIT_MS, attach, opened, reply, send, served
from tests.test_page_in_a_browser import Gate, browser  # noqa: F401  a fixture
from vision.engine import Released
from vision.fake import FakeEngine

pytestmark = MARKS

RECEIPT = ".sl-receipt:not([hidden]):has(dl):not(:has(.sl-waiting))"
MIB = 1 << 20


class Holding(FakeEngine):
    """Holds 2 MiB a conversation that it replied to, and notes what it is asked to release."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.kv = {}
        self.asked = []

    def status(self):
        held = super().status()
        memory = {"kv": sum(self.kv.values())}
        return type(held)(held.engine, held.state, held.model, memory=memory)

    def stream(self, prompt, params, cancel):
        self.kv[prompt.conversation] = 2 * MIB
        yield from super().stream(prompt, params, cancel)

    def release(self, level, conversation=None):
        self.asked.append(level)
        before = self.status().memory
        if level == "light":
            self.kv.pop(conversation, None)
        else:
            self.kv.clear()
        return Released(level, before, self.status().memory, 0.001)


@pytest.fixture
def tabs(assistant_with, browser, tmp_path):  # noqa: F811
    """Return a function that serves an engine and opens that many tabs on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        pages, serving = [], []

        def start(engine, count=1, *, loaded=True, **options):
            serving.append(served(assistant_with(engine, loaded=loaded), tmp_path))
            url = serving[0].__enter__()
            options["ready"] = loaded
            pages.extend(opened(browser, url, **options) for _ in range(count))
            return pages

        yield start
        errors = [error for page in pages for error in page.errors]
        for page in pages:
            page.context.close()
        for each in serving:
            each.__exit__(None, None, None)
        assert errors == []


@pytest.fixture
def page_for(tabs):
    def start(engine, **options):
        return tabs(engine, **options)[0]

    return start


def receipt(page):
    """Return the receipt's text once it is there."""
    page.wait_for_selector(RECEIPT)
    return page.inner_text(RECEIPT)


def talked(page, text="Hello"):
    send(page, text)
    reply(page)


def test_a_click_begins_a_new_conversation_and_shows_what_was_given_back(page_for, store):
    engine = Holding(["Hello."])
    page = page_for(engine)
    talked(page)

    page.click(".sl-clear-main")

    text = receipt(page)
    assert "2.0 MiB given back in" in text
    assert "KV caches" in text
    page.wait_for_selector(".sl-welcome")
    page.wait_for_function("!location.search.includes('c=')")
    assert engine.asked == ["light"]
    assert len(store.conversations()) == 1


@pytest.mark.parametrize("key", ["Control", "Meta"])
def test_a_held_key_changes_the_label_and_the_level(page_for, key):
    engine = Holding(["Hello."])
    page = page_for(engine)
    button = page.locator(".sl-clear-main")
    button.hover()
    expect(button).to_have_text("Clear")

    page.keyboard.down(key)
    expect(button).to_have_text("Clear pictures")
    page.mouse.down()
    page.mouse.up()
    page.keyboard.up(key)

    receipt(page)
    expect(button).to_have_text("Clear")
    assert engine.asked == ["medium"]


def test_the_deepest_level_asks_with_cancel_in_focus(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)

    page.click(".sl-clear-main", modifiers=["Control", "Shift"])
    expect(page.locator(".sl-ask :focus")).to_have_text("Cancel")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sl-ask", state="detached")

    expect(page.locator(".sl-clear-main")).to_be_focused()
    page.keyboard.press("Enter")
    receipt(page)
    assert engine.asked == ["light"]


def test_the_deepest_level_empties_tmp_once_it_is_confirmed(page_for, tmp_path):
    engine = Holding(["Hello."])
    page = page_for(engine)
    (tmp_path / "tmp" / "export.zip").write_bytes(b"e" * 5_000)

    page.click(".sl-clear-main", modifiers=["Control", "Shift"])
    page.click(".sl-ask-go")

    text = receipt(page)
    assert "1 file deleted from ./tmp" in text
    assert "4.9 KiB" in text
    assert engine.asked == ["deep"]
    assert not (tmp_path / "tmp" / "export.zip").exists()


def test_the_server_wants_deep_to_be_confirmed_too(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)
    page.route(
        "**/gradio_api/**",
        lambda route: (
            route.continue_(
                post_data=(route.request.post_data or "").replace(
                    '"confirmed":true', '"confirmed":1'
                )
            )
            if route.request.method == "POST"
            else route.continue_()
        ),
    )

    page.click(".sl-clear-main", modifiers=["Control", "Shift"])
    page.click(".sl-ask-go")

    assert "Nothing was cleared: this was not confirmed." in receipt(page)
    assert engine.asked == []


def test_ctrl_enter_on_the_focused_button_clears(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)

    page.press(".sl-clear-main", "Control+Enter")

    receipt(page)
    assert engine.asked == ["medium"]


def test_ctrl_click_of_macos_clears(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)

    page.evaluate(
        """() => {
            const button = document.querySelector('.sl-clear-main');
            const keys = {ctrlKey: true, button: 0, bubbles: true, cancelable: true};
            button.dispatchEvent(new PointerEvent('pointerdown', keys));
            button.dispatchEvent(new MouseEvent('contextmenu', keys));
        }"""
    )

    receipt(page)
    assert engine.asked == ["medium"]


def test_the_right_button_clears_nothing(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)

    page.click(".sl-clear-main", button="right", modifiers=["Control"])
    page.click(".sl-clear-main")

    receipt(page)
    assert engine.asked == ["light"]


def test_the_menu_works_by_keyboard_and_says_what_is_held(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine)
    talked(page)

    page.press(".sl-clear-more", "ArrowDown")
    page.wait_for_function(
        "document.querySelector('[data-name=medium] .sl-clear-size')?.textContent === '2.0 MiB'"
    )
    for name in ("light", "medium", "deep", "keep", "unload", "light"):
        expect(page.locator(f".sl-clear-menu [data-name={name}]")).to_be_focused()
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    receipt(page)
    assert engine.asked == ["medium"]


def test_escape_closes_the_menu_and_stops_no_reply(page_for):
    gate = Gate()
    page = page_for(Holding(["The quick brown fox jumps."], pace=gate))
    send(page, "Go on")
    page.wait_for_function("document.querySelector('#live')?.innerText.includes('The quic')")

    page.click(".sl-clear-more")
    page.keyboard.press("Escape")
    gate.open.set()

    expect(page.locator(".sl-clear-menu")).to_be_hidden()
    assert "jumps." in reply(page)


def test_the_menu_works_by_touch(page_for):
    engine = Holding(["Hello."])
    page = page_for(engine, viewport={"width": 390, "height": 844}, has_touch=True)

    page.tap(".sl-clear-more")
    page.tap(".sl-clear-menu [data-name=medium]")

    receipt(page)
    assert engine.asked == ["medium"]
    page.wait_for_function("document.documentElement.scrollWidth === 390")


def test_a_clear_during_a_reply_keeps_what_there_is(page_for, store):
    gate = Gate()
    engine = Holding(["The quick brown fox jumps."], pace=gate)
    page = page_for(engine)
    send(page, "Go on")
    page.wait_for_function("document.querySelector('#live')?.innerText.includes('The quic')")

    page.click(".sl-clear-main")
    page.wait_for_selector(".sl-welcome")
    page.wait_for_selector(".sl-waiting")
    gate.open.set()

    receipt(page)
    page.wait_for_selector(".sl-waiting", state="detached")
    [turn] = store.turns(store.conversations()[0].id)
    assert (turn.reply, turn.finish_reason) == ("The quic", "cancelled")
    expect(page.locator(".sl-welcome")).to_be_visible()


def test_one_tabs_clear_leaves_the_other_as_it_is(tabs):
    engine = Holding(["Hello.", "Hi.", "Still here."])
    mine, theirs = tabs(engine, 2)
    talked(mine)
    talked(theirs)

    mine.click(".sl-clear-main")
    receipt(mine)

    assert len(engine.kv) == 1
    assert "Hi." in reply(theirs)
    send(theirs, "And now?")
    assert "Still here." in reply(theirs, 2)


def test_a_picture_attached_in_another_tab_survives_a_deep_clear(tabs, red, monkeypatch):
    held = threading.Event()
    hold = TmpFolder.hold
    monkeypatch.setattr(
        TmpFolder, "hold", lambda *args: (hold(*args), held.set() if args[2] else None)
    )
    engine = Holding(["Red."])
    mine, theirs = tabs(engine, 2)
    attach(theirs, ("red.png", red))
    assert held.wait(WAIT_MS / 1e3)
    attach(mine, ("red.png", red + b"mine"))

    mine.click(".sl-clear-main", modifiers=["Control", "Shift"])
    mine.click(".sl-ask-go")
    receipt(mine)
    send(theirs, "Colour?")

    assert "Red." in reply(theirs)
    assert len(engine.prompts[0].messages[-1].images) == 1


def test_a_picture_that_was_cleared_away_is_named_when_it_is_sent(page_for, red, tmp_path):
    page = page_for(Holding(["Red."]))
    attach(page, ("red.png", red))
    # Of a picture that cannot be shown the composer knows that it is gone.
    page.wait_for_function(
        "document.querySelector('#composer .thumbnail-item img').naturalWidth > 0"
    )
    [path] = (tmp_path / "tmp").glob("run-*/uploads/*/picture")
    path.unlink()

    send(page, "Colour?")

    page.wait_for_selector("text=The picture red.png is no longer here")
    expect(page.locator("#composer textarea")).to_have_value("Colour?")


def test_a_conversation_is_named_and_cleared_from_the_menu(page_for, store):
    page = page_for(Holding(["Hello."]))
    talked(page)

    page.click(".sl-clear-more")
    page.click("[data-name=keep]")
    page.fill(".sl-ask input", "Kept for the taxes")
    page.press(".sl-ask input", "Enter")

    receipt(page)
    assert store.conversations()[0].title == "Kept for the taxes"


def test_the_model_is_unloaded_and_loaded_again_by_a_prompt(page_for):
    page = page_for(Holding(["Hello."]))

    page.click(".sl-clear-more")
    page.click("[data-name=unload]")
    page.wait_for_selector(".sl-engine[data-state=unloaded]")
    talked(page)

    page.wait_for_selector(".sl-engine[data-state=ready]")


def test_the_model_can_be_loaded_from_the_menu(page_for):
    page = page_for(Holding(["Hello."]))
    page.click(".sl-clear-more")
    page.click("[data-name=unload]")
    page.wait_for_selector(".sl-engine[data-state=unloaded]")

    page.click(".sl-clear-more")
    page.click("[data-name=load]")

    page.wait_for_selector(".sl-engine[data-state=ready]")


def test_the_receipt_goes_with_the_next_prompt(page_for):
    page = page_for(Holding(["Hello."]))
    page.click(".sl-clear-main")
    receipt(page)

    talked(page)

    expect(page.locator(".sl-receipt")).to_be_hidden()


def test_the_gauge_says_who_holds_the_memory(page_for):
    page = page_for(Holding(["Hello."]))
    talked(page)

    page.hover(".sl-gauge")

    parts = page.locator(".sl-gauge-parts").first
    expect(parts).to_be_visible()
    expect(parts).to_contain_text("KV caches")
    expect(parts).to_contain_text("Free")
    expect(page.locator(".sl-gauge").first).to_have_attribute(
        "data-alarm", re.compile("^(|yellow|red)$")
    )


def test_a_full_memory_offers_the_one_action_that_helps(page_for, monkeypatch):
    full = Gauge("host", 1000 * MIB, 950 * MIB, {"kv": 700 * MIB, "process": 100 * MIB})
    monkeypatch.setattr("app.memory.gauges", lambda _: (full,))
    engine = Holding(["Hello."])
    page = page_for(engine)

    page.click(".sl-gauge[data-alarm=red] .sl-gauge-advice")

    receipt(page)
    assert engine.asked == ["medium"]


class Slow(Holding):
    """Is loaded when it is let go."""

    def __init__(self):
        super().__init__(["Hello."])
        self.go = threading.Event()

    def load(self, report):
        assert self.go.wait(HELD_S)
        super().load(report)


def test_while_the_engine_loads_the_button_is_grey_and_says_why(page_for):
    engine = Slow()
    page = page_for(engine, loaded=False)

    page.wait_for_selector(".sl-clear-main[aria-disabled=true]")
    expect(page.locator(".sl-clear-main")).to_have_attribute(
        "title", "There is nothing to clear yet: the engine is loading."
    )
    page.click(".sl-clear-main", force=True)
    page.click(".sl-clear-more", force=True)
    engine.go.set()
    page.wait_for_selector(".sl-clear-main[aria-disabled=false]")

    expect(page.locator(".sl-clear-menu")).to_be_hidden()
    assert engine.asked == []


def test_the_button_speaks_chinese(page_for):
    page = page_for(Holding(["你好。"]), locale="zh-CN")

    page.wait_for_function("document.querySelector('.sl-clear-main')?.innerText === '清理'")
    page.click(".sl-clear-main")

    assert "已清理" in receipt(page)
