"""The page's own widgets: gr.HTML subclasses whose look and behaviour are in static/.

Data reaches them as JSON in ``value`` and is drawn with ``textContent``. It never passes through
the template: Gradio pastes that into a JavaScript template literal, where ``${…}`` would run.
"""

from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"

from gradio.events import Dependency

class Widget(gr.HTML):
    """A gr.HTML drawn by ``static/<script>.js``, which calls ``draw(value)`` at each change."""

    script = ""

    def __init__(self, value: dict[str, Any] | None = None, **options: Any) -> None:  # gr.HTML's
        super().__init__(
            value=value,
            html_template='<div class="sl-root"></div>',
            js_on_load=(STATIC / f"{self.script}.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Any) -> Any:
        """Pass JSON through; the base class expects a string of HTML."""
        return value
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class Sidebar(Widget):
    """The brand, the new-conversation button and the list. Events: ``select``, ``click``."""

    script = "sidebar"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class Header(Widget):
    """The conversation's title, the engine and why, language and theme."""

    script = "header"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

class Welcome(Widget):
    """What stands where no conversation is open: loading, a failure, or three cards."""

    script = "welcome"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
