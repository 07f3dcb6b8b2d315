"""What a handler changes on the page, by name."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import gradio as gr

UNCHANGED: Any = object()  # stands for an output that stays as it is; None is a value


@dataclass(frozen=True, slots=True)
class View:
    """New values or updates of the page's outputs; what is not named stays as it is.

    The order of the fields is the order of the outputs.
    """

    conversation_id: Any = UNCHANGED  # that the tab shows; None where the welcome is shown
    awaits: Any = UNCHANGED  # of the tab: the run whose reply is still to be shown; None for none
    ended: Any = UNCHANGED  # of the tab: the run that was followed to its end, until it is shown
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
    clear: Any = UNCHANGED

    def with_(self, **changes: Any) -> Self:  # outputs by name
        """Return a copy in which ``changes`` are made too."""
        return replace(self, **changes)

    def late(self) -> Self:
        """Return what may be drawn of it when the tab shows another conversation by now."""
        answered = {} if self.composer is UNCHANGED else self.composer.get("answered", {})
        says = self.tray is not UNCHANGED and (self.tray["problem"] or self.tray["said"])
        return type(self)(
            sidebar=self.sidebar,
            composer={"answered": answered | {"conversation": ""}} if answered else UNCHANGED,
            detail=self.detail,
            tray=self.tray if says else UNCHANGED,
            clear=self.clear,
        )

    def outputs(self, names: Sequence[str] = ()) -> list[Any]:  # values or updates
        """Return the outputs, or those named, in the order that ``layout`` wires them."""
        values = [getattr(self, name) for name in names or [each.name for each in fields(self)]]
        return [gr.skip() if value is UNCHANGED else value for value in values]
