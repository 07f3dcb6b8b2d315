"""One reply, from prompt to last chunk: pictures, prefill, decode, and what may cut it short.

Between any two steps the cancel event and the clock are looked at. Whatever happens, a stop, an
error or a reader who leaves, the KV cache keeps exactly the positions that were run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vision.engine import Chunk, FinishReason, Progress, Prompt, SamplingParams, Usage
from vision.grounding import found_fields
from vision.qwen import memory
from vision.qwen.decoding import Decode, Passes, prefill
from vision.qwen.errors import LogitsNotFinite, OutOfMemory, PromptTooLong
from vision.qwen.lookup import Lookup
from vision.qwen.loops import LoopGuard
from vision.qwen.prompt import BuiltPrompt, Key, PictureKey, lay_out, length, next_position
from vision.qwen.sampling import Choice, Sampler
from vision.qwen.text import Detokenizer

if TYPE_CHECKING:
    from threading import Event

    from tokenizers import Tokenizer
    from torch import Tensor

    from vision.qwen.runtime import Runtime

log = logging.getLogger(__name__)

# No picture is scaled below this for lack of memory: 16 tokens.
LEAST_PIXELS = 12_544


@dataclass(slots=True)
class _Reply:
    """What has come of a reply so far."""

    params: SamplingParams
    cancel: Event
    started: float = field(default_factory=time.monotonic)
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    first_text_at: float | None = None
    keep: int | None = None  # characters that stand, once the rest was found to be a loop
    passes: Passes = field(default_factory=Passes)

    def cut_short(self) -> FinishReason | None:
        """Say why the reply must end now, or None."""
        if self.cancel.is_set():
            return "cancelled"
        late = time.monotonic() - self.started > self.params.max_seconds
        return "length" if late or len(self.ids) >= self.params.max_new_tokens else None

    def take(self, choice: Choice) -> None:
        """Add a token."""
        self.ids.append(choice.token_id)
        if choice.logprob is not None:
            self.logprobs.append(choice.logprob)

    def cut_to(self, tokens: int, characters: int) -> None:
        """Keep the first ``tokens``, which are the first ``characters``; the rest was a loop."""
        del self.ids[tokens:], self.logprobs[tokens:]
        self.keep = characters


def run(
    runtime: Runtime, prompt: Prompt, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield the reply to ``prompt``; once more with smaller pictures if memory runs out."""
    reply = _Reply(params, cancel)
    for last_try in (False, True):
        try:
            yield from _attempt(runtime, prompt, reply)
        except Exception as error:
            # Whoever keeps the error, in a log record or a debugger, shall not keep tensors.
            memory.forget_frames(error)
            if not memory.is_out_of_memory(error):
                raise
        else:
            return
        # The error and its frames are gone here, and with them the tensors of the failed pass.
        built = runtime.builder.build(prompt)
        runtime.make_room()
        if last_try or reply.ids:
            break
        yield Chunk(notice=_step_down(runtime, built))
    log.warning("out of memory tokens=%d images=%d", built.tokens, built.image_tokens)
    raise OutOfMemory(
        device=str(runtime.loaded.device),
        prompt_tokens=built.tokens,
        image_tokens=built.image_tokens,
    )


