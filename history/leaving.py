"""How turns leave in an export whose pictures have lost their metadata.

A picture that had some has another hash then, and its turns name that one. An import does the same
to the turns that are here, and so knows its own when they come back.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from history.metadata import without_metadata
from history.record import seal
from history.store import Store
from history.turn import ImageRef, decode


def hashes_of(
    images: Iterable[ImageRef], leaving: Callable[[ImageRef], bytes | None]
) -> Iterator[tuple[str, str]]:
    """Yield the hash of each picture that can leave, and that of its bytes as they leave."""
    for image in images:
        if (picture := leaving(image)) is not None:
            yield image.sha256, hashlib.sha256(picture).hexdigest()


def renamed(record: bytes, hashes: Mapping[str, str]) -> bytes:
    """Return a record that names pictures by the hash that they leave with."""
    changed = record
    for here, leaving in hashes.items():
        changed = changed.replace(here.encode("ascii"), leaving.encode("ascii"))
    return record if changed == record else seal(json.loads(changed))


def as_they_leave(store: Store, turns: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return turns' files as an export without metadata has them. Raise ``ValueError``."""

    def leaving(image: ImageRef) -> bytes | None:
        try:
            content = store.image_path(image.sha256, image.format).read_bytes()
            return without_metadata(content, image.format)
        except (OSError, ValueError):
            return None  # an export leaves it out, and its hash as it was

    images = {each for record in turns.values() for each in decode(record).images}
    hashes = dict(hashes_of(images, leaving))
    return {name: renamed(record, hashes) for name, record in turns.items()}
