"""Latin or Chinese: what a text is written in."""

import re

CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")


def has_cjk(text: str) -> bool:
    """Tell whether ``text`` has Chinese, Japanese or Korean characters."""
    return CJK.search(text) is not None


def letters(text: str) -> int:
    """Count letters; a Chinese one says, and is as wide, as two."""
    return sum(map(str.isalpha, text)) + len(CJK.findall(text))


def length(text: str) -> int:
    """Count characters other than spaces; a Chinese one is as wide as two."""
    return sum(not character.isspace() for character in text) + len(CJK.findall(text))
