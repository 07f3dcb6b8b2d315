"""Pictures as programs send them: inside the request. Nothing is fetched."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

from app.api.errors import DataUriBroken, PictureNotInline

_SHOWN = 60  # characters of an address that a sentence repeats


def from_data_uri(uri: str) -> bytes:
    """Return the bytes of a picture. Raise ``ImageRefused``.

    The media type that it names is not asked: the bytes say what they are.
    """
    if uri[:5].lower() != "data:":
        raise PictureNotInline(address=uri[:_SHOWN])
    head, comma, body = uri[5:].partition(",")
    if not comma:
        raise DataUriBroken(reason="it has no comma")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataUriBroken(reason="it is not base64") from error
