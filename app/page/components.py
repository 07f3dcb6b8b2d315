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
    """Return the brand, the new-conversation button, the search and the list.

    Events: ``click`` new, ``select`` open, ``input`` search, ``edit`` rename and the like,
    ``upload`` an import that is done.
    """
    return _widget("sidebar", value, **options)


def header_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return the conversation's title, the engine and why, language and theme."""
    return _widget("header", value, **options)


def welcome_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return what stands where no conversation is open; a card's click is ``select``."""
    return _widget("welcome", value, **options)


def tray_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return the line above the composer.

    Events: ``click`` go on, ``select`` detail, ``edit`` undo and the like.
    """
    return _widget("tray", value, **options)


def composer_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return where one writes.

    Events, each with the draft: ``submit``, ``input``; ``upload`` a picture that was refused;
    ``stop``.
    """
    return _widget("composer", value, **options)


def actions_widget(**options: Any) -> gr.HTML:
    """Return the hidden widget of what is clicked at a turn: ``select``; ``click`` is a refresh."""
    return _widget("actions", {}, **options)


def clear_widget(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Return the clear button: a level is ``select``, unload or load the model is ``click``."""
    return _widget("clear", value, **options)


def gauge_widget(**options: Any) -> gr.HTML:
    """Return the memory gauge, which asks for its figures itself."""
    return _widget("gauge", {}, **options)


def _widget(script: str, value: dict[str, Any], **options: Any) -> gr.HTML:  # gr.HTML's options
    return gr.HTML(
        value,
        html_template='<div class="sl-root"></div>',
        js_on_load=(STATIC / f"{script}.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        **options,
    )
