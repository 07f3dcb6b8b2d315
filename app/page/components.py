"""The page's own widgets: gr.HTML whose look and behaviour are in static/.

Data reaches them as JSON in ``value`` and is drawn with ``textContent``. It never passes through
the template: Gradio pastes that into a JavaScript template literal, where ``${…}`` would run.

They are functions: for a subclass of a component, Gradio 6.31 writes a .pyi file beside its
source at each import (component_meta.create_or_modify_pyi).
"""

from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"


def sidebar_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return the brand, the new-conversation button (``click``) and the list (``select``)."""
    return _widget("sidebar", value, **options)


def header_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return the conversation's title, the engine and why, language and theme."""
    return _widget("header", value, **options)


def welcome_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return what stands where no conversation is open; a card's click is ``select``."""
    return _widget("welcome", value, **options)


def tray_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return what stands above the composer: go on (``click``), detail (``select``), the cost."""
    return _widget("tray", value, **options)


def _widget(script: str, value: dict[str, Any], **options: Any) -> gr.HTML:  # gr.HTML's options
    return gr.HTML(
        value,
        html_template='<div class="sl-root"></div>',
        js_on_load=(STATIC / f"{script}.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        **options,
    )