def _step_down(runtime: Runtime, built: BuiltPrompt) -> str:
    """Halve the pixel budget of the prompt's pictures; say so."""
    if not built.images:
        return "Memory ran out; caches were emptied for another try."
    for picture in built.images:
        pixels = picture.grid.size[0] * picture.grid.size[1]
        runtime.budgets[picture.sha256] = max(LEAST_PIXELS, pixels // 2)
    return "Memory ran out; the pictures of this conversation are read at half their pixels."


def _attempt(runtime: Runtime, prompt: Prompt, reply: _Reply) -> Generator[Chunk, None, None]:
    """Try the whole reply once; the KV cache is settled on every way out."""
    built = runtime.builder.build(prompt)
    room = runtime.max_context - built.tokens
    if room < 1:
        raise PromptTooLong(
            prompt_tokens=built.tokens,
            image_tokens=built.image_tokens,
            max_context=runtime.max_context,
        )
    memory.start_peak(runtime.loaded.device)
    keys = built.keys
    # Outside of try: a pool that could not be opened still holds what it held, and not ``keys``.
    _, cached = runtime.pool.open(prompt.conversation, keys, reply.params.max_new_tokens)
    try:
        logits = yield from _prefilled(runtime, built, cached, reply)
        finish = reply.cut_short()
        if logits is not None and finish is None:
            finish = yield from _decoded(runtime, built, logits, reply)
        assert finish is not None
        last = _last_chunk(runtime, built, cached, reply, finish)
        text = runtime.loaded.tokenizer.decode(list(last.token_ids))
        fields = found_fields(text, prompt, lambda image: runtime.builder.grid_of(image).size)
        yield replace(last, fields=fields)
    except LogitsNotFinite:
        runtime.pool.drop_buffer()  # its numbers are not to be gone on from
        raise
    finally:
        runtime.pool.settle([*keys, *reply.ids])


def _prefilled(
    runtime: Runtime, built: BuiltPrompt, cached: int, reply: _Reply
) -> Generator[Chunk, None, Tensor | None]:
    """Run what the KV cache lacks; return the next token's logits, or None when cut short."""
    started = time.monotonic()
    rest = built.keys[cached:]
    pictures = yield from _encoded(runtime, built, rest, reply)
    if pictures is None:
        return None
    layout = lay_out(rest, next_position(built.keys[:cached]), runtime.builder.special.image_pad)
    before, total = built.tokens - len(layout.ids), built.tokens
    assert runtime.pool.buffer is not None
    steps = prefill(
        runtime.network, layout, pictures.__getitem__, runtime.pool.buffer, runtime.chunk
    )
    with closing(steps):
        while reply.cut_short() is None:
            try:
                done = next(steps)
            except StopIteration as end:
                runtime.snapshots.rates.saw_prefill(len(layout.ids), time.monotonic() - started)
                logits: Tensor = end.value
                return logits
            yield Chunk(progress=Progress("prefill", before + done, total, "tokens"))
    return None


def _encoded(
    runtime: Runtime, built: BuiltPrompt, rest: tuple[Key, ...], reply: _Reply
) -> Generator[Chunk, None, Mapping[PictureKey, Tensor] | None]:
    """Return the embeddings of the pictures among ``rest``, or None when cut short."""
    wanted = dict.fromkeys(key for key in rest if isinstance(key, PictureKey))
    embeddings: dict[PictureKey, Tensor] = {}
    for picture in wanted:
        if reply.cut_short() is not None:
            return None
        yield Chunk(progress=Progress("images", len(embeddings) + 1, len(wanted), "images"))
        embeddings[picture] = runtime.embeddings(picture, built.images[picture])
    return embeddings


def _decoded(
    runtime: Runtime, built: BuiltPrompt, logits: Tensor, reply: _Reply
) -> Generator[Chunk, None, FinishReason]:
    """Yield the reply's text piece by piece; return why it ended."""
    text_ids = [key for key in built.keys if isinstance(key, int)]
    sampler = Sampler(reply.params, logits.device)
    sampler.see(text_ids)
    assert runtime.pool.buffer is not None
    decode = Decode(
        runtime.network,
        runtime.pool.buffer,
        sampler,
        # Drafts are exact for sampling, too, but seldom right.
        lookup=(lambda: Lookup(text_ids, runtime.loaded.end_ids))
        if reply.params.temperature == 0
        else None,
        stepper=runtime.graphs,
        passes=reply.passes,
    )
    tokenizer = runtime.loaded.tokenizer
    detokenizer = Detokenizer(tokenizer, built.reply_ids)
    guard = LoopGuard(lambda ids: tokenizer.decode(list(ids)))
    finish: FinishReason | None = None
    with closing(decode.tokens(logits, next_position(built.keys))) as choices:
        for choice in choices:
            if choice.token_id in runtime.loaded.end_ids:
                finish = "stop"
                break
            reply.take(choice)
            yield from _shown(reply, detokenizer.push(choice.token_id))
            keep = guard.push(choice.token_id)
            if keep is not None:
                reply.cut_to(keep, _characters(tokenizer, built.reply_ids, reply.ids[:keep]))
                return "loop"
            finish = reply.cut_short()
            if finish is not None:
                break
    yield from _shown(reply, detokenizer.flush())
    return finish or "length"  # none of these: the context is full


def _characters(tokenizer: Tokenizer, before: tuple[int, ...], ids: list[int]) -> int:
    """Count the characters that were shown of ``ids``."""
    detokenizer = Detokenizer(tokenizer, before)
    return sum(len(detokenizer.push(token_id)) for token_id in ids)


def _shown(reply: _Reply, text: str) -> Generator[Chunk, None, None]:
    """Yield a piece of text, if there is one."""
    if text:
        reply.first_text_at = reply.first_text_at or time.monotonic()
        yield Chunk(text=text)


def _last_chunk(
    runtime: Runtime, built: BuiltPrompt, cached: int, reply: _Reply, finish: FinishReason
) -> Chunk:
    """Sum the reply up."""
    now = time.monotonic()
    first = reply.first_text_at or now
    usage = Usage(
        prompt_tokens=built.tokens,
        cached_tokens=length(built.keys[:cached]),
        image_tokens=built.image_tokens,
        new_tokens=len(reply.ids),
        first_token_ms=(first - reply.started) * 1000,
        decode_ms=(now - first) * 1000,
        peak_bytes=memory.peak_bytes(runtime.loaded.device),
    )
    log.info(
        "turn done tokens=%d cached=%d new=%d passes=%d first_ms=%.0f decode_ms=%.0f finish=%s",
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.new_tokens,
        reply.passes.passes,
        usage.first_token_ms,
        usage.decode_ms,
        finish,
    )
    return Chunk(
        finish_reason=finish,
        usage=usage,
        token_ids=(*built.reply_ids, *reply.ids),
        logprobs=tuple(reply.logprobs),
        keep=reply.keep,
    )
