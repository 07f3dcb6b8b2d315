"""The page: what stands where, and which handler answers which event."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import gradio as gr

from app.page.clear_handlers import ClearHandlers, wire_clear
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


def build(handlers: Handlers, clearing: ClearHandlers, kept: HistoryHandlers) -> gr.Blocks:
    """Return the page. It is mounted, with its style and scripts, by ``app.serve``."""
    words = Words("en")  # until ``load`` knows the browser's language
    condition = handlers.condition()
    page: gr.Blocks
    with gr.Blocks(title="Second Look", analytics_enabled=False, fill_width=True) as page:
        conversation_id = gr.State(None)
        awaits = gr.State(None)
        ended = gr.State(None)
        detail = gr.State("auto")
        editing = gr.State(None)
        timer = gr.Timer(0.4, active=False)
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="sidebar", scale=0):
                side = sidebar_widget(sidebar([], None, words))
                gauge_widget(elem_id="gauge")
            with gr.Column(elem_id="main"):
                with gr.Row(elem_id="top"):
                    head = header_widget(header(condition, None, words), elem_id="header")
                    clear = clear_widget(clearing.button(words), elem_id="clear")
                with gr.Column(elem_id="scroll"):
                    hello = welcome_widget(welcome(condition, words))
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
            "editing": editing,
            "clear": clear,
            "acts": acts,
        }
        _wire(page, handlers, outputs, clearing, kept)
    return page


def _wire(
    page: gr.Blocks,
    handlers: Handlers,
    parts: dict[str, Any],
    clearing: ClearHandlers,
    kept: HistoryHandlers,
) -> None:
    """Bind events to handlers; ``parts`` are the page's outputs by their names in ``View``."""
    conversation_id, composer, detail = (
        parts[name] for name in ("conversation_id", "composer", "detail")
    )
    place = [conversation_id, detail]
    # Gradio's own queue guards nothing here (ui-facts.md, decision 2): the assistant has one
    # worker, so any number of handlers may run at once. Only what streams goes through it:
    # when the last event of its stream ends as a new one begins, the browser may close the
    # stream on the new one, which then never ends (6.31: close_stream is sent before the join
    # is seen, and arrives after its answer).
    options: dict[str, Any] = {
        "outputs": [parts[field.name] for field in fields(View)],
        "show_progress": "hidden",
        "api_visibility": "private",
        "queue": False,
    }
    # Of these alone: what a step leaves as it is, Gradio 6.31 builds anew all the same
    # (Blocks.postprocess_data), which took most of the time of a reply.
    follow: dict[str, Any] = options | {
        "fn": _streamed(handlers.follow, FOLLOWED),
        "inputs": parts["awaits"],
        "outputs": [parts[name] for name in FOLLOWED],
        "queue": True,
        "concurrency_limit": None,
    }
    sidebar_, tray_ = parts["sidebar"], parts["tray"]
    shows = (
        page.load(_once(handlers.load), **options),
        sidebar_.select(_once(handlers.open), **options),
        sidebar_.click(_once(handlers.new), **options),
        parts["welcome"].select(_awaited(handlers.send_example), **options),
        composer.submit(_awaited(handlers.send), [*place, parts["editing"]], **options),
        tray_.click(_awaited(handlers.resume), conversation_id, **options),
        parts["acts"].select(_awaited(kept.act), place, **options),
        tray_.edit(_awaited(kept.tray), place, **options),
        sidebar_.edit(_awaited(kept.manage), conversation_id, **options),
        parts["header"].select(_once(handlers.switch), conversation_id, **options),
        parts["header"].edit(_awaited(kept.manage), conversation_id, **options),
    )
    follows = [show.then(**follow) for show in shows]
    # Also after a cancelled one, which leaves nothing in ``ended``.
    for each in follows:
        each.then(
            _awaited(handlers.show_ended), [conversation_id, parts["ended"], detail], **options
        )
    ticked = parts["timer"].tick(_once(handlers.tick), conversation_id, **options)
    left = wire_clear(page, clearing, parts, [shows[0], ticked])
    # Whoever opens another conversation stops following this one; its reply goes on.
    for event in (sidebar_.select, sidebar_.click, *left):
        event(fn=None, cancels=follows)
    sidebar_.input(_once(kept.search), conversation_id, trigger_mode="always_last", **options)
    sidebar_.upload(_once(kept.imported), conversation_id, **options)
    composer.stop(handlers.stop, conversation_id, queue=False, api_visibility="private")
    composer.input(_once(handlers.weigh), place, trigger_mode="always_last", **options)
    composer.upload(_once(handlers.refused), trigger_mode="always_last", **options)
    tray_.select(_once(handlers.choose_detail), conversation_id, **options)


def _once(handler: Callable[..., View]) -> Callable[..., list[Any]]:
    @wraps(handler)
    def outputs(*args: Any) -> list[Any]:  # whatever Gradio passes
        return handler(*args).outputs()

    return outputs


def _awaited(handler: Callable[..., Awaitable[View]]) -> Callable[..., Awaitable[list[Any]]]:
    @wraps(handler)
    async def outputs(*args: Any) -> list[Any]:  # whatever Gradio passes
        return (await handler(*args)).outputs()

    return outputs


def _streamed(
    handler: Callable[..., AsyncIterator[View]], names: Sequence[str]
) -> Callable[..., AsyncIterator[list[Any]]]:
    @wraps(handler)
    async def outputs(*args: Any) -> AsyncIterator[list[Any]]:  # whatever Gradio passes
        async for view in handler(*args):
            yield view.outputs(names)

    return outputs
