"""Why a picture was refused: one class for each sentence.

VisionError
 ├─ ImageRefused
 │   ├─ ImageEmpty, ImageTooManyBytes, ImageTooManyPixels, ImageTooManyScans, ImageTooNarrow
 │   │                                                                      beyond a limit
 │   ├─ ImageKindRefused, ImageKindUnknown, ImageColoursRefused             not what we read
 │   ├─ ImageBroken                                                         damaged or cut off
 │   ├─ ImageTooSlow, ImageTimedOut, ImageTakesTooMuchMemory, ImageDecoderDied
 │   │                                    it cost the worker its life, or would have
 │   └─ ImageGone         a stored picture whose file is no longer there
 └─ DecoderUnavailable   no picture's fault: the worker process does not start
"""

from collections.abc import Mapping
from typing import ClassVar

from vision.errors import ImageRefused, VisionError


class ImageEmpty(ImageRefused):
    """A file without bytes."""

    text: ClassVar[str] = "This file is empty: it has 0 bytes."
    way_out: ClassVar[str] = "Choose it again; perhaps it was not copied or saved to its end."


class ImageTooManyBytes(ImageRefused):
    """A file larger than ``Limits.max_bytes``."""

    text: ClassVar[str] = "This file has {size:,} bytes; the limit is {limit:,}."
    way_out: ClassVar[str] = "Save it smaller, for example as JPEG, and send that."


class ImageTooManyPixels(ImageRefused):
    """A picture larger than ``Limits.max_pixels``, by what its header says."""

    text: ClassVar[str] = (
        "This picture is {width:,} × {height:,} pixels, {megapixels:,.1f} megapixels; "
        "the limit is {limit:,.1f}."
    )
    way_out: ClassVar[str] = "Make it smaller, or cut out the part that matters, and send that."


class ImageTooNarrow(ImageRefused):
    """A strip, longer than ``Limits.max_aspect`` times its width."""

    text: ClassVar[str] = (
        "This picture is {width:,} × {height:,} pixels, its longer side {aspect:,.2f} times the "
        "shorter; the limit is {limit:,.0f} times."
    )
    way_out: ClassVar[str] = "Cut it into shorter pieces and send those."


class ImageTooManyScans(ImageRefused):
    """A JPEG that goes over its pixels again and again."""

    text: ClassVar[str] = (
        "This JPEG goes over its pixels {scans:,} times; the limit is {limit:,} times."
    )
    way_out: ClassVar[str] = "Save it again as plain JPEG or PNG, and send that."


class ImageKindRefused(ImageRefused):
    """A file of a kind we know and do not read."""

    text: ClassVar[str] = "This is a file of the kind {kind}, which is not read."
    way_out: ClassVar[str] = (
        "Save or export it as PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC or PDF, or send a "
        "screenshot of it."
    )


class ImageKindUnknown(ImageRefused):
    """A file whose first bytes we do not know."""

    text: ClassVar[str] = "This file does not begin like a picture or a PDF."
    way_out: ClassVar[str] = (
        "If a program on this machine shows it, save it there as PNG, JPEG, WebP, GIF, BMP, TIFF, "
        "AVIF, HEIC or PDF and send that."
    )


class ImageColoursRefused(ImageRefused):
    """A picture whose pixels we cannot turn into RGB."""

    text: ClassVar[str] = "This picture keeps its colours in a way that is not read: {mode}."
    way_out: ClassVar[str] = "Save it as PNG or JPEG in RGB and send that."


class ImageBroken(ImageRefused):
    """A file that begins like a picture and does not decode."""

    text: ClassVar[str] = "This {kind} picture cannot be decoded: it is damaged or was cut off."
    way_out: ClassVar[str] = (
        "Get the file again, or open it in a program that shows it and save it as PNG or JPEG."
    )


class ImageTooSlow(ImageRefused):
    """A picture that used up the CPU time of one of its size, or ``Limits.cpu_s``."""

    text: ClassVar[str] = (
        "Decoding this picture takes more computing time than its pixels are worth; no picture "
        "gets more than {limit:g} seconds."
    )
    way_out: ClassVar[str] = "Save it as PNG or plain JPEG, or smaller, and send that."


class ImageTimedOut(ImageRefused):
    """A picture that was not done within ``Limits.wall_s``."""

    text: ClassVar[str] = "Decoding this picture was not done after {limit:g} seconds, the limit."
    way_out: ClassVar[str] = "Send it again when this machine is less busy, or save it smaller."


class ImageTakesTooMuchMemory(ImageRefused):
    """A picture that wanted more memory than one of its size, or ``Limits.memory_bytes``."""

    text: ClassVar[str] = (
        "Decoding this picture takes more memory than the limit of {limit_mib:,.0f} MiB."
    )
    way_out: ClassVar[str] = "Save it as PNG or JPEG, or smaller, and send that."


class ImageDecoderDied(ImageRefused):
    """A picture under which the worker process ended or talked nonsense."""

    text: ClassVar[str] = "The decoder broke down on this picture and was stopped."
    way_out: ClassVar[str] = (
        "It is probably damaged: open it in a program that shows it, save it as PNG or JPEG, "
        "and send that."
    )


class ImageGone(ImageRefused):
    """A picture of the conversation is no longer where it was stored."""

    text: ClassVar[str] = "The picture {sha256} of this conversation is no longer on the disk."
    way_out: ClassVar[str] = "Send the picture again, or delete the turn that holds it."


class DecoderUnavailable(VisionError):
    """The worker process does not start, whatever the picture."""

    text: ClassVar[str] = "Pictures cannot be decoded: the decoder did not start ({reason})."
    way_out: ClassVar[str] = "Install Second Look again; the decoder needs pillow and pillow-heif."


def refusals() -> Mapping[str, type[ImageRefused]]:
    """Return the refusals a worker may send, by the code it sends."""
    told = (ImageTooManyPixels, ImageTooManyScans, ImageTooNarrow, ImageColoursRefused, ImageBroken)
    return {cls.__name__: cls for cls in (*told, ImageTakesTooMuchMemory)}
