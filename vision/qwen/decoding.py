"""Prefill and decode over the language model, one sequence at a time.

``generate()`` is never called. It takes positions from ``rope_deltas``, one attribute of the model
for all conversations, and is silently wrong after another one ran (engine-facts.md). Here the
positions of every forward pass are passed, and only the rows asked for go through ``lm_head``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from vision.qwen.prompt import Layout, PictureKey

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLForConditionalGeneration

    from vision.qwen.kv import KVBuffer
    from vision.qwen.lookup import Lookup
    from vision.qwen.sampling import Choice, Sampler

Embeddings = Callable[[PictureKey], Tensor]  # of a picture: (tokens, D)


class Stepper(Protocol):
    """Runs one token; ``graphs.DecodeGraphs`` does it faster than ``Network``."""

    def step(self, token_id: int, position: int, buffer: KVBuffer) -> Tensor | None:
        """Return logits of shape (1, V), or None where it cannot; extend ``buffer``."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """The model, as prefill and decode use it."""

    model: Qwen2_5_VLForConditionalGeneration
    device: torch.device  # of the embeddings

    @torch.inference_mode()
    def embed(self, ids: Tensor) -> Tensor:
        """Return the embeddings of text tokens, of shape (S, D)."""
        embeddings: Tensor = self.model.get_input_embeddings()(ids.to(self.device))
        return embeddings

    @torch.inference_mode()
    def run(self, embeddings: Tensor, position_ids: Tensor, buffer: KVBuffer) -> Tensor:
        """Run positions after those of ``buffer``, which is extended in place; return their states.

        ``embeddings`` has shape (S, D), ``position_ids`` (3, S), the result (S, D).
        """
        output = self.model.model.language_model(
            inputs_embeds=embeddings[None],
            position_ids=position_ids[:, None].to(self.device),
            past_key_values=buffer,
            use_cache=True,
        )
        # Only now do the new positions count: a pass that failed has left nothing behind.
        buffer.advance(embeddings.shape[0])
        states: Tensor = output.last_hidden_state[0]
        return states

    @torch.inference_mode()
    def logits(self, states: Tensor) -> Tensor:
        """Return the logits of shape (S, V) after each of ``states``."""
        logits: Tensor = self.model.lm_head(states)
        return logits

    def extend(self, ids: Sequence[int], position: int, buffer: KVBuffer) -> Tensor:
        """Run text tokens from ``position`` on; return the logits after each, of shape (S, V)."""
        embeddings = self.embed(torch.tensor(ids))
        position_ids = torch.arange(position, position + len(ids)).expand(3, -1)
        return self.logits(self.run(embeddings, position_ids, buffer))


def prefill(
    network: Network, layout: Layout, pictures: Embeddings, buffer: KVBuffer, chunk: int
) -> Generator[int, None, Tensor]:
    """Run a laid-out prompt in pieces of ``chunk`` positions; yield how many are done after each.

    Chunks may cut through pictures: attention is causal over them, too. Returns the logits of the
    next token, of shape (1, V).
    """
    total = layout.ids.shape[0]
    assert total > 0, "one position at least must run to give logits"
    for start in range(0, total, chunk):
        end = min(start + chunk, total)
        embeddings = _embed(network, layout, pictures, start, end)
        states = network.run(embeddings, layout.position_ids[:, start:end], buffer)
        yield end
    return network.logits(states[-1:])


@torch.inference_mode()
def _embed(network: Network, layout: Layout, pictures: Embeddings, start: int, end: int) -> Tensor:
    """Embed positions ``start`` to ``end``, text and pictures, of shape (end - start, D)."""
    embeddings = network.embed(layout.ids[start:end])
    for begin, picture in layout.pictures:
        first, last = max(begin, start), min(begin + picture.tokens, end)
        if first < last:
            rows = pictures(picture)[first - begin : last - begin]
            embeddings[first - start : last - start] = rows.to(embeddings)
    return embeddings


@dataclass(slots=True)
class Passes:
    """How many forward passes a reply took, and how many tokens they gave."""

    passes: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Decode:
    """How a reply's tokens are chosen and run."""

    network: Network
    buffer: KVBuffer
    sampler: Sampler
    # Makes the drafts, None for none. Called after the first token, which should not wait for it.
    lookup: Callable[[], Lookup] | None = None
    stepper: Stepper | None = None
    passes: Passes = field(default_factory=Passes)

    def tokens(self, logits: Tensor, position: int) -> Generator[Choice, None, None]:
        """Yield one token after the other, until closed or the buffer is full.

        ``logits`` of shape (1, V) follow the prompt, ``position`` is the first of the reply. The
        last token yielded is not in the buffer: it is run when the next is asked for, or with the
        next turn.

        A draft is copied from the prompt or the reply and verified in one pass; the choices are
        those that single steps would give, so drafts change the speed and nothing else.
        """
        draft: list[int] = []
        lookup = None
        while True:
            kept = self.buffer.filled - len(draft)
            choices = self.sampler.verify(logits, draft)
            self.buffer.truncate(kept + len(choices) - 1)
            self.passes.passes += 1
            self.passes.tokens += len(choices)
            yield from choices
            position += len(choices)
            room = self.buffer.capacity - self.buffer.filled - 1
            if room < 0:
                return
            chosen = [choice.token_id for choice in choices]
            if self.lookup is not None:
                lookup = lookup or self.lookup()
                lookup.extend(chosen)
                draft = lookup.draft()[:room]
            logits = self._advance([chosen[-1], *draft], position - 1)

    def _advance(self, ids: list[int], position: int) -> Tensor:
        if self.stepper is not None and len(ids) == 1:
            logits = self.stepper.step(ids[0], position, self.buffer)
            if logits is not None:
                return logits
        return self.network.extend(ids, position, self.buffer)
