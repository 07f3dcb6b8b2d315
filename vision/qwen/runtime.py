"""What stands in memory between ``load`` and ``unload``, and how many bytes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vision.engine import group_of
from vision.image_errors import ImageGone
from vision.qwen import memory, vision_tower
from vision.qwen.decoding import Network
from vision.qwen.graphs import DecodeGraphs
from vision.qwen.kv import KVShape
from vision.qwen.kv_pool import KVPool
from vision.qwen.patches import Grid, grid_for, pixel_values
from vision.qwen.prompt import PictureKey, PromptBuilder
from vision.qwen.vision_cache import VisionCache

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vision.engine import Image
    from vision.images import Decoder
    from vision.qwen.loading import Loaded
    from vision.qwen.snapshots import Snapshots
    from vision.settings import EngineSettings

MIB = 1024**2
# Positions a forward pass runs at most. Stop waits for the pass under way; a CPU takes about half
# a second for so many on a small network.
CHUNK = {"cuda": 1024, "mps": 256, "cpu": 128}
# The buffer that CUDA graphs are captured over at load: so long, it rarely has to grow.
CUDA_BUFFER = 8_192
# Less free memory on a card than this, and picture embeddings wait in the machine's.
SHORT_BYTES = 2 * memory.GIB


@dataclass(slots=True)
class Runtime:
    """A loaded network, its caches, and what it learnt about this machine's limits."""

    settings: EngineSettings
    loaded: Loaded
    decoder: Decoder
    snapshots: Snapshots
    network: Network
    builder: PromptBuilder
    graphs: DecodeGraphs | None
    pool: KVPool
    vision: VisionCache
    budgets: dict[str, int]  # pictures that ran out of memory, by digest: their lowered max_pixels
    pixel_bytes: int = 0  # of the picture that is being encoded

    @property
    def chunk(self) -> int:
        """Positions that one forward pass of a prefill runs."""
        return CHUNK[self.loaded.device.type]

    @property
    def max_context(self) -> int:
        """Positions of a prompt and its reply."""
        return self.pool.max_context

    def buckets(self) -> Mapping[str, int]:
        """Count the bytes that ``release`` can give back."""
        return {
            "kv": self.pool.nbytes,
            "vision": self.vision.bytes,
            "pixels": self.pixel_bytes,
            "snapshots": self.snapshots.nbytes,
            "reserved": memory.reserved_bytes(self.loaded.devices),
        }

    def embeddings(self, picture: PictureKey, image: Image) -> Tensor:
        """Return a picture's embeddings, encoding it unless the cache has them."""
        key, group = (picture.sha256, picture.grid), group_of(self.pool.conversation)
        known = self.vision.get(key, group)
        if known is not None:
            return known
        pixels = self._pixels(picture, image)
        self.pixel_bytes = pixels.nbytes
        try:
            [encoded] = vision_tower.encode(self.network.model, pixels, [picture.grid])
        finally:
            self.pixel_bytes = 0
        self.vision.put(key, encoded, group)
        return encoded

    def bytes_for(self, tokens: int, image_tokens: int) -> int:
        """Return what a prompt keeps on the device: its KV cache, pixels and embeddings."""
        width: int = self.loaded.model.config.get_text_config().hidden_size
        embedding: int = width * self.loaded.model.dtype.itemsize
        # An image token is made of 2 x 2 patches, of 1,176 float32 values each.
        return tokens * self.pool.shape.position_bytes + image_tokens * (embedding + 4 * 1_176 * 4)

    def make_room(self) -> None:
        """Give back what a reply can do without, after an allocation failed."""
        self.pool.drop_buffer()
        self.pool.shrink()
        self.vision.release()
        memory.give_back(self.loaded.devices)

    def _pixels(self, picture: PictureKey, image: Image) -> Tensor:
        try:
            data = image.path.read_bytes()
        except OSError as error:
            raise ImageGone(sha256=picture.sha256[:12]) from error
        decoded = self.decoder.decode(data, picture.grid.size)
        if decoded.picture.sha256 != picture.sha256:
            raise ImageGone(sha256=picture.sha256[:12])
        tower: torch.device = self.network.model.model.visual.patch_embed.proj.weight.device
        return pixel_values(decoded.rgb, tower)


def start(
    settings: EngineSettings, loaded: Loaded, decoder: Decoder, snapshots: Snapshots
) -> Runtime:
    """Set the caches up around a loaded network."""
    budgets: dict[str, int] = {}
    network = Network(loaded.model, loaded.device)
    # Graphs need one card; bitsandbytes' int8 looks at its numbers in the middle of a pass.
    capturable = loaded.device.type == "cuda" and len(loaded.devices) == 1
    graphs = DecodeGraphs(network) if capturable and settings.quantization == "none" else None
    cuda = loaded.device.type == "cuda"
    return Runtime(
        settings=settings,
        loaded=loaded,
        decoder=decoder,
        snapshots=snapshots,
        network=network,
        builder=PromptBuilder(loaded.tokenizer, lambda image: grid_of(image, settings, budgets)),
        graphs=graphs,
        pool=KVPool(
            KVShape.of(loaded.model),
            settings.kv_cache_mib * MIB,
            min(
                settings.max_context, loaded.model.config.get_text_config().max_position_embeddings
            ),
            snapshots,
            on_move=graphs.forget if graphs else lambda: None,
            smallest=CUDA_BUFFER if graphs else None,
        ),
        vision=VisionCache(
            settings.vision_cache_mib * MIB,
            short=lambda: cuda and memory.free_bytes(loaded.device) < SHORT_BYTES,
        ),
        budgets=budgets,
    )


def grid_of(image: Image, settings: EngineSettings, budgets: Mapping[str, int]) -> Grid:
    """Return a picture's grid within the budget, the lowered one if it has one."""
    asked = image.max_pixels or settings.max_pixels
    max_pixels = min(asked, budgets.get(image.sha256, asked))
    return grid_for(image.width, image.height, min(settings.min_pixels, max_pixels), max_pixels)
