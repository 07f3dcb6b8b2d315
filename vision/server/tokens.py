"""What a prompt would cost on the server, without asking it: an estimate.

A picture costs what it costs Qwen2.5-VL: it is scaled so that both sides are multiples of 28, and
each 28 x 28 pixels are one token. Text is taken as four characters a token in ASCII, and a token a
character in other scripts, as Qwen's tokenizer makes of English and, on the safe side, Chinese.
The real figures come with each reply.
"""

import math
from collections.abc import Sequence

from vision.engine import Image, Message

SIDE = 28  # pixels along an image token's side
_MESSAGE = 5  # tokens of the chat template around a message
_PICTURE = 2  # and around a picture


def scaled(width: int, height: int, least: int, most: int) -> tuple[int, int]:
    """Return the width and height that Qwen2.5-VL scales a picture to.

    ``least`` and ``most`` are pixels. Source: qwen-vl-utils 0.0.14, ``smart_resize``; that
    package needs torch.
    """
    wide, high = (max(SIDE, round(side / SIDE) * SIDE) for side in (width, height))
    if wide * high > most:
        by = math.sqrt(width * height / most)
        # A strip of less than a token's width would vanish there.
        wide, high = (max(SIDE, int(side / by) // SIDE * SIDE) for side in (width, height))
    elif wide * high < least:
        by = math.sqrt(least / (width * height))
        wide, high = (math.ceil(side * by / SIDE) * SIDE for side in (width, height))
    return wide, high


def of_image(image: Image, least: int, most: int) -> int:
    """Estimate the tokens of a picture, within a budget of pixels."""
    wide, high = scaled(image.width, image.height, least, image.max_pixels or most)
    return wide * high // SIDE**2 + _PICTURE


def of_text(messages: Sequence[Message]) -> int:
    """Estimate the tokens of all text, the chat template's included."""
    tokens = 0
    for message in messages:
        others = sum(not character.isascii() for character in message.text)
        tokens += _MESSAGE + others + -(-(len(message.text) - others) // 4)
    return tokens
