"""What a handler changes on the page, by name."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import gradio as gr

UNCHANGED: Any = object()  # stands for an output that stays as it is; None is a value


@dataclass(frozen=True, slots=True)
class View:
    """New values or updates of the page's outputs; what is not named stays as it is.

    The order of the fields is the order of the outputs.
    """

    conversation_id: Any = UNCHANGED  # of the tab; None where the welcome is shown
    awaits: Any = UNCHANGED  # of the tab: a reply of this conversation is still to be shown
    header: Any = UNCHANGED
    sidebar: Any = UNCHANGED
    welcome: Any = UNCHANGED
    hist: Any = UNCHANGED
    live: Any = UNCHANGED
    composer: Any = UNCHANGED
    timer: Any = UNCHANGED
    hint: Any = UNCHANGED
    detail: Any = UNCHANGED  # of the tab: how much of a picture the model sees
    tray: Any = UNCHANGED
    editing: Any = UNCHANGED  # of the tab: the turn that the next prompt takes the place of

    def with_(self, **changes: Any) -> Self:  # outputs by name
        """Return a copy in which ``changes`` are made too."""
        return replace(self, **changes)

    def outputs(self) -> list[Any]:  # values or updates
        """Return the outputs in the order that ``layout`` wires them."""
        values = [getattr(self, field.name) for field in fields(self)]
        return [gr.skip() if value is UNCHANGED else value for value in values]
