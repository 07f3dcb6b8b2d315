"""Another palette for a page: colours changed by what they are used for, text kept readable."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import lxml.html
import tinycss2
from tinycss2 import color3

from app.jobs.webpage.change.shades import (
    CLEAR,
    HUES,
    PALETTES,
    READABLE,
    Shade,
    Use,
    contrast,
    css_of,
    readable,
    shade_of,
)
from app.jobs.webpage.change.sheet import Declaration, Edit, Rule

# Any in this module is a token of tinycss2, which has no types.

_SURFACE = ("background", "background-color", "background-image")
_INK = ("color", "fill", "caret-color")
_WHITE, _BLACK = Shade(1.0, 0.0, 0.0), Shade(0.0, 0.0, 0.0)
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*\)")


def recoloured(
    root: lxml.html.HtmlElement,
    rules: Sequence[Rule],
    palette: str,
    only: Sequence[Rule] | None,
    target: str,
) -> Iterator[Edit]:
    """Yield the edits that give a page, or the rules ``only``, another palette."""
    if only is not None and palette in HUES:
        yield from _painted(only, HUES[palette], target)
        return
    colours = Colours(rules, palette)
    yield from colours.edits(only)
    yield from colours.inks(root, only)
    if only is None and (body := _rule(rules, "body")):
        if not body.value(*_SURFACE):
            yield body.with_("background", css_of(colours.new(_WHITE, "surface")))
        if not body.value("color"):
            ground = colours.new(colours.ground_of(body) or _WHITE, "surface")
            yield body.with_("color", css_of(readable(colours.new(_BLACK, "ink"), ground)))


def _painted(rules: Sequence[Rule], hue: float, target: str) -> Iterator[Edit]:
    """Give one kind of element one colour: its surface where it has one, else its letters."""
    for rule in rules:
        painted = rule.value("background", "background-color")
        if target in ("button", "background", "card", "header", "footer") or painted:
            pale = target in ("background", "card")
            ground = Shade(0.94, 0.04, hue) if pale else Shade(0.5, 0.16, hue)
            name = painted.name if painted else "background"
            yield rule.with_(name, css_of(ground))
            if target != "background":
                yield rule.with_("color", css_of(readable(_BLACK if pale else _WHITE, ground)))
        else:
            yield rule.with_("color", css_of(Shade(0.48, 0.17, hue)))


class Colours:
    """The colours of a style sheet, and what becomes of each."""

    def __init__(self, rules: Sequence[Rule], palette: str) -> None:
        self._rules = rules
        self._change = PALETTES[palette]
        self._least = CLEAR if palette == "contrast" else 0.0
        self._named = {
            each.name: shade
            for rule in rules
            for each in rule.declarations
            if each.name.startswith("--") and (shade := _shade(each.value))
        }

    def new(self, shade: Shade, use: Use) -> Shade:
        """Return what becomes of a colour."""
        return self._change(shade, use)

    def edits(self, only: Sequence[Rule] | None) -> Iterator[Edit]:
        """Yield the edits of surfaces and lines, and of the custom properties."""
        for rule in self._rules if only is None else only:
            for each in rule.declarations:
                if each.name.startswith("--"):
                    if shade := self._named.get(each.name):
                        yield each.to(css_of(self.new(shade, self._use_of(each.name))))
                elif each.name not in _INK:
                    yield from self._painted(each)

    def inks(self, root: lxml.html.HtmlElement, only: Sequence[Rule] | None) -> Iterator[Edit]:
        """Yield the edits of letters, each as readable as it was on what lies behind it."""
        grounds = self._grounds(root)
        for rule in self._rules if only is None else only:
            if not (ink := rule.value("color")) or not (shade := self._value(ink.value)):
                continue
            wanted = self.new(shade, "ink")
            for ground in grounds.get(rule.end, [_WHITE]):
                least = max(self._least, min(READABLE, contrast(shade, ground)))
                wanted = readable(wanted, self.new(ground, "surface"), least)
            named = _VAR.fullmatch(ink.value)
            if not (named and self._use_of(named[1]) == "ink" and wanted == self.new(shade, "ink")):
                yield ink.to(css_of(wanted))

    def ground_of(self, rule: Rule) -> Shade | None:
        """Return the colour that a rule paints its elements with."""
        painted = rule.value("background", "background-color")
        return self._value(painted.value) if painted else None

    def _use_of(self, name: str) -> Use:
        """Return what a custom property is for: letters, if it is ever used for them."""
        used = {
            _use(each.name)
            for rule in self._rules
            for each in rule.declarations
            if name in _VAR.findall(each.value)
        }
        uses: tuple[Use, ...] = ("ink", "surface", "line")
        return next((use for use in uses if use in used), "surface")

    def _painted(self, declaration: Declaration) -> Iterator[Edit]:
        """Yield the edit of a surface or a line: its colours, and those named for other uses."""
        if declaration.name == "box-shadow":
            return
        use = _use(declaration.name)
        tokens = tinycss2.parse_component_value_list(declaration.value)
        if any(self._replaced(place, tokens, use) for place in range(len(tokens))):
            yield declaration.to(tinycss2.serialize(tokens))

    def _replaced(self, place: int, tokens: list[Any], use: Use) -> bool:
        """Put the new colour in place of a token, or within it; tell whether there was one."""
        token = tokens[place]
        shade = _shade(token)
        if shade is None and token.type == "function":
            named = _VAR.fullmatch(token.serialize())
            if named is None:
                inner = token.arguments
                return any(self._replaced(at, inner, use) for at in range(len(inner)))
            if self._use_of(named[1]) != use:
                shade = self._named.get(named[1])
        if shade is None or shade.alpha == 0:
            return False
        [tokens[place]] = tinycss2.parse_component_value_list(css_of(self.new(shade, use)))
        return True

    def _value(self, value: str) -> Shade | None:
        """Return the first colour that a value names, through a custom property or not."""
        if (variable := _VAR.search(value)) and variable[1] in self._named:
            return self._named[variable[1]]
        tokens = tinycss2.parse_component_value_list(value)
        inner = (each for token in tokens if token.type == "function" for each in token.arguments)
        return next((shade for each in (*tokens, *inner) if (shade := _shade(each))), None)

    def _grounds(self, root: lxml.html.HtmlElement) -> Mapping[int, list[Shade]]:
        """Return, by rule, the surfaces that lie behind its elements."""
        found: dict[int, list[Shade]] = {}
        by_name = {s: rule for rule in self._rules if not rule.is_narrow for s in rule.selectors}

        def look(element: lxml.html.HtmlElement, ground: Shade) -> None:
            if not isinstance(element.tag, str):
                return
            names = [element.tag, *(f".{c}" for c in (element.get("class") or "").split())]
            rules = [by_name[name] for name in names if name in by_name]
            for rule in rules:
                if (painted := self.ground_of(rule)) and painted.alpha > 0.5:  # noqa: PLR2004
                    ground = painted
            for rule in rules:
                if ground not in (known := found.setdefault(rule.end, [])):
                    known.append(ground)
            for child in element:
                look(child, ground)

        look(root, _WHITE)
        return found


def _rule(rules: Sequence[Rule], selector: str) -> Rule | None:
    return next((r for r in rules if r.selectors == (selector,) and not r.is_narrow), None)


def _use(name: str) -> Use:
    return "surface" if name in _SURFACE else "ink" if name in _INK else "line"


def _shade(value: object) -> Shade | None:
    """Return a colour that stands there by itself, as text or as a token."""
    colour = color3.parse_color(value)
    if not isinstance(colour, color3.RGBA):
        return None
    return shade_of((colour.red, colour.green, colour.blue), colour.alpha)
