"""How sure a model was of what it wrote, by the log-probabilities of its tokens."""

from collections.abc import Sequence
from math import exp


class Sureness:
    """The probability of each character of a reply; 1 throughout where the engine gave none."""

    def __init__(self, pieces: Sequence[str] = (), logprobs: Sequence[float] = ()) -> None:
        self._reply = "".join(pieces)
        # Mostly each token is a piece of text. Where it is not, as within a Chinese character,
        # whose token it was is not known, and all are as sure as they are on average.
        if len(pieces) == len(logprobs):
            each = [min(1.0, exp(logprob)) for logprob in logprobs]
            self._likely = [p for piece, p in zip(pieces, each, strict=True) for _ in piece]
        else:
            mean = min(1.0, exp(sum(logprobs) / len(logprobs))) if logprobs else 1.0
            self._likely = [mean] * len(self._reply)

    def of(self, said: str) -> float:
        """Return how sure the model was of ``said``: as sure as of its least sure token."""
        at = self._reply.find(said)
        return min(self._likely[at : at + len(said)], default=1.0) if at >= 0 else 1.0
