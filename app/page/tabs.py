"""Which answers a tab may still draw.

A tab asks many things beside each other, and Gradio draws each answer as it comes, whatever was
opened since. So a tab begins anew here each time that it is led to a conversation; the answer to
what it asked before that draws only what belongs to no conversation (``View.late``).
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from itertools import count
from typing import Any

import gradio as gr
from fastapi.concurrency import run_in_threadpool

from app.page.view import UNCHANGED, View


def tab_of(request: gr.Request) -> str:
    """Return a tab's name. Chosen by the browser, so no identity: it tells tabs apart, no users."""
    return request.session_hash or ""


class Tabs:
    """When each tab was led to a conversation last; safe to use from any thread."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._begun: dict[str, int] = {}  # by tab

    def now(self, tab: str) -> int:
        """Return the number of the tab's last beginning."""
        return self._begun.get(tab, 0)

    def begin(self, tab: str) -> int:
        """Note that a tab is led to a conversation, or to the welcome; return its number."""
        self._begun[tab] = number = next(self._numbers)
        return number

    def leave(self, request: gr.Request) -> None:
        """Forget a tab that was closed."""
        self._begun.pop(tab_of(request), None)

    def answer(
        self, handler: Callable[..., Any], *, leads: bool = False, asked: bool = True
    ) -> Callable[..., Awaitable[list[Any]]]:
        """Return what Gradio calls: ``handler``, which returns a ``View``; the request comes last.

        ``leads`` where the user goes to another conversation: whatever was asked before is late
        from the click on, not from its answer on. What no user ``asked`` for is not drawn at all
        when it is late.
        """
        awaited = inspect.iscoroutinefunction(handler)

        @wraps(handler)
        async def outputs(*args: Any) -> list[Any]:  # whatever Gradio passes
            tab = tab_of(args[-1])
            began = self.begin(tab) if leads else self.now(tab)
            view: View = await (handler(*args) if awaited else run_in_threadpool(handler, *args))
            if self.now(tab) != began:
                return (view.late() if asked else View()).outputs()
            if view.conversation_id is not UNCHANGED:
                self.begin(tab)
            return view.outputs()

        return outputs
