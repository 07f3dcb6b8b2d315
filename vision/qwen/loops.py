"""Recognise a reply that has begun to repeat itself without end, apart from rows that are alike.

Reading blank paper or noise, a model may say the same thing until its limit; a repetition penalty
against that would damage tables. So tokens are only watched: a reply is *suspect* once its last
tokens are one period of at most 64 tokens, eight times. Real documents get that far too: rows of
empty cells, forms, a dozen equal lines of a receipt, grids of a page. How long a suspect may go on
depends on what the period says (``patience``).

Each token costs the same, whatever came before: the distances at which a token stood lately are
the bits of a number, and the periods still alive are those bits in all tokens since.
"""

import re
from collections.abc import Callable, Sequence

LONGEST_PERIOD = 64  # tokens
SUSPECT_AFTER = 8  # repetitions
_DISTANCES = (1 << (LONGEST_PERIOD + 1)) - 2  # bits 1 to 64

# Marks of lines, cells, lists and code, where repetition is the nature of the thing.
_STRUCTURE = re.compile(r"[\n\t|<>{}\[\];=_☐□▢│]|\.{3}|-{3}| {3}|&\w+;")
_CUT_TAG = re.compile(r"^[^<>]*>|<[^<>]*$")  # a tag of which only one end is in the text
_TAG = re.compile(r"<[^<>]*>|&\w+;")
_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENDS = ("\n", "</tr>", "</li>", "。", ". ")  # where a kept reply may well end


def patience(period: str, tokens: int) -> int:
    """Return how many tokens a repetition of ``period`` may fill before it counts as a loop.

    ``tokens`` is the period's length. Running text says nothing eight times over. Lines, cells and
    code with words in them do, but not fifty times, nor twenty times if they are long. Empty
    cells, numbers and rules fill forms, grids and matrices: a hundred short ones, or forty rows.
    """
    whole = period * 2  # a period begins anywhere, in a tag too
    words = _WORD.search(_TAG.sub(" ", _CUT_TAG.sub(" ", whole)))
    if words and not _STRUCTURE.search(period):
        return max(SUSPECT_AFTER * tokens, 192 if tokens >= SUSPECT_AFTER else 256)
    if words:
        return max(256, min(48 * tokens, 896), 20 * tokens)
    return max(256, min(128 * tokens, 896), 44 * tokens)


class LoopGuard:
    """Watch one reply's tokens. ``decode`` gives the text of a few of them; it is called rarely."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._lately: dict[int, tuple[int, int]] = {}  # token -> (its distances, as of this place)
        self._alive = 0  # bit d: all tokens since ``_since`` equal the one d places before
        self._since = 0
        self._judged = (0, 0)  # (period, since) that ``_patience`` is for
        self._patience = 0

    def push(self, token_id: int) -> int | None:
        """Take in a token; once the reply loops, return how many tokens of it to keep."""
        place = len(self._ids)
        self._ids.append(token_id)
        distances = self._distances(token_id, place)
        self._alive &= distances
        if not self._alive:
            self._alive, self._since = distances, place
        period = (self._alive & -self._alive).bit_length() - 1  # of those alive the shortest
        filled = place + 1 - self._since + period
        if period < 1 or filled < SUSPECT_AFTER * period or filled < self._patience_for(period):
            return None
        return self._good_part(period)

    def _distances(self, token_id: int, place: int) -> int:
        """Return the distances, as bits, at which ``token_id`` stood before ``place``."""
        before, then = self._lately.get(token_id, (0, place))
        passed = place - then
        distances = before << passed & _DISTANCES if passed <= LONGEST_PERIOD else 0
        self._lately[token_id] = (distances | 1, place)
        return distances

    def _patience_for(self, period: int) -> int:
        if self._judged != (period, self._since):
            self._judged = (period, self._since)
            self._patience = patience(self._decode(self._ids[-period:]), period)
        return self._patience

    def _good_part(self, period: int) -> int:
        """Count the tokens before the loop, and of the loop one period up to a line's end."""
        start = self._since
        while start > period and self._ids[start - 1] == self._ids[start - 1 - period]:
            start -= 1
        for keep in range(start, start + period):
            if self._decode(self._ids[start - period : keep]).endswith(_ENDS):
                return keep
        return start
