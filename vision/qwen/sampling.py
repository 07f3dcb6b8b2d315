"""From the network's logits to the next token.

A ``Sampler`` belongs to one reply. It draws from a generator of its own, so the same seed gives
the same reply whatever else runs in the process. Filters come in transformers' order: repetition
penalty, temperature, top-k, top-p.

``verify`` chooses for several positions at once, for prompt lookup. It chooses as ``choose`` would
have, one after the other, and draws no more numbers than that: the reply does not depend on
whether drafts were tried.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from vision.engine import SamplingParams
from vision.qwen.errors import LogitsNotFinite


class Choice(NamedTuple):
    """A chosen token."""

    token_id: int
    logprob: float | None  # under the network's own distribution, unfiltered; None if not asked


class Sampler:
    """Choose a reply's tokens, one after the other."""

    def __init__(self, params: SamplingParams, device: torch.device | str = "cpu") -> None:
        self._params = params
        # A generator takes seeds below 2**63.
        self._generator = torch.Generator(device).manual_seed(params.seed % 2**63)
        self._seen: set[int] = set()  # token ids of prompt and reply, where they are penalised
        self._penalised: Tensor | None = None  # the same on the device, in order of appearance

    def see(self, token_ids: Iterable[int]) -> None:
        """Note tokens of the prompt, which the repetition penalty counts as said before."""
        if self._params.repetition_penalty == 1:
            return
        new = [i for i in dict.fromkeys(token_ids) if i not in self._seen]
        self._seen.update(new)
        device = self._generator.device
        added = torch.tensor(new, dtype=torch.long, device=device)
        self._penalised = added if self._penalised is None else torch.cat((self._penalised, added))

    def choose(self, logits: Tensor) -> Choice:
        """Choose the next token by ``logits`` of shape (V,), and count it as said."""
        return self.verify(logits[None])[0]

    def verify(self, logits: Tensor, draft: Sequence[int] = ()) -> list[Choice]:
        """Choose the token after each position, as far as the choices agree with ``draft``.

        ``logits`` has shape (len(draft) + 1, V): row 0 follows what stands, row i the draft's
        token i - 1. The last of the choices is the first that the draft did not foresee.
        """
        assert logits.shape[0] == len(draft) + 1
        if self._params.temperature == 0 and self._params.repetition_penalty == 1:
            return self._verify_greedy(logits, draft)
        choices = []
        for row, expected in zip(logits.float(), [*draft, None], strict=True):
            choices.append(self._choose(row))
            if choices[-1].token_id != expected:
                break
        return choices

    def _verify_greedy(self, logits: Tensor, draft: Sequence[int]) -> list[Choice]:
        """Choose the likeliest tokens, with one look at the device for all rows."""
        best, ids = logits.max(dim=-1)
        values = [best, ids]
        if self._params.logprobs:
            values.append(best - logits.float().logsumexp(dim=-1))
        # float32 holds every token id exactly, and MPS has no float64.
        rows = torch.stack([value.float() for value in values], dim=1).tolist()
        choices = []
        for (top, token_id, *logprob), expected in zip(rows, [*draft, None], strict=True):
            _refuse_overflow(top)
            choices.append(Choice(int(token_id), logprob[0] if logprob else None))
            if int(token_id) != expected:
                break
        return choices

    def _choose(self, logits: Tensor) -> Choice:
        """Choose one token by ``logits`` of shape (V,) in float32."""
        _refuse_overflow(logits.max().item())
        scores = self._penalise(logits)
        if self._params.temperature == 0:
            token = scores.argmax()
        else:
            token = self._draw(scores / self._params.temperature)
        token_id = int(token)
        self.see((token_id,))
        if not self._params.logprobs:
            return Choice(token_id, None)
        return Choice(token_id, float(logits[token_id] - logits.logsumexp(dim=-1)))

    def _penalise(self, logits: Tensor) -> Tensor:
        """Make what was said before less likely. Source: CTRL, arXiv 1909.05858."""
        if self._penalised is None:
            return logits
        said = logits[self._penalised]
        penalty = self._params.repetition_penalty
        return logits.scatter(
            0, self._penalised, torch.where(said < 0, said * penalty, said / penalty)
        )

    def _draw(self, scores: Tensor) -> Tensor:
        """Draw one token id from the likeliest."""
        ids = None
        if 0 < self._params.top_k < scores.shape[0]:
            scores, ids = scores.topk(self._params.top_k)
        elif self._params.top_p < 1:
            scores, ids = scores.sort(descending=True)
        probabilities = scores.softmax(dim=-1)
        if self._params.top_p < 1:
            # A token stays while those before it do not yet make up the share; the first always.
            before = probabilities.cumsum(dim=-1) - probabilities
            probabilities = probabilities.where(before < self._params.top_p, 0)
        drawn = torch.multinomial(probabilities, 1, generator=self._generator)[0]
        return drawn if ids is None else ids[drawn]


def _refuse_overflow(top: float) -> None:
    """Raise if the largest logit is no number: not-a-number wins every comparison in torch."""
    if not -float("inf") < top < float("inf"):
        raise LogitsNotFinite
