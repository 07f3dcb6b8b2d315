"""Guess the next tokens by copying from the prompt and the reply so far.

An edit of a page or a table copies most of its input. So where the last tokens stood before, the
tokens that followed them then are a good draft of what follows now; the network checks a whole
draft in one pass, and one that is right saves a pass for each token. The reply is what plain
decode would have made, whatever the draft.

Of several places to copy from, the next one *after the last copy* is taken: an edit walks through
its input from front to back, and a table's tags stand in every row. On edits of HTML the latest
place would take about twice as many passes, and have twice as many tokens checked.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

SIZES = (5, 4, 3)  # tokens that must agree before a draft; the longest agreement wins
LONGEST = 32  # tokens of a draft
# Where drafts keep failing, as in a fresh page with rows of like tags, short ones are as good:
# 2 % more passes, but half the tokens checked.
DOUBTFUL = 8
DOUBT = 0.4  # share of drafted tokens, lately, below which drafts are short


class Lookup:
    """Drafts for one reply. The index grows with each token; nothing is searched again.

    ``ends`` are the tokens that end a reply: a draft stops at the first of them.
    """

    def __init__(self, prompt: Iterable[int] = (), ends: Collection[int] = ()) -> None:
        self._ids: list[int] = []
        self._ends = frozenset(ends)
        self._after: dict[tuple[int, ...], list[int]] = {}  # n-gram -> the places after it, sorted
        self._draft: list[int] = []
        self._source = 0  # where the draft was copied from
        self._cursor = 0  # behind the last copy, and the token refused there
        self._trust = 1.0  # share of drafted tokens that were right, lately
        self.extend(prompt)

    def extend(self, token_ids: Iterable[int]) -> None:
        """Take in tokens of the prompt or the reply, and see how well the last draft did."""
        new = list(token_ids)
        if self._draft and new:
            right = accepted(self._draft, new)
            refused = right < min(len(self._draft), len(new))
            self._cursor = self._source + right + refused
            self._trust += (right / len(self._draft) - self._trust) / 4
            self._draft = []
        for token_id in new:
            self._ids.append(token_id)
            for ngram in self._suffixes():
                self._after.setdefault(ngram, []).append(len(self._ids))

    def draft(self) -> list[int]:
        """Return what may come next: at most ``LONGEST`` tokens, often none."""
        self._draft = []
        for ngram in self._suffixes():
            places = self._after[ngram]
            if len(places) == 1:  # only here, at the end
                continue
            following = bisect_left(places, self._cursor, hi=len(places) - 1)
            self._source = places[following if following < len(places) - 1 else -2]
            self._draft = self._copy()
            break
        return list(self._draft)

    def _copy(self) -> list[int]:
        length = LONGEST if self._trust >= DOUBT else DOUBTFUL
        copied = self._ids[self._source : self._source + length]
        ends = [place for place, token_id in enumerate(copied) if token_id in self._ends]
        return copied[: ends[0] + 1] if ends else copied

    def _suffixes(self) -> Iterable[tuple[int, ...]]:
        """Return the n-grams that end with the last token, the longest first."""
        return (tuple(self._ids[-size:]) for size in SIZES if size <= len(self._ids))


def accepted(draft: Sequence[int], chosen: Sequence[int]) -> int:
    """Count the tokens at the start of ``draft`` that are the ones chosen."""
    right = 0
    for guess, token_id in zip(draft, chosen, strict=False):
        if guess != token_id:
            break
        right += 1
    return right
