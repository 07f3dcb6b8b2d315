"""A conversation's name, made from its first prompt."""

import unicodedata

MAX_TITLE = 60  # columns: as many letters, or half as many Chinese characters
LONGEST_READ = 2_000  # characters of a prompt that a title is made from
# A cut may fall behind these without a space: Chinese and Japanese have none between words.
PAUSES = "，。！？；：、,.!?;:)]）】》」"
JOINERS = "\u200c\u200d"  # part of Persian words and of emoji; other invisible marks are dropped


def title_from(prompt: str) -> str:
    """Return the beginning of ``prompt`` as one line of at most ``MAX_TITLE`` columns.

    A cut falls behind a word or, in scripts without spaces, behind any character, and shows as
    "…". Control characters and marks that turn the direction of text are left out: a title
    stands in a list, among others.
    """
    line = " ".join(_visible(prompt.lstrip()[:LONGEST_READ]).split())
    fitting = _fitting(line, MAX_TITLE)
    if fitting == len(line):
        return line
    cut = _whole_characters(line, _fitting(line, MAX_TITLE - 1))
    return line[: _word_end(line, cut)].rstrip() + "…"


def _visible(text: str) -> str:
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cc":
            kept.append(" ")
        elif category[0] != "C" or category == "Co" or character in JOINERS:
            kept.append(character)
    return "".join(kept)


def _fitting(line: str, columns: int) -> int:
    """Return how many characters of ``line`` fit into ``columns``."""
    for index, character in enumerate(line):
        columns -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns < 0:
            return index
    return len(line)


def _whole_characters(line: str, cut: int) -> int:
    """Move ``cut`` back until no accent or emoji is torn apart there."""
    while cut > 1 and (_joins(line[cut]) or line[cut - 1] == "\u200d"):
        cut -= 1
    return cut


def _joins(character: str) -> bool:
    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return skin_tone or character in JOINERS or unicodedata.category(character)[0] == "M"


def _word_end(line: str, cut: int) -> int:
    """Move ``cut`` back to the end of a word, unless that costs more than half of the line."""
    if not _within_word(line, cut):
        return cut
    for end in range(cut - 1, cut // 2, -1):
        if not _within_word(line, end):
            return end
    return cut


def _within_word(line: str, cut: int) -> bool:
    before, after = line[cut - 1], line[cut]
    if before in PAUSES or before.isspace() or after.isspace():
        return False
    return not (_wide(before) or _wide(after)) or _joins(after) or before in JOINERS


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
