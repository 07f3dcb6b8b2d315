"""Conversations as one page that needs nothing else: everything escaped, pictures inside. Pure."""

import html
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator

from history.corrections import changes
from history.selection import Part
from history.turn import ImageRef, Turn

# What a browser shows in an img; SVG is none of them, so nothing in it can run.
_TYPES = {"png": "png", "jpg": "jpeg", "webp": "webp", "gif": "gif", "bmp": "bmp", "avif": "avif"}

_START = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; \
base-uri 'none'">
<meta name="viewport" content="width=device-width">
<title>Second Look</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 3rem }
article { border-top: 1px solid #8884; padding: 1rem 0 }
header, .error { color: #888; font-size: .875rem }
.prompt, .reply { white-space: pre-wrap; overflow-wrap: anywhere }
.prompt { background: #8882; border-radius: .5rem; padding: .5rem .75rem }
img { max-width: 100%; max-height: 24rem; display: block; margin: .5rem 0 }
</style>
</head>
<body>
"""


def html_of(parts: Iterable[Part], picture: Callable[[ImageRef], bytes | None]) -> Iterator[str]:
    """Yield the page piece by piece; ``picture`` gives a picture's bytes where they are there."""
    yield _START
    for part in parts:
        yield f"<h2>{_text(part.conversation.title or part.conversation.id)}</h2>\n"
        for turn in part.shown:
            yield from _turn(turn, picture)
    yield "</body>\n</html>\n"


def _turn(turn: Turn, picture: Callable[[ImageRef], bytes | None]) -> Iterator[str]:
    facts = [turn.timestamp, turn.engine, turn.model, turn.finish_reason or "open"]
    yield f"<article>\n<header>{_text(' · '.join(fact for fact in facts if fact))}</header>\n"
    for image in turn.images:
        yield _image(image, picture(image))
    yield f'<div class="prompt" dir="auto">{_text(turn.prompt)}</div>\n'
    yield f'<div class="reply" dir="auto">{_text(turn.reply)}</div>\n'
    if turn.corrections:
        rows = "".join(f"<li>{_text(change)}</li>" for change in changes(turn))
        yield f'<ul class="corrected" dir="auto">{rows}</ul>\n'
    if "text" in turn.error:
        yield f'<p class="error">{_text(str(turn.error["text"]))}</p>\n'
    yield "</article>\n"


def _image(image: ImageRef, content: bytes | None) -> str:
    name = _text(image.name or f"{image.sha256[:12]}.{image.format}")
    if content is None or image.format not in _TYPES:
        return f'<p class="error">{name}</p>\n'
    encoded = b64encode(content).decode("ascii")
    return f'<img alt="{name}" src="data:image/{_TYPES[image.format]};base64,{encoded}">\n'


def _text(text: str) -> str:
    return html.escape(text)
