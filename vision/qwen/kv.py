"""The KV cache of one sequence: a static buffer that the network writes into.

Appending copies nothing (``torch.cat`` costs 10 to 240 times more at 2k to 8k tokens), truncating
sets a number, and the addresses stay the same until the buffer grows, which CUDA graphs need. The
network reads views of the filled part, so a prefill costs no more than with an exact cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLForConditionalGeneration

Layers = tuple[Tensor, ...]  # one for each of L layers: (2, H, S, D), keys then values


@dataclass(frozen=True, slots=True)
class KVShape:
    """What one position's keys and values look like."""

    heads: int
    width: int
    dtype: torch.dtype
    devices: tuple[torch.device, ...]  # one for each layer

    @property
    def position_bytes(self) -> int:
        """Bytes of one position, all layers."""
        return 2 * self.heads * self.width * self.dtype.itemsize * len(self.devices)

    @classmethod
    def of(cls, model: Qwen2_5_VLForConditionalGeneration) -> KVShape:
        """Read the shape from a loaded network, whose layers may lie on several cards."""
        text = model.config.get_text_config()
        layers = model.model.language_model.layers
        return cls(
            heads=text.num_key_value_heads,
            width=text.hidden_size // text.num_attention_heads,
            dtype=layers[0].input_layernorm.weight.dtype,
            devices=tuple(layer.input_layernorm.weight.device for layer in layers),
        )


@dataclass(slots=True)
class _Cursor:
    """How many positions are filled.

    Its own object: layers that knew the cache would be a cycle, and its memory would come back only
    when the garbage collector runs.
    """

    filled: int = 0


class _BufferLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's part of the buffer, as transformers' attention sees it."""

    is_sliding = False

    def __init__(self, memory: Tensor, cursor: _Cursor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.cursor = cursor
        self.is_initialized = True
        self.use(memory)

    def use(self, memory: Tensor) -> None:
        """Work in ``memory``, of shape (2, 1, H, capacity, D)."""
        self.memory = memory
        self.keys, self.values = memory  # where transformers looks for them

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Do nothing: the memory is there from the start."""

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *_args: Any,  # Any: whatever transformers' Cache passes on
        **_kwargs: Any,
    ) -> tuple[Tensor, Tensor]:
        """Write after the filled positions; return views of all. The cursor stays where it is."""
        start = self.cursor.filled
        end = start + key_states.shape[-2]
        keys, values = self.memory
        keys[:, :, start:end] = key_states
        values[:, :, start:end] = value_states
        return keys[:, :, :end], values[:, :, :end]

    def get_seq_length(self) -> int:
        """Return the filled positions."""
        return self.cursor.filled

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return the length and the offset of the keys that ``update`` will return."""
        return self.cursor.filled + query_length, 0

    def get_max_length(self) -> int:
        """Return the capacity."""
        return int(self.memory.shape[-2])


class KVBuffer(Cache):
    """Preallocated keys and values of one sequence.

    Positions count once ``advance`` says so, after the forward pass that wrote them: a pass that
    fails half way leaves nothing behind.
    """

    def __init__(self, shape: KVShape, capacity: int) -> None:
        self.shape = shape
        self.capacity = capacity
        self._cursor = _Cursor()
        memories = (self._memory(capacity, device) for device in shape.devices)
        self.own_layers = [_BufferLayer(memory, self._cursor) for memory in memories]
        super().__init__(layers=[*self.own_layers])

    def _memory(self, capacity: int, device: torch.device) -> Tensor:
        size = (2, 1, self.shape.heads, capacity, self.shape.width)
        # Zeros: a decode over a whole bucket masks what is not filled, and a masked NaN is a NaN.
        return torch.zeros(size, dtype=self.shape.dtype, device=device)

    @property
    def filled(self) -> int:
        """S, the positions whose keys and values count."""
        return self._cursor.filled

    @property
    def nbytes(self) -> int:
        """Bytes of the whole buffer, filled or not."""
        return sum(layer.memory.nbytes for layer in self.own_layers)

    def advance(self, positions: int) -> None:
        """Count what the last forward pass wrote."""
        assert self.filled + positions <= self.capacity
        self._cursor.filled += positions

    def truncate(self, positions: int) -> None:
        """Keep the first ``positions``; costs nothing."""
        assert 0 <= positions <= self.filled
        self._cursor.filled = positions

    def grow(self, capacity: int) -> None:
        """Make room for ``capacity`` positions: new addresses, the same content.

        Layer by layer, so that old and new are never in memory together. After an error the buffer
        must not be used again.
        """
        for layer, device in zip(self.own_layers, self.shape.devices, strict=True):
            memory = self._memory(capacity, device)
            memory[..., : self.filled, :].copy_(layer.memory[..., : self.filled, :])
            layer.use(memory)
        self.capacity = capacity

    def views(self) -> Layers:
        """Show the filled positions, without copying."""
        return tuple(layer.memory[:, 0, :, : self.filled] for layer in self.own_layers)

    def copy_out(self) -> Layers:
        """Copy the filled positions."""
        return tuple(view.clone(memory_format=torch.contiguous_format) for view in self.views())

    def copy_in(self, layers: Layers, positions: int) -> None:
        """Fill the buffer with the first ``positions`` of ``layers``, in place of what it held."""
        self._cursor.filled = 0
        for mine, theirs in zip(self.own_layers, layers, strict=True):
            mine.memory[:, 0, :, :positions].copy_(theirs[:, :, :positions])
        self._cursor.filled = positions
