"""Changes of a page's look by rule: what the reader, which understands no sentence, can still do.

A change is a few edits of the style sheet where it stands. Only plain selectors are followed: a
tag, a class, several of them; pages of our own have no others.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import lxml.html
import tinycss2

from app.jobs.webpage.change.recolour import recoloured
from app.jobs.webpage.change.sheet import Edit, Rule, edited, rules
from app.jobs.webpage.change.wishes import TARGETS, Kind, Wish
from app.jobs.webpage.clean import parsed, written

AIRIER, TIGHTER = 1.5, 0.65  # times the white space
LARGER, SMALLER = 1.18, 0.85  # times the size of letters
ROUND_PX = 14
SHADOW = "0 4px 16px rgb(0 0 0 / 0.14)"
FONTS = {
    "serif": 'Georgia, "Times New Roman", serif',
    "sans": 'system-ui, "Helvetica Neue", Arial, sans-serif',
    "mono": 'ui-monospace, "DejaVu Sans Mono", monospace',
}
_SPACE = re.compile(r"(margin|padding)(-(top|right|bottom|left|inline|block))?|(row-|column-)?gap")
_PX = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)px")
_PLAIN = re.compile(r"[\w-]*(?:\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, its style sheet, and what is known of both."""

    html: str
    css: str
    rules: tuple[Rule, ...]
    root: lxml.html.HtmlElement

    def of(self, target: str) -> list[Rule]:
        """Return the rules whose elements are what ``target`` names."""
        tags, names = TARGETS[target]
        return [
            rule
            for rule in self.rules
            # All, not any: a reset names headings among all that has margins.
            if not rule.is_narrow
            and all(_names(selector, tags, names) for selector in rule.selectors)
        ]


def sheet_of(html: str) -> Sheet:
    """Return a page, ready to be changed."""
    root = parsed(html)
    style = root.find(".//style")
    css = (style.text or "") if style is not None else ""
    if css not in html:  # the parser read it otherwise
        html = written(root)
    return Sheet(html, css, tuple(rules(css)), root)


def changed(html: str, wish: Wish) -> str:
    """Return the page with a wish fulfilled; as it is where nothing in it is meant by that."""
    sheet = sheet_of(html)
    if wish.kind in _TREES:
        return _TREES[wish.kind](sheet, wish)
    css = edited(sheet.css, list(_SHEETS[wish.kind](sheet, wish)))
    return sheet.html.replace(sheet.css, css, 1) if sheet.css else html


