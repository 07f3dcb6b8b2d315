"""A page as one HTML file that a person would like to edit.

Elements that look alike and are called alike share one class; the colours of the page are custom
properties; what differs on a narrow screen stands in one media query. Pure: a page gives the same
bytes each time.
"""

import html
import re
from collections.abc import Iterator, Mapping

from app.jobs.webpage.page import Css, Node, Page, walk

NARROW = 760  # pixels; a screen up to this is a phone or a small tablet: columns become one
WRAP = 100  # characters of a line of the file
VOID = frozenset({"img", "input", "hr", "br"})
INLINE = frozenset(
    {"a", "abbr", "b", "br", "code", "del", "em", "i", "mark", "s", "small", "span", "strong"}
    | {"sub", "sup", "u"}
)  # of these, a text with them stands on one line
KEPT = frozenset({"pre", "textarea"})  # their white space is seen

RESET = """\
*, *::before, *::after { box-sizing: border-box; }
body, h1, h2, h3, h4, h5, h6, p, ul, ol, pre, blockquote, hr { margin: 0; }
h1, h2, h3, h4, h5, h6 { font: inherit; }
ul, ol, hr { padding: 0; border: 0; list-style: none; }
a { color: inherit; text-decoration: none; }
img { display: block; max-width: 100%; height: auto; }
button, input, select, textarea { max-width: 100%; font: inherit; color: inherit; }
button { cursor: pointer; }
::placeholder { color: inherit; opacity: 1; }
table { border-collapse: collapse; }
th { font: inherit; text-align: inherit; }
pre, code { font-family: inherit; font-size: inherit; }
"""

Classes = Mapping[tuple[str, Css, Css], str]


def to_html(page: Page) -> str:
    """Return the page as a whole HTML file."""
    classes = named(page.body)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{html.escape(page.lang)}">',
            "<head>",
            '  <meta charset="utf-8">',
            '  <meta name="viewport" content="width=device-width, initial-scale=1">',
            f"  <title>{html.escape(page.title, quote=False)}</title>",
            "  <style>",
            *("    " + line if line else "" for line in style(page, classes)),
            "  </style>",
            "</head>",
            *element(page.body, classes, ""),
            "</html>",
            "",
        ]
    )


def named(body: Node) -> Classes:
    """Give each look of the page a class: the name of what has it, numbered where looks differ."""
    names: dict[tuple[str, Css, Css], str] = {}
    taken: dict[str, int] = {}
    for node in walk(body):
        key = (node.name, node.css, node.narrow)
        if not (node.css or node.narrow) or key in names or node.tag == "body":
            continue
        name = node.name or node.tag
        taken[name] = taken.get(name, 0) + 1
        names[key] = name if taken[name] == 1 else f"{name}-{taken[name]}"
    return names


def style(page: Page, classes: Classes) -> Iterator[str]:
    """Yield the lines of the style sheet."""
    colours = {colour: f"var(--{name})" for name, colour in page.palette}
    properties = tuple((f"--{name}", value) for name, value in (*page.palette, *page.faces))
    if properties:
        yield from rule(":root", properties, {})
        yield ""
    yield from RESET.splitlines()
    yield ""
    yield from rule("body", page.body.css, colours)
    for (_, css, _), name in classes.items():
        yield from rule(f".{name}", css, colours)
    narrow = [(f".{name}", css) for (_, _, css), name in classes.items() if css]
    if page.body.narrow:
        narrow.insert(0, ("body", page.body.narrow))
    if narrow:
        yield ""
        # What was seen on a phone already is what a phone shows.
        yield f"@media (max-width: {min(NARROW, page.width - 1)}px) {{"
        for selector, css in narrow:
            yield from ("  " + line for line in rule(selector, css, colours))
        yield "}"


def rule(selector: str, css: Css, colours: Mapping[str, str]) -> Iterator[str]:
    """Yield a rule; nothing without declarations."""
    if not css:
        return
    yield f"{selector} {{"
    for prop, value in css:
        said = re.sub(r"#[0-9a-f]{6}\b", lambda found: colours.get(found[0], found[0]), value)
        yield f"  {prop}: {said};"
    yield "}"


def element(node: Node, classes: Classes, indent: str) -> Iterator[str]:
    """Yield the lines of an element."""
    opening, closing = tags(node, classes)
    if node.tag in VOID:
        yield indent + opening
    elif node.tag in KEPT:
        # What stands in here is seen as it stands; a first line feed is not part of it.
        yield indent + opening + content(node, classes) + closing
    elif is_running(node):
        yield from flowing(opening + content(node, classes) + closing, indent)
    else:
        yield indent + opening
        for child in node.children:
            if isinstance(child, str):
                yield from flowing(html.escape(child.strip(), quote=False), indent + "  ")
            else:
                yield from element(child, classes, indent + "  ")
        yield indent + closing


def tags(node: Node, classes: Classes) -> tuple[str, str]:
    """Return the opening and the closing tag."""
    name = classes.get((node.name, node.css, node.narrow), "")
    attrs = (("class", name), *node.attrs) if name else node.attrs
    said = "".join(
        f' {key}="{html.escape(value)}"' if value or key in {"alt", "value", "href"} else f" {key}"
        for key, value in attrs
    )
    return f"<{node.tag}{said}>", f"</{node.tag}>"


def content(node: Node, classes: Classes) -> str:
    """Return what is inside an element of text, on one line."""
    said = ""
    for child in node.children:
        if isinstance(child, str):
            said += html.escape(child, quote=False)
        else:
            opening, closing = tags(child, classes)
            inside = "" if child.tag in VOID else content(child, classes) + closing
            said += opening + inside
    return said


def is_inline(node: Node) -> bool:
    """Tell whether an element stands inside a line of text."""
    return node.tag in INLINE and all(isinstance(c, str) or is_inline(c) for c in node.children)


def is_running(node: Node) -> bool:
    """Tell whether an element holds running text rather than things of their own."""
    if node.tag in {"div", "nav", "form"} and any(isinstance(c, Node) for c in node.children):
        return False
    return all(isinstance(child, str) or is_inline(child) for child in node.children)


def flowing(line: str, indent: str) -> Iterator[str]:
    """Yield a long line of text in pieces, broken where white space stands anyway."""
    start, piece = indent, ""
    # A tag is never broken, nor a word from the tag that it touches.
    for word in re.findall(r"(?:<[^>]*>|[^<\s])+", line):
        if piece and len(start) + len(piece) + 1 + len(word) > WRAP:
            yield start + piece
            start, piece = indent + "  ", ""
        piece += (" " if piece else "") + word
    yield start + piece
