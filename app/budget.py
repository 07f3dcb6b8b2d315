"""What a prompt would cost before it is sent: tokens by picture, room left, memory.

Runs while one types, so it never touches the queue, and remembers the sizes of pictures.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from app.translate import prompt_for
from history import Store, Turn
from vision.engine import Engine, Image, Message, Prompt, TokenCount
from vision.errors import VisionError
from vision.images import Decoder

Detail = Literal["fast", "auto", "max"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
# How many pixels of a picture the model sees: 512 tokens, what config.toml says, 5,120 tokens.
MAX_PIXELS: dict[Detail, int] = {"fast": 401_408, "auto": 0, "max": 4_014_080}
_REMEMBERED = 64  # pictures


class Budget:
    """Counts what a draft would cost on top of its conversation."""

    def __init__(self, store: Store, decoder: Decoder) -> None:
        self._store = store
        self._decoder = decoder
        self._images: OrderedDict[Path, Image] = OrderedDict()  # by upload; least recent first
        self._lock = threading.Lock()  # guards _images

    def count(
        self,
        engine: Engine,
        conversation_id: str | None,
        text: str,
        pictures: Sequence[Path],
        detail: Detail,
    ) -> TokenCount | None:
        """Return the cost of the conversation with a draft, or None where it cannot be told."""
        status = engine.status()
        if status.state != "ready":
            return None
        turns = self._store.turns(conversation_id) if conversation_id else []
        try:
            images = tuple(self._image(path, detail) for path in pictures)
            before: tuple[Message, ...] = ()
            if turns:
                asked = Turn(id=len(turns) + 1, timestamp="", prompt="")
                prompt = prompt_for([*turns, asked], conversation_id or "", self._store, status)
                before = prompt.messages[:-1]
            return engine.count_tokens(Prompt((*before, Message("user", text, images))))
        except (VisionError, OSError):
            return None  # said when it is sent; while one types, silence

    def _image(self, path: Path, detail: Detail) -> Image:
        with self._lock:
            known = self._images.get(path)
        if known is None:
            picture = self._decoder.check(path.read_bytes())
            known = Image(picture.sha256, path, picture.width, picture.height)
            with self._lock:
                self._images[path] = known
                while len(self._images) > _REMEMBERED:
                    self._images.popitem(last=False)
        return Image(known.sha256, path, known.width, known.height, MAX_PIXELS[detail])
