"""The page: what stands where, and which handler answers which event."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import gradio as gr

from app.budget import DETAILS
from app.page.clear_handlers import ClearHandlers
from app.page.components import (
    actions_widget,
    clear_widget,
    composer_widget,
    gauge_widget,
    header_widget,
    sidebar_widget,
    tray_widget,
    welcome_widget,
)
from app.page.composer import writable
from app.page.handlers import Handlers
from app.page.history_handlers import HistoryHandlers
from app.page.i18n import Words
from app.page.panels import header, sidebar, tray, welcome
from app.page.prompt_handlers import PromptHandlers
from app.page.tabs import Tabs
from app.page.view import View

# Both chats look the same; only one of them is rewritten while a reply grows (ui-facts.md).
_CHAT: dict[str, Any] = {
    "show_label": False,
    "container": False,
    "buttons": ["copy"],
    "height": None,
    "autoscroll": False,
    "allow_file_downloads": False,
    "group_consecutive_messages": False,
    "allow_tags": False,
    "layout": "bubble",
}
FOLLOWED = ("live", "awaits", "ended")  # the outputs of a reply under way


def build(
    handlers: Handlers,
    prompts: PromptHandlers,
    clearing: ClearHandlers,
    kept: HistoryHandlers,
    tabs: Tabs,
) -> gr.Blocks:
    """Return the page. It is mounted, with its style and scripts, by ``app.serve``."""
    words = Words("en")  # until ``load`` knows the browser's language
    condition = handlers.condition()
    page: gr.Blocks
    with gr.Blocks(title="Second Look", analytics_enabled=False, fill_width=True) as page:
        # The page itself knows what it shows, and says it with each event: Gradio forgets a state
        # of a tab that was asleep, or after a hundred other tabs.
        conversation_id = gr.Textbox(visible=False)
        detail = gr.Radio(list(DETAILS), value="auto", visible=False)
        awaits = gr.State(None)
        ended = gr.State(None)
        timer = gr.Timer(0.4, active=False)
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="sidebar", scale=0):
                side = sidebar_widget(sidebar([], words))
                gauge_widget(elem_id="gauge")
            with gr.Column(elem_id="main"):
                with gr.Row(elem_id="top"):
                    head = header_widget(header(condition, None, words), elem_id="header")
                    clear = clear_widget(clearing.button(words), elem_id="clear")
                with gr.Column(elem_id="scroll"):
                    hello = welcome_widget(welcome(condition, words), elem_id="welcome")
                    hist = gr.Chatbot(elem_id="hist", visible=False, **_CHAT)
                    live = gr.Chatbot(elem_id="live", visible=False, **_CHAT)
                above = tray_widget(tray("auto", words), elem_id="tray")
                # Before ``load`` it is not known whether the engine is.
                unknown = writable(words, "loading") | {"placeholder": ""}
                composer = composer_widget(unknown, elem_id="composer")
                hint = gr.HTML(words("hint"), elem_id="hint")
                acts = actions_widget(elem_id="acts")
        outputs = {
            "conversation_id": conversation_id,
            "awaits": awaits,
            "ended": ended,
            "header": head,
            "sidebar": side,
            "welcome": hello,
            "hist": hist,
            "live": live,
            "composer": composer,
            "timer": timer,
            "hint": hint,
            "detail": detail,
            "tray": above,
            "clear": clear,
            "acts": acts,
        }
        _wire(page, handlers, prompts, clearing, kept, tabs, outputs)
    return page


def _wire(
    page: gr.Blocks,
    handlers: Handlers,
    prompts: PromptHandlers,
    clearing: ClearHandlers,
    kept: HistoryHandlers,
    tabs: Tabs,
    parts: dict[str, Any],
) -> None:
    """Bind events to handlers; ``parts`` are the page's outputs by their names in ``View``."""
    composer, header_, sidebar_, tray_, acts = (
        parts[name] for name in ("composer", "header", "sidebar", "tray", "acts")
    )
    open_, detail, answer = parts["conversation_id"], parts["detail"], tabs.answer
    # Gradio's own queue guards nothing here (ui-facts.md, decision 2): the assistant has one
    # worker, so any number of handlers may run at once. Only what streams goes through it:
    # when the last event of its stream ends as a new one begins, the browser may close the
    # stream on the new one, which then never ends (6.31: close_stream is sent before the join
    # is seen, and arrives after its answer).
    quiet: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "queue": False,
    }
    options = quiet | {"outputs": [parts[field.name] for field in fields(View)]}
    # What the user asks last is done, whatever is still under way.
    always: dict[str, Any] = options | {"trigger_mode": "multiple"}
    latest: dict[str, Any] = options | {"trigger_mode": "always_last"}
    # Of these alone: what a step leaves as it is, Gradio 6.31 builds anew all the same
    # (Blocks.postprocess_data), which took most of the time of a reply.
    follow: dict[str, Any] = always | {
        "fn": _streamed(prompts.follow, FOLLOWED),
        "inputs": [open_, parts["awaits"]],
        "outputs": [parts[name] for name in FOLLOWED],
        "queue": True,
        "concurrency_limit": None,
    }
    submitted = composer.submit(answer(prompts.send), detail, **always)
    # Without an answer nobody knows whether it was taken.
    submitted.failure(fn=None, js="() => window.secondLook.composer.unanswered()")
    shows = (
        page.load(answer(_with_clear(handlers.load, clearing), leads=True), **options),
        sidebar_.select(answer(handlers.open, leads=True), **always),
        sidebar_.click(answer(handlers.new, leads=True), **always),
        parts["welcome"].select(answer(prompts.send_example), **options),
        submitted,
        tray_.click(answer(prompts.resume), open_, **options),
        acts.select(answer(kept.act), [open_, detail], **always),
        acts.click(answer(kept.refresh, asked=False), open_, **options),
        tray_.edit(answer(kept.undo), open_, **options),
        sidebar_.edit(answer(kept.manage), open_, **always),
        header_.select(answer(handlers.switch), open_, **options),
        header_.edit(answer(kept.manage), open_, **options),
    )
    follows = [show.then(**follow) for show in shows]
    # Also after a cancelled one, which leaves nothing in ``ended``.
    for each in follows:
        each.then(answer(prompts.show_ended), [open_, parts["ended"], detail], **options)
    # Said before another conversation is opened: of this one's reply nothing may come after that.
    sidebar_.blur(fn=None, cancels=follows)
    sidebar_.input(answer(kept.search), **latest)
    sidebar_.upload(answer(kept.imported), open_, **options)
    composer.stop(prompts.stop, open_, queue=False, api_visibility="private")
    composer.input(clearing.hold, None, None, trigger_mode="always_last", **quiet)
    composer.input(answer(prompts.weigh), detail, **latest)
    composer.upload(answer(prompts.refused), **latest)
    tray_.select(answer(prompts.choose_detail), **always)
    ticked = parts["timer"].tick(answer(handlers.tick), open_, **options)
    # Then the engine may have become ready.
    ticked.then(clearing.draw, None, parts["clear"], **quiet)
    _wire_clear(parts["clear"], open_, clearing, tabs, options, quiet)
    for left in (clearing.leave, tabs.leave):
        page.unload(left)


def _wire_clear(
    widget: gr.HTML,
    open_: gr.Textbox,
    clearing: ClearHandlers,
    tabs: Tabs,
    options: dict[str, Any],
    quiet: dict[str, Any],
) -> None:
    for event in (
        widget.select(tabs.answer(clearing.clear), open_, **options),
        widget.click(tabs.answer(clearing.toggle_model), open_, **options),
    ):
        event.then(clearing.receipt, None, widget, **quiet).then(
            tabs.answer(clearing.condition), open_, **options
        )


def _with_clear(
    handler: Callable[[gr.Request], View], clearing: ClearHandlers
) -> Callable[[gr.Request], View]:
    """Draw the clear button, too: of two answers the later would leave it in another language."""

    @wraps(handler)
    def view(request: gr.Request) -> View:
        return handler(request).with_(clear=clearing.draw(request))

    return view


def _streamed(
    handler: Callable[..., AsyncIterator[View]], names: Sequence[str]
) -> Callable[..., AsyncIterator[list[Any]]]:
    @wraps(handler)
    async def outputs(*args: Any) -> AsyncIterator[list[Any]]:  # whatever Gradio passes
        async for view in handler(*args):
            yield view.outputs(names)

    return outputs
