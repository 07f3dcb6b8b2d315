"""What a user acts on: buttons, fields, boxes to tick, badges. And what things are called."""

from app.jobs.webpage.layout.colours import is_hint
from app.jobs.webpage.layout.frame import NEAR, Frame, inner_box, padding_css, surface_css
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.roles import Roles
from app.jobs.webpage.layout.shapes import (
    has_drop_arrow,
    icon_ahead,
    is_area,
    is_badge,
    is_button,
    is_field,
    is_labelled_inside,
    is_round,
    is_tick,
    said_on,
    single_text,
    typed_in,
)
from app.jobs.webpage.layout.sheet import flow_box, px, text_css
from app.jobs.webpage.page import Box, Css, Node

WIDE_PADDING = 3  # times its letters; a button with more beside its text was made wider
LINE_AREA = 100  # pixels; a field on a line that is as high has several
HERO = 0.9  # of the page's width is how wide a band is


def control(part: Part, frame: Frame, roles: Roles) -> Node | None:
    """Return a box as a control; None if it is none."""
    parent = frame.surface
    if is_tick(part):
        kind = "radio" if is_round(part) else "checkbox"
        css = (("width", px(part.width)), ("height", px(part.height)), ("margin", "0"))
        return Node("input", part.box, (), "tick", css, attrs=(("type", kind),))
    if is_button(part, parent, roles.sheet):
        return button(part, frame, roles)
    if is_field(part, parent) or is_line(part):
        return field(part, frame, roles)
    if is_badge(part, roles.sheet):
        return button(part, frame, roles, tag="span", name="badge")
    return None


def is_line(part: Part) -> bool:
    """Tell a field that is only a line below its text."""
    surface = part.surface
    if surface is None or surface.paint != "none" or single_text(part) is None:
        return False
    return bool(surface.borders[2].width) and not surface.borders[0].width


def button(
    part: Part, frame: Frame, roles: Roles, tag: str = "button", name: str = "button"
) -> Node:
    """Return a button: its text in the middle of its padding."""
    text, surface = said_on(part), part.surface
    assert text
    assert surface
    inner = inner_box(part.box, surface)
    x0, y0, x1, y1 = flow_box(text, roles.sheet)
    content = part.parts[0].box
    beside = max(0, round((inner[2] - inner[0] - max(x1 - x0, content[2] - content[0])) / 2))
    css: list[tuple[str, str]] = [("display", "inline-block" if tag == "span" else "block")]
    if beside > WIDE_PADDING * text.look.size:
        # Wider than its text asks for: as wide as it was made.
        css.append(("width", px(part.width)))
        beside = 0
    css.append(("padding", padding_css(y0 - inner[1], beside, inner[3] - y1, beside)))
    css += surface_css(surface)
    if not surface.is_bordered and tag == "button":
        css.append(("border", "0"))
    height = roles.sheet.line_height(text.lines)
    css += [*text_css(text.look, frame.look, roles.sheet, height), ("text-align", "center")]
    said = beside_icons(part, text, content_of(text, text.look, frame, links=False))
    attrs = (("type", "button"),) if tag == "button" else ()
    return Node(tag, part.box, said, name, tuple(css), attrs=attrs)


def beside_icons(part: Part, text: Part, said: tuple[Node | str, ...]) -> tuple[Node | str, ...]:
    """Return the text of a button with the icon or badge beside it."""
    icons = (
        [p for p in part.parts[0].parts if p.kind != "text"] if part.parts[0].kind == "row" else []
    )
    for icon in icons:
        x0, y0, x1, y1 = icon.box
        first = x0 < text.box[0]
        gap = text.box[0] - x1 if first else x0 - text.box[2]
        css = (
            ("display", "inline-block"),
            ("margin-right" if first else "margin-left", px(max(0, gap))),
            ("vertical-align", "middle"),
        )
        attrs = (
            ("src", f"crop-{x0}-{y0}-{x1}-{y1}.png"),
            ("width", str(x1 - x0)),
            ("height", str(y1 - y0)),
            ("alt", ""),
        )
        node = Node("img", icon.box, (), "inline-icon", css, attrs=attrs)
        said = (node, *said) if first else (*said, node)
    return said


