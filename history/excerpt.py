"""Text as search compares it, and the piece of it that shows a hit. Pure."""

import re
import unicodedata
from collections.abc import Sequence

WIDTH = 160  # characters of an excerpt
BEFORE = 40  # of those, before the first hit
MAX_TERMS = 12

_TERM = re.compile(r'"([^"]+)"|(\S+)')


class Folding(dict[int, int]):
    """Maps each character to the one it is compared as: case, width and form do not count.

    One character stays one, so that a place in the folded text is a place in the text.
    """

    def __missing__(self, code: int) -> int:
        """Work out a character's folding, once."""
        # A lone surrogate and NUL are what SQLite does not take.
        surrogate = unicodedata.category(chr(code)) == "Cs"
        plain = "?" if surrogate else unicodedata.normalize("NFKC", chr(code)).casefold()
        plain = plain.replace("\x00", " ")
        self[code] = ord(plain) if len(plain) == 1 else code
        return self[code]

    def fold(self, text: str) -> str:
        """Return ``text`` folded, as long as it was."""
        return text.lower().replace("\x00", " ") if text.isascii() else text.translate(self)


def terms_of(query: str, folding: Folding) -> list[str]:
    """Return what a hit must hold, each: words, and what stands in quotation marks."""
    found = (match[1] or match[2] for match in _TERM.finditer(folding.fold(query)))
    return list(dict.fromkeys(found))[:MAX_TERMS]


def highlights(folded: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the terms stand, as ranges that do not overlap, in order."""
    spans = sorted((start, start + len(term)) for term in terms for start in _starts(folded, term))
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def excerpt(
    text: str, terms: Sequence[str], folding: Folding
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a piece of ``text`` around its first hit, on one line, and where the hits are."""
    folded = folding.fold(text)
    first = min((place for term in terms if (place := folded.find(term)) >= 0), default=0)
    start = max(0, first - BEFORE)
    end = start + WIDTH
    piece = text[start:end]
    spans = highlights(folded[start:end], terms)
    line = "".join(" " if character.isspace() else character for character in piece)
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    shift = len(head)
    return head + line + tail, tuple((a + shift, b + shift) for a, b in spans)


def _starts(text: str, term: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(term), text)]
