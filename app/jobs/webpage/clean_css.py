"""Style sheets without what reaches outside. By a tokenizer: an escape hides from anything less."""

from collections.abc import Iterator, Sequence
from typing import Any

import tinycss2

from app.jobs.webpage.crops import NAME

# Any in this module is a token of tinycss2, which has no types.

_ADDRESSES = frozenset({"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade"})


def cleaned(css: str) -> tuple[str, int]:
    """Return a style sheet, or the declarations of one element, and how much was taken out."""
    kept, removed = _kept(tinycss2.parse_component_value_list(css))
    text = tinycss2.serialize(kept)
    # Written out, a string may end the element that it stands in.
    return ("", removed + 1) if "</" in text else (text, removed)


def reaches_out(value: str) -> bool:
    """Tell whether a value, as of a presentation attribute of SVG, names an outside address."""
    return "(" in value and _reaches(tinycss2.parse_component_value_list(value))


def is_inside(address: str) -> bool:
    """Tell an address that fetches nothing: a piece of the screenshot, data, a place here."""
    given = address.strip()
    picture = given[:11].lower() == "data:image/"
    return picture or given.startswith("#") or NAME.fullmatch(given) is not None


def _kept(tokens: Sequence[Any]) -> tuple[list[Any], int]:
    """Return the tokens without statements that reach out, and how many of those there were."""
    kept: list[Any] = []
    removed = 0
    for statement in _statements(tokens):
        first = next((t for t in statement if t.type not in ("whitespace", "comment")), None)
        imports = first is not None and first.type == "at-keyword" and first.lower_value == "import"
        if imports or _reaches([t for t in statement if t.type != "{} block"]):
            removed += 1
            continue
        for token in statement:
            if token.type == "{} block":
                token.content, within = _kept(token.content)
                removed += within
            kept.append(token)
    return kept, removed


def _statements(tokens: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield declarations and rules: what ends with a semicolon or with a block."""
    statement: list[Any] = []
    for token in tokens:
        statement.append(token)
        if token.type == "{} block" or token == ";":
            yield statement
            statement = []
    yield statement


def _reaches(tokens: Sequence[Any]) -> bool:
    return any(_reaches_out(token) for token in tokens)


def _reaches_out(token: Any) -> bool:
    if token.type == "url":
        return not is_inside(token.value)
    if token.type == "function":
        inner = token.arguments
        if token.lower_name in _ADDRESSES:
            return _reaches(inner) or any(
                each.type == "string" and not is_inside(each.value) for each in inner
            )
        return _reaches(inner)
    if token.type in ("() block", "[] block"):
        return _reaches(token.content)
    return bool(token.type == "error")  # a bad url, a string that has no end