def _recoloured(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    only = sheet.of(wish.target) if wish.target else None
    yield from recoloured(sheet.root, sheet.rules, wish.value, only, wish.target)


def _space(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    factor = TIGHTER if wish.value == "less" else AIRIER
    for rule in _meant(sheet, wish):
        for each in rule.declarations:
            if _SPACE.fullmatch(each.name) and _PX.search(each.value):
                yield each.to(_scaled(each.value, factor))


def _size(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    factor = SMALLER if wish.value == "less" else LARGER
    for rule in _meant(sheet, wish):
        for each in rule.declarations:
            if each.name in ("font-size", "line-height", "font") and _PX.search(each.value):
                value = f"{wish.value}px" if wish.value.isdigit() else _scaled(each.value, factor)
                if not wish.value.isdigit() or each.name == "font-size":
                    yield each.to(value)


def _font(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    for rule in _meant(sheet, wish):
        if wish.target or rule.value("font-family"):
            yield rule.with_("font-family", FONTS[wish.value])
    if not wish.target and (body := _body(sheet)):
        yield body.with_("font-family", FONTS[wish.value])


def _radius(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    pixels = 0 if wish.value == "no" else int(wish.value) if wish.value.isdigit() else ROUND_PX
    for rule in _meant(sheet, wish):
        # Of all the page: what is round now, and what has an edge that can be.
        painted = rule.value("border", "border-radius", "box-shadow")
        if wish.target or painted:
            value = pixels if wish.value != "less" else 4
            yield rule.with_("border-radius", f"{value}px")


def _shadow(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    for rule in _meant(sheet, wish):
        there = rule.value("box-shadow")
        if wish.value == "no" and there:
            yield there.to("none")
        elif wish.value != "no" and (wish.target or there or rule.value("border-radius")):
            yield rule.with_("box-shadow", SHADOW)


def _border(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    for rule in _meant(sheet, wish):
        there = [each for each in rule.declarations if re.fullmatch(r"border(-\w+)?", each.name)]
        if wish.value == "no":
            yield from (each.to("0") for each in there if each.name != "border-radius")
        elif wish.target:
            yield rule.with_("border", "1px solid currentColor")


def _align(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    meant = sheet.of(wish.target) if wish.target else [*sheet.of("heading"), *sheet.of("text")]
    for rule in meant:
        yield rule.with_("text-align", wish.value)


def _weight(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    for rule in sheet.of(wish.target or "heading"):
        yield rule.with_("font-weight", "700" if wish.value == "bold" else "400")


def _width(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    limits = [
        each
        for rule in _meant(sheet, wish)
        if (each := rule.value("max-width")) and _PX.fullmatch(each.value)
    ]
    for each in limits:
        pixels = float(each.value.removesuffix("px"))
        factor = 0.8 if wish.value == "less" else 1.2
        given = wish.value if wish.value.isdigit() else str(round(pixels * factor))
        yield each.to("none" if wish.value == "full" else f"{given}px")
    if not limits and not wish.target and wish.value.isdigit() and (body := _body(sheet)):
        yield body.with_("max-width", f"{wish.value}px")
        yield body.with_("margin", "0 auto")


def _row(sheet: Sheet, wish: Wish) -> Iterator[Edit]:
    """Put what the wish names side by side, where several of it have one parent."""
    tags, names = TARGETS[wish.target or "button"]
    seen: set[int] = set()
    for parent in sheet.root.iter():
        like = [child for child in parent if _is_called(child, tags, names)]
        if len(like) < 2:  # noqa: PLR2004  a row
            continue
        for rule in sheet.rules:
            if rule.end not in seen and not rule.is_narrow and _of_element(rule, parent):
                seen.add(rule.end)
                yield rule.with_("display", "flex")
                yield rule.with_("flex-direction", "row")
                yield rule.with_("flex-wrap", "wrap")
                yield rule.with_("align-items", "center")
                if not rule.value("gap"):
                    yield rule.with_("gap", "12px")


def _without(sheet: Sheet, wish: Wish) -> str:
    """Return the page without what the wish names; whole as it is where it names nothing."""
    if not wish.target or wish.target in ("background", "text"):
        return sheet.html
    tags, names = TARGETS[wish.target]
    gone = [each for each in sheet.root.iter() if _is_called(each, tags, names)]
    for element in gone:
        if element.getparent() is not None and element.tag not in ("html", "head", "body"):
            element.drop_tree()
    return written(sheet.root) if gone else sheet.html


def _reworded(sheet: Sheet, wish: Wish) -> str:
    """Return the page with one text in place of another, wherever that stands."""
    found = False
    for element in sheet.root.iter():
        if not isinstance(element.tag, str) or element.tag == "style":
            continue
        for name in ("text", "tail"):
            there = getattr(element, name) or ""
            if wish.value in there:
                setattr(element, name, there.replace(wish.value, wish.other))
                found = True
    return written(sheet.root) if found else sheet.html


_SHEETS: Mapping[Kind, Callable[[Sheet, Wish], Iterator[Edit]]] = {
    "palette": _recoloured,
    "space": _space,
    "size": _size,
    "font": _font,
    "radius": _radius,
    "shadow": _shadow,
    "border": _border,
    "align": _align,
    "weight": _weight,
    "width": _width,
    "row": _row,
}
_TREES: Mapping[Kind, Callable[[Sheet, Wish], str]] = {"remove": _without, "text": _reworded}


def _meant(sheet: Sheet, wish: Wish) -> Sequence[Rule]:
    if wish.target:
        return sheet.of(wish.target)
    # Not the reset, which takes from all pages what browsers give them.
    return [rule for rule in sheet.rules if not rule.is_narrow and "*" not in rule.selectors[0]]


def _body(sheet: Sheet) -> Rule | None:
    return next((r for r in sheet.rules if r.selectors == ("body",) and not r.is_narrow), None)


def _scaled(value: str, factor: float) -> str:
    """Scale what stands by itself; what is inside of a function is a place on the page."""
    tokens = tinycss2.parse_component_value_list(value)
    return "".join(
        f"{round(token.value * factor, 1):g}px"
        if token.type == "dimension" and token.lower_unit == "px"
        else token.serialize()
        for token in tokens
    )


def _names(selector: str, tags: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether the last part of a selector is about an element that is so called."""
    last = re.split(r"[\s>+~]+", selector)[-1].split(":")[0]
    tag, *classes = last.split(".")
    return tag in tags or any(_is_named(each, names) for each in classes)


def _is_named(name: str, names: Sequence[str]) -> bool:
    """Tell a class that says what an element is: of "card-title", that is the title."""
    words = [word for word in name.lower().split("-") if not word.isdigit()]
    return bool(words) and words[-1].removesuffix("s") in {each.removesuffix("s") for each in names}


def _is_called(element: lxml.html.HtmlElement, tags: Sequence[str], names: Sequence[str]) -> bool:
    if not isinstance(element.tag, str):
        return False
    return element.tag in tags or any(
        _is_named(each, names) for each in (element.get("class") or "").split()
    )


def _of_element(rule: Rule, element: lxml.html.HtmlElement) -> bool:
    """Tell whether a rule with a plain selector is about an element."""
    classes = set((element.get("class") or "").split())
    return any(
        _PLAIN.fullmatch(selector)
        and selector.split(".")[0] in ("", element.tag)
        and set(selector.split(".")[1:]) <= classes
        and "." in selector
        for selector in rule.selectors
    )
