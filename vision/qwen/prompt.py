"""From messages to what the network runs: content keys, token ids and positions.

A prompt is built segment by segment and never tokenised as a whole: the ids of a reply are kept
from when the network made them, because tokenising its text again can give other ids and no KV
cache would match. A user's text is tokenised apart from the special tokens around it, so a typed
``<|image_pad|>`` stays text.

Token ids alone cannot tell two pictures apart: every image token is the same id. A prompt is
therefore compared by its *keys*: one number for each text token, and one ``PictureKey``, the full
digest and the grid, for all the tokens of a picture. A common prefix of keys then ends before a
picture or after it, never inside, and equal keys mean equal content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vision.qwen.errors import NothingToAnswer
from vision.qwen.patches import MERGE, Grid

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from vision.engine import Image, Message, Prompt

# Source: the chat template of Qwen2.5-VL, for a conversation without a system message.
DEFAULT_SYSTEM = "You are a helpful assistant."


@dataclass(frozen=True, slots=True)
class PictureKey:
    """Which picture, at which size: all that its image tokens depend on."""

    sha256: str
    grid: Grid

    @property
    def tokens(self) -> int:
        """Image tokens of the picture."""
        return self.grid.tokens

    @property
    def advance(self) -> int:
        """By how much the position moves on past the picture: its longer side in tokens."""
        return max(self.grid.h, self.grid.w) // MERGE


Key = int | PictureKey


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """A prompt as keys, and where to find the pictures they name."""

    keys: tuple[Key, ...]
    images: Mapping[PictureKey, Image]
    reply_ids: tuple[int, ...] = ()  # of a cut-off reply that the prompt ends with

    @property
    def tokens(self) -> int:
        """S, the positions of the prompt."""
        return length(self.keys)

    @property
    def image_tokens(self) -> int:
        """Of those, image tokens."""
        return sum(key.tokens for key in self.keys if isinstance(key, PictureKey))


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """Ids of the tokens between which a prompt's text stands."""

    message_start: int
    message_end: int
    vision_start: int
    vision_end: int
    image_pad: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> SpecialIds:
        """Look the ids up by name. Raise ``KeyError`` where the tokenizer is another model's."""
        names = ("im_start", "im_end", "vision_start", "vision_end", "image_pad")
        ids = {name: tokenizer.token_to_id(f"<|{name}|>") for name in names}
        for name, token_id in ids.items():
            if token_id is None:
                raise KeyError(name)
        return cls(*(token_id for token_id in ids.values() if token_id is not None))


class PromptBuilder:
    """Builds prompts with one tokenizer. Holds no conversation."""

    def __init__(self, tokenizer: Tokenizer, grid_of: Callable[[Image], Grid]) -> None:
        # Set once and for all: from here on special tokens come from us, by id, never from text.
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.special = SpecialIds.of(tokenizer)
        self.grid_of = grid_of

    def text_ids(self, text: str) -> list[int]:
        """Tokenise text in which special tokens are ordinary characters."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def build(self, prompt: Prompt) -> BuiltPrompt:
        """Turn ``prompt`` into keys. Raise ``NothingToAnswer`` when it asks for no reply."""
        messages = prompt.messages
        expected = "assistant" if prompt.resume else "user"
        if not messages or messages[-1].role != expected:
            raise NothingToAnswer
        images: dict[PictureKey, Image] = {}
        keys: list[Key] = []
        if messages[0].role != "system":
            keys += [*self._opening("system", DEFAULT_SYSTEM), *self._closing()]
        for message in messages[: -1 if prompt.resume else None]:
            keys += [*self._message(message, images), *self._closing()]
        keys += self._opening("assistant", "")
        reply_ids = self._reply_ids(messages[-1]) if prompt.resume else ()
        return BuiltPrompt((*keys, *reply_ids), images, reply_ids)

    def _message(self, message: Message, images: dict[PictureKey, Image]) -> list[Key]:
        """Build one message, without its end."""
        if message.role == "assistant" and message.token_ids:
            return [*self._opening("assistant", ""), *message.token_ids]
        if not message.images:
            return list(self._opening(message.role, message.text))
        keys: list[Key] = [*self._opening(message.role, "")]
        for image in message.images:
            picture = PictureKey(image.sha256, self.grid_of(image))
            images[picture] = image
            keys += [self.special.vision_start, picture, self.special.vision_end]
        return [*keys, *self.text_ids(message.text)]

    def _opening(self, role: str, text: str) -> list[int]:
        # As one span: a text that begins with a newline shares a token with the one after the role.
        return [self.special.message_start, *self.text_ids(f"{role}\n{text}")]

    def _closing(self) -> list[int]:
        return [self.special.message_end, *self.text_ids("\n")]

    def _reply_ids(self, message: Message) -> tuple[int, ...]:
        return message.token_ids or tuple(self.text_ids(message.text))


def length(keys: Sequence[Key]) -> int:
    """Count the positions that ``keys`` take."""
    return sum(1 if isinstance(key, int) else key.tokens for key in keys)


def shared(keys: Sequence[Key], others: Sequence[Key]) -> int:
    """Count the keys that both begin with; compared one by one, nothing hashed."""
    for index, (key, other) in enumerate(zip(keys, others, strict=False)):
        if key != other:
            return index
    return min(len(keys), len(others))


def whole(keys: Sequence[Key], positions: int) -> int:
    """Count the keys that lie completely within the first ``positions``."""
    taken = 0
    for index, key in enumerate(keys):
        taken += 1 if isinstance(key, int) else key.tokens
        if taken > positions:
            return index
    return len(keys)


def next_position(keys: Sequence[Key]) -> int:
    """Return the position number of the token after ``keys``."""
    return sum(1 if isinstance(key, int) else key.advance for key in keys)


@dataclass(frozen=True, slots=True)
class Layout:
    """A run of keys, laid out position by position."""

    ids: Tensor  # (S,), image tokens as ``image_pad``
    position_ids: Tensor  # (3, S): time, height, width
    pictures: tuple[tuple[int, PictureKey], ...]  # where each picture begins within the run


def lay_out(keys: Sequence[Key], first_position: int, image_pad: int) -> Layout:
    """Lay ``keys`` out, beginning at ``first_position``.

    A picture's tokens share one time and count rows and columns from where it begins; text after
    it goes on past its longer side. Source: transformers 5.23, Qwen2_5_VLModel.get_rope_index,
    whose positions a test compares with these.
    """
    ids: list[int] = []
    rows: list[Tensor] = []
    pictures: list[tuple[int, PictureKey]] = []
    position, text_from = first_position, 0
    for key in keys:
        if isinstance(key, int):
            ids.append(key)
            continue
        rows.append(_text_rows(position, len(ids) - text_from))
        position += len(ids) - text_from
        pictures.append((len(ids), key))
        rows.append(_picture_rows(position, key.grid))
        ids += [image_pad] * key.tokens
        position, text_from = position + key.advance, len(ids)
    rows.append(_text_rows(position, len(ids) - text_from))
    return Layout(torch.tensor(ids, dtype=torch.long), torch.cat(rows, dim=1), tuple(pictures))


def _text_rows(position: int, count: int) -> Tensor:
    return torch.arange(position, position + count).expand(3, -1)


def _picture_rows(position: int, grid: Grid) -> Tensor:
    axes = (torch.arange(grid.t), torch.arange(grid.h // MERGE), torch.arange(grid.w // MERGE))
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).reshape(3, -1) + position
