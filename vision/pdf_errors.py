"""Why a PDF was refused; a page beyond the limits of pictures is refused as a picture is.

VisionError
 └─ ImageRefused
     ├─ PdfLocked         it asks for a password
     ├─ PdfBroken         damaged, cut off, or without a page
     └─ PdfTooManyPages   beyond a limit
"""

from collections.abc import Mapping
from typing import ClassVar

from vision.errors import ImageRefused
from vision.image_errors import refusals as picture_refusals


class PdfLocked(ImageRefused):
    """A PDF that asks for a password."""

    text: ClassVar[str] = "This PDF is locked: it asks for a password."
    way_out: ClassVar[str] = "Open it with its password, save it as a PDF without one, send that."


class PdfBroken(ImageRefused):
    """A file that begins like a PDF and cannot be drawn."""

    text: ClassVar[str] = "This PDF cannot be drawn: it is damaged or was cut off."
    way_out: ClassVar[str] = (
        "Get the file again, or open it in a program that shows it and send a picture of the page."
    )


class PdfTooManyPages(ImageRefused):
    """A PDF with more pages than ``Limits.max_pages``."""

    text: ClassVar[str] = "This PDF has {pages:,} pages; the limit is {limit:,}."
    way_out: ClassVar[str] = "Save the pages that matter as a PDF of their own, and send that."


def refusals() -> Mapping[str, type[ImageRefused]]:
    """Return the refusals that the worker may send, by the code it sends."""
    ours = (PdfLocked, PdfBroken, PdfTooManyPages)
    return {**picture_refusals(), **{cls.__name__: cls for cls in ours}}
