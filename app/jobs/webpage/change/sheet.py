"""A style sheet as rules one can change where they stand, everything between them untouched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tinycss2

# Any in this module is a token of tinycss2, which has no types.

Edit = tuple[int, int, str]  # from, to: offsets in the style sheet; what to put there


@dataclass(frozen=True, slots=True)
class Declaration:
    """A property and its value."""

    name: str
    value: str
    start: int  # of the value: offsets in the style sheet
    end: int

    def to(self, value: str) -> Edit:
        """Return the edit that gives it another value."""
        return self.start, self.end, value


@dataclass(frozen=True, slots=True)
class Rule:
    """Declarations, and what they are for."""

    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]
    end: int  # offset of its closing brace
    indent: str  # before each declaration; "" where the rule stands on one line
    is_narrow: bool  # stands in a media query

    def value(self, *names: str) -> Declaration | None:
        """Return the last declaration of these names."""
        return next((each for each in reversed(self.declarations) if each.name in names), None)

    def with_(self, name: str, value: str) -> Edit:
        """Return the edit that sets a property, whether it stands there or not."""
        if there := self.value(name):
            return there.to(value)
        if not self.indent:
            return self.end, self.end, f"; {name}: {value} "
        # Behind the last declaration, on a line of its own.
        return self.end, self.end, f"  {name}: {value};\n{self.indent[:-2]}"


def rules(css: str) -> list[Rule]:
    """Return the rules of a style sheet, those in media queries included."""
    lines = [0]
    for line in css.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    tokens = tinycss2.parse_component_value_list(css)
    return list(_rules(css, tokens, lines, len(css), is_narrow=False))


def edited(css: str, edits: Sequence[Edit]) -> str:
    """Return the style sheet with edits made; of two at one place the later one stands."""
    replaced = {(start, end): text for start, end, text in edits if start < end}
    added = dict.fromkeys((start, end, text) for start, end, text in edits if start == end)
    whole = [*((start, end, text) for (start, end), text in replaced.items()), *reversed(added)]
    for start, end, text in sorted(whole, key=lambda edit: edit[:2], reverse=True):
        css = css[:start] + text + css[end:]
    return css


def _rules(
    css: str, tokens: Sequence[Any], lines: Sequence[int], end: int, *, is_narrow: bool
) -> Iterator[Rule]:
    prelude: list[Any] = []
    for place, token in enumerate(tokens):
        if token.type != "{} block":
            prelude = [] if token == ";" else [*prelude, token]
            continue
        after = tokens[place + 1 :]
        limit = _offset(after[0], lines) if after else end
        closing = css.rfind("}", 0, limit)
        head = [each for each in prelude if each.type not in ("whitespace", "comment")]
        if head and head[0].type == "at-keyword":
            if head[0].lower_value in ("media", "supports", "layer"):
                yield from _rules(css, token.content, lines, closing, is_narrow=True)
        else:
            selectors = tinycss2.serialize(prelude).split(",")
            yield Rule(
                tuple(" ".join(each.split()) for each in selectors),
                tuple(_declarations(css, token.content, lines, closing)),
                closing,
                _indent(css, _offset(token, lines), closing),
                is_narrow,
            )
        prelude = []


def _declarations(
    css: str, tokens: Sequence[Any], lines: Sequence[int], end: int
) -> Iterator[Declaration]:
    statement: list[Any] = []
    for token in [*tokens, None]:
        if token is not None and token != ";":
            statement.append(token)
            continue
        limit = end if token is None else _offset(token, lines)
        said = [each for each in statement if each.type not in ("whitespace", "comment")]
        if len(said) > 2 and said[0].type == "ident" and said[1] == ":":  # noqa: PLR2004
            start = _offset(said[2], lines)
            value = css[start:limit].rstrip()
            name = said[0].value if said[0].value.startswith("--") else said[0].lower_value
            yield Declaration(name, value, start, start + len(value))
        statement = []


def _offset(token: Any, lines: Sequence[int]) -> int:
    return int(lines[token.source_line - 1] + token.source_column - 1)


def _indent(css: str, opening: int, closing: int) -> str:
    """Return the indentation of what stands in a block, from that of its closing brace."""
    line = css[css.rfind("\n", 0, closing) + 1 : closing]
    return "" if line.strip() or "\n" not in css[opening:closing] else line + "  "
