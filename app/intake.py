"""Pictures on their way in: decoded once to prove that they decode, then stored."""

from dataclasses import dataclass

from history import ImageRef, Store
from vision.images import Decoder, Picture

THUMBNAIL_SIDE = 640  # pixels: twice what the page shows, for sharp screens


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it came: its name is shown and never trusted."""

    name: str
    data: bytes


def take_in(upload: Upload, decoder: Decoder, store: Store) -> Picture:
    """Store a picture and its thumbnail. Raise ``ImageRefused`` with nothing stored."""
    picture, thumbnail = decoder.intake(upload.data, THUMBNAIL_SIDE)
    store.put_image(upload.data, picture.sha256, picture.format)
    store.put_thumbnail(picture.sha256, thumbnail)
    return picture


def image_ref(name: str, picture: Picture) -> ImageRef:
    """Return what a turn says of a picture."""
    return ImageRef(picture.sha256, picture.format, picture.width, picture.height, name)
