"""Labels, found although a worn print or a misreading has changed some of their letters. Pure.

Letters that are mistaken for each other share one sign: "SUBIUIAL" and "SUBTOTAL" are alike. The
signs stand where the letters stood, so that a label found among them has its place in the text.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from vision.reader.script import has_cjk, length

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0xA5}
_SIGNS = str.maketrans(
    {
        letter: sign
        for sign, letters in {
            "O": "0QDUCG6", "I": "1LTJ|!", "S": "5$", "B": "8", "Z": "2", "R": "K", "N": "MH",
            "E": "F",
        }.items()
        for letter in letters
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:[$|!][^\W_]+)*")
_GAP = r"[\W_]{0,3}"  # between the words of a label: a space, a hyphen, nothing


class Span(NamedTuple):
    """Where a label stands in a text."""

    start: int
    end: int


class Written(NamedTuple):
    """A text to look for labels in."""

    plain: str  # in capitals and of half width
    signs: str  # with letters that are taken for each other made one


@dataclass(frozen=True, slots=True)
class Label:
    """A label in all its wordings, as patterns of text and of signs."""

    exact: re.Pattern[str]
    worn: re.Pattern[str]

    def find(self, text: Written) -> Span | None:
        """Return where the label first stands in ``text``, as it is or worn."""
        match = self.exact.search(text.plain) or self.worn.search(text.signs)
        return Span(*match.span()) if match else None

    def every(self, text: Written) -> list[Span]:
        """Return all places where the label stands, left to right."""
        spans = [Span(*match.span()) for match in self.exact.finditer(text.plain)]
        for match in self.worn.finditer(text.signs):
            if not any(match.start() < span.end and span.start < match.end() for span in spans):
                spans.append(Span(*match.span()))
        return sorted(spans)


def written(text: str) -> Written:
    """Return ``text`` to look for labels in; every character keeps its place."""
    capitals = plain(text)
    return Written(capitals, signs(capitals))


def label(*wordings: str, shortest: int = 4) -> Label:
    """Return the label of any of ``wordings``: words in capitals, the last with * if it goes on.

    A ? stands for any letter, a * within for any. What has fewer than ``shortest`` letters is not
    looked for worn: too much would look like it.
    """
    long = [_signed(one) for one in wordings if length(one.rstrip("*")) >= shortest]
    return Label(
        re.compile("|".join(map(_pattern, wordings))),
        re.compile("|".join(rf"(?<!\d){_pattern(one)}" for one in long) or r"(?!)"),
    )


def plain(text: str) -> str:
    """Return ``text`` in capitals and of half width, character for character."""
    half = text.translate(_FULL_WIDTH)
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in half)


def signs(text: str) -> str:
    """Return ``text`` with letters that are taken for each other made one; numbers stay."""
    return _WORD.sub(lambda match: _signed(match.group()), text)


def _signed(word: str) -> str:
    return word.translate(_SIGNS) if any(map(str.isalpha, word)) else word


def _escaped(word: str) -> str:
    return re.escape(word).replace(r"\?", r"\w").replace(r"\*", r"\w*")


def _pattern(wording: str) -> str:
    goes_on = wording.endswith("*")
    words = [_escaped(word) for word in wording.rstrip("*").split()]
    if has_cjk(wording):
        return r"\s*".join(c for word in words for c in word)
    return rf"(?<![A-Z]){_GAP.join(words)}" + ("" if goes_on else r"(?![A-Z])")
