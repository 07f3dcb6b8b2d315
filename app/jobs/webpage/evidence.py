"""What was measured in a screenshot, in words for a model that sees but cannot measure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.jobs.webpage.page import Node, Page, walk

MOST = 16_000  # characters: about 6,000 tokens
# What of a node's style a picture shows; the rest follows from where things stand.
_TOLD = (
    "font-size", "font-weight", "font-family", "color", "background", "background-color", "border",
    "border-radius", "box-shadow", "text-align", "padding", "gap",
)  # fmt: skip


def evidence(page: Page, most: int = MOST) -> str:
    """Return the measured page, an element a line; the last ones are left out where it is long."""
    head = [f"The screenshot is {page.width} x {page.height} pixels."]
    if page.palette:
        head.append("Colours: " + ", ".join(f"{name} {code}" for name, code in page.palette))
    head.append("Elements, each as: tag [left, top, right, bottom] style | text")
    lines: list[str] = []
    left = most - sum(len(line) + 1 for line in head)
    for line in _lines(page):
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join([*head, *lines])


def _lines(page: Page) -> Iterator[str]:
    for node in walk(page.body):
        text = " ".join("".join(c for c in node.children if isinstance(c, str)).split())
        source = dict(node.attrs).get("src", "")
        if text or source or _is_painted(node):
            told = (f"{key}: {value}" for key, value in node.css if key in _TOLD)
            style = "; ".join([*told, *([f'src="{source}"'] if source else [])])
            yield f"{node.tag} {list(node.box)} {style}{' | ' if text else ''}{text}"


def _is_painted(node: Node) -> bool:
    return any(node.value(key) for key in ("background", "background-color", "border"))


def differences(regions: Sequence[Mapping[str, Any]]) -> str:
    """Return where a rendering differs from the screenshot, a difference a line."""
    return "\n".join(_difference(region) for region in regions)


def _difference(region: Mapping[str, Any]) -> str:
    box, text = region["box"], f' "{region["text"]}"' if region["text"] else ""
    match region["kind"], region["by"]:
        case "missing", _:
            return f"- At {box} the screenshot says{text}; the page does not."
        case "extra", _:
            return f"- At {box} the page says{text}; the screenshot does not."
        case "moved", [x, y]:
            return f"-{text} belongs at {box}; it is {_way(int(x), int(y))} of there."
        case "text", _:
            return f"- At {box} the text should be{text}."
        case "colour", _:
            return f"-{text} at {box} has another colour in the screenshot."
        case _:
            return f"- At {box} the background or the picture looks different."


def _way(x: int, y: int) -> str:
    across = f"{abs(x)} px to the {'right' if x > 0 else 'left'}" if x else ""
    down = f"{abs(y)} px {'below' if y > 0 else 'above'}" if y else ""
    return " and ".join(part for part in (across, down) if part)
