"""Gradio's theme, with fonts of the user's own machine: the page loads nothing from outside."""

import gradio as gr

_SANS = (
    "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC",
    "PingFang SC", "Microsoft YaHei", "sans-serif",
)  # fmt: skip
_MONO = (
    "ui-monospace", "SF Mono", "Cascadia Code", "Noto Sans Mono", "DejaVu Sans Mono", "monospace",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Return the theme. What it cannot say is in static/style.css, over the same colours."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.emerald,
        neutral_hue=gr.themes.colors.stone,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#161514",
        block_background_fill="transparent",
        block_border_width="0px",
        block_shadow="none",
    )
