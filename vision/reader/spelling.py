"""What the recogniser is known to mistake in words, and how they are spelt. Pure.

Only what can be nothing else is put right: an I within a word of small letters is an l, and an
accent in a text that has no others is a stain.
"""

import re
import unicodedata

_FEW = 3  # letters with accents; a language that has them has more on a page
# "SeIangor", "JIn", "BIk"; not "McIntosh".
_I_FOR_L = re.compile(r"(?<![^\W\d_])(?!Ma?c)([^\W\d_]+)I(?=[a-z])")


def spelt(text: str, *, has_accents: bool) -> str:
    """Return words as they are spelt; ``has_accents`` says that the page's language has them."""
    text = text.replace("_", " ")
    while (mended := _I_FOR_L.sub(r"\1l", text)) != text:
        text = mended
    return text if has_accents else without_accents(text)


def without_accents(text: str) -> str:
    """Return ``text`` with its Latin letters bare."""
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(
        c for i, c in enumerate(parts) if not (unicodedata.combining(c) and parts[i - 1].isascii())
    )
    return unicodedata.normalize("NFC", bare)


def uses_accents(text: str) -> bool:
    """Tell whether a page's text is in a language with accents."""
    bare = without_accents(text)
    return sum(a != b for a, b in zip(text, bare, strict=False)) >= _FEW