def field(part: Part, frame: Frame, roles: Roles) -> Node:
    """Return a field to type or to choose in."""
    surface, text = part.surface, typed_in(part)
    assert surface
    inner = inner_box(part.box, surface)
    size: Css = (("width", px(part.width)), ("height", px(part.height)))
    looks = surface_css(surface)
    looks = looks if surface.is_bordered else (*looks, ("border", "0"))
    area = is_area(part) and not (is_line(part) and part.height < LINE_AREA)
    if text is None:
        tag, kind = ("textarea", ()) if area else ("input", (("type", "text"),))
        return Node(tag, part.box, (), "input", (*size, *looks), attrs=kind)
    looks = (*looks, *text_css(text.look, frame.look, roles.sheet, None))
    left, top = (b - a for a, b in zip(inner, flow_box(text, roles.sheet)[:2], strict=False))
    ground = surface.colour if surface.paint != "none" else frame.ground
    if "labelled" not in frame.within and (is_line(part) or is_labelled_inside(part, text)):
        return floating(part, text, frame, roles)
    hint = is_hint(text.look.colour, ground) or "labelled" not in frame.within
    said = ("placeholder" if hint else "value", text.text)
    if text.text.isdigit():
        css = (*size, ("padding", "0"), *looks, ("text-align", "center"))
        attrs = (("type", "number"), ("value", text.text))
        return Node("input", part.box, (), "input", css, attrs=attrs)
    if has_drop_arrow(part):
        css = (*size, ("padding", padding_css(0, 8, 0, left)), *looks)
        option = Node("option", text.box, (text.text,))
        return Node("select", part.box, (option,), "input", css)
    if area:
        css = (*size, ("padding", padding_css(top, left, top, left)), *looks)
        kept = (said,) if hint else ()
        return Node("textarea", part.box, () if hint else (text.text,), "input", css, attrs=kept)
    css = (*size, ("padding", padding_css(0, 8, 0, left)), *looks)
    if icon := icon_ahead(part):
        css = behind(css, icon, inner)
    return Node("input", part.box, (), "input", css, attrs=(("type", "text"), said))


def behind(css: Css, icon: Part, inner: Box) -> Css:
    """Return the look of a field with an icon at its left end."""
    x0, y0, x1, y1 = icon.box
    place = f'url("crop-{x0}-{y0}-{x1}-{y1}.png") {px(x0 - inner[0])} center no-repeat'
    ground = dict(css).get("background", "")
    return (
        *(pair for pair in css if pair[0] != "background"),
        ("background", f"{ground} {place}".strip()),
    )


def floating(part: Part, text: Part, frame: Frame, roles: Roles) -> Node:
    """Return a field with its label inside of it, both in one cell of a grid."""
    surface = part.surface
    assert surface
    area = is_area(part) and not (is_line(part) and part.height < LINE_AREA)
    looks = surface_css(surface)
    looks = looks if surface.is_bordered else (*looks, ("border", "0"))
    cell = ("grid-area", "1 / 1")
    css: Css = (cell, ("width", "100%"), ("height", px(part.height)), *looks)
    tag, attrs = ("textarea", ()) if area else ("input", (("type", "text"),))
    field = Node(tag, part.box, (), "input", css, attrs=attrs)
    inner = inner_box(part.box, surface)
    x0, y0, _, y1 = place = flow_box(text, roles.sheet)
    middle = abs(y0 + y1 - inner[1] - inner[3]) <= 2 * NEAR
    stands: Css = (("align-self", "center"),)
    if not middle:
        stands = (("align-self", "start"), ("margin-top", px(max(0, y0 - part.box[1]))))
    said = Node(
        "span", place, (text.text,), "field-label",
        (cell, *stands, ("margin-left", px(x0 - part.box[0])),
         *text_css(text.look, frame.look, roles.sheet, None)),
    )  # fmt: skip
    whole: Css = (("display", "grid"), ("width", px(part.width)), ("max-width", "100%"))
    whole = whole if frame.align == "left" else (*whole, ("text-align", "left"))
    return Node("label", part.box, (field, said), "field", whole)


def name_of_box(part: Part, frame: Frame, page_width: int) -> str:
    """Return what a surface is called."""
    if part.width >= HERO * page_width:
        return "band"
    return "panel" if "card" in frame.within else "card"
