"""What comes late to a tab draws over nothing that was shown since."""

import asyncio

import gradio as gr
import pytest

from app.page.tabs import Tabs
from app.page.view import View

COMPOSER = {"answered": {"number": 1, "taken": True, "conversation": "a"}, "busy": True}
SENT = View(conversation_id="a", header={}, sidebar={"of": "a"}, composer=COMPOSER)


class Request(gr.Request):
    def __init__(self, tab):
        super().__init__()
        self.session_hash = tab


@pytest.fixture
def tabs():
    return Tabs()


def given(outputs):
    """Return what is drawn, by name."""
    by_name = zip(View.__dataclass_fields__, outputs, strict=True)
    return {name: value for name, value in by_name if value != gr.skip()}


def answered(tabs, view, meanwhile=lambda: None, **options):
    """Return what a tab is answered; ``meanwhile`` is what happens while it is made."""

    async def handler(_):
        meanwhile()
        return view

    return given(asyncio.run(tabs.answer(handler, **options)(Request("tab"))))


def test_an_answer_is_drawn_whole_where_nothing_was_opened_since(tabs):
    assert answered(tabs, SENT) == {
        "conversation_id": "a", "header": {}, "sidebar": {"of": "a"}, "composer": COMPOSER
    }  # fmt: skip


def test_of_a_late_answer_the_list_and_the_draft_s_fate_are_left(tabs):
    tabs.begin("tab")

    late = answered(tabs, SENT, lambda: tabs.begin("tab"))

    assert late == {
        "sidebar": {"of": "a"},
        "composer": {"answered": {"number": 1, "taken": True, "conversation": ""}},
    }


def test_of_a_late_answer_that_no_one_asked_for_nothing_is_left(tabs):
    late = answered(tabs, SENT, lambda: tabs.begin("tab"), asked=False)

    assert late == {}


def test_what_another_tab_opens_makes_nothing_late(tabs):
    shown = answered(tabs, SENT, lambda: tabs.begin("other"))

    assert shown["conversation_id"] == "a"


def test_what_is_opened_is_shown_though_a_prompt_sent_before_is_taken_meanwhile(tabs):
    async def both():
        opening = asyncio.Event()

        async def send(_):
            await opening.wait()
            return SENT

        async def open_(_):
            opening.set()
            await sending
            return View(conversation_id="b")

        sending = asyncio.create_task(tabs.answer(send)(Request("tab")))
        await asyncio.sleep(0)
        opened = await tabs.answer(open_, leads=True)(Request("tab"))
        return given(await sending), given(opened)

    sent, opened = asyncio.run(both())

    assert "conversation_id" not in sent
    assert opened == {"conversation_id": "b"}


def test_a_problem_is_said_though_it_comes_late(tabs):
    tray = {"problem": ["A full disk.", "Make room."], "said": None}

    late = answered(tabs, View(tray=tray), lambda: tabs.begin("tab"))

    assert late == {"tray": tray}
