"""What a prompt wants of a picture's text, told by its words. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vision.engine import Job
from vision.reader import vocabulary as said
from vision.reader.rows import FieldName

Kind = Literal[
    "text", "table", "receipt", "fields", "price", "label", "find", "line", "count", "cannot",
]  # fmt: skip
_FEW = 4  # words; so short a prompt may be a label by itself
_SHORT = 60  # characters, where a language or a paste has no spaces
# Characters: a long prompt is pasted context with the question before or behind it, and the time
# that the patterns take grows with the square of its length.
HEAD, TAIL = 400, 200


@dataclass(frozen=True, slots=True)
class Intent:
    """What to look for, in the words of the prompt."""

    kind: Kind
    fields: tuple[FieldName, ...] = ()
    words: str = ""  # the label, the item or the phrase to look for
    number: int = 0  # of a line; -1 is the last
    refusal: said.Refusal = "chat"  # what it is that the reader cannot do
    picture: int = 0  # which of several, 1-based; -1 is the last, 0 is each of them


_BY_JOB: Mapping[Job, Intent] = {
    "text": Intent("text"),
    "table": Intent("table"),
    "receipt": Intent("receipt"),
    "describe": Intent("cannot", refusal="describe"),
    "html": Intent("cannot", refusal="html"),
    "compare": Intent("cannot", refusal="compare"),
}


def intent_of(text: str, job: Job | None = None) -> Intent:
    """Return what a prompt wants: the job's, or what its words say."""
    if job is not None:
        return _BY_JOB[job]
    picture, asked = picture_of(plain(text))
    return replace(_intent(asked), picture=picture)


def _intent(asked: str) -> Intent:
    if not asked or said.ALL_TEXT.search(asked):
        return Intent("text")
    for look in (_table, _refusal, _line, _find, _fields, _price, _text, _label):
        if intent := look(asked):
            return intent
    return Intent("label", words=asked) if _may_be_label(asked) else Intent("cannot")


def plain(text: str) -> str:
    """Return a prompt, or both ends of a long one, without manners and the marks at its end."""
    asked = " ".join(text.split())
    if len(asked) > HEAD + TAIL:
        asked = f"{asked[:HEAD]}\n{asked[-TAIL:]}"
    for pattern in said.MANNERS:
        asked = pattern.sub("", asked).strip()
    return asked


def picture_of(asked: str) -> tuple[int, str]:
    """Return the number of the one picture that is asked about, and the prompt without it.

    The number is -1 for the last picture, and 0 where none is named or more than one.
    """
    matches = [match for pattern in said.PICTURE for match in pattern.finditer(asked)]
    numbers = {_ordinal(next(filter(None, match.groups()))) for match in matches}
    if len(numbers) != 1 or said.PICTURES.search(asked):
        return 0, asked
    start, end = matches[0].span()
    return numbers.pop(), f"{asked[:start].strip()} {asked[end:].strip(' ,，呢')}".strip()


def _ordinal(word: str) -> int:
    known = said.ORDINALS.get(word.lower())
    return known or int(re.sub(r"\D", "", word))


def _may_be_label(words: str) -> bool:
    return len(words.split()) <= _FEW and len(words) <= _SHORT


def named(patterns: Sequence[re.Pattern[str]], asked: str) -> str:
    """Return what is asked for where the first of ``patterns`` fits, without quotes; or nothing."""
    match = next((m for pattern in patterns if (m := pattern.search(asked))), None)
    if not match:
        return ""
    around = " '\"“”‘’「」《》?？.。:：,，了吗呢的"
    words = re.sub(
        r"^(?:an?|the|any|word|words|text)\s+", "", match[1].strip(around), flags=re.IGNORECASE
    )
    return words.strip(around)


def _table(asked: str) -> Intent | None:
    return Intent("table") if said.TABLE.search(asked) else None


def _refusal(asked: str) -> Intent | None:
    refusal = next((name for name, pattern in said.REFUSALS if pattern.search(asked)), None)
    return Intent("cannot", refusal=refusal) if refusal else None


def _line(asked: str) -> Intent | None:
    if said.COUNT.search(asked):
        return Intent("count")
    match = next((m for pattern in said.LINE if (m := pattern.search(asked))), None)
    if not match:
        return None
    return Intent("line", number=_ordinal(match[1]))


def _find(asked: str) -> Intent | None:
    words = named(said.FIND, asked)
    return Intent("find", words=words) if words else None


def _fields(asked: str) -> Intent | None:
    """Name every field that is asked for, in the order of the prompt."""
    places: list[tuple[int, FieldName]] = []
    rest = asked
    for name, pattern in said.FIELDS:
        if match := pattern.search(rest):
            places.append((match.start(), name))
            rest = rest[: match.start()] + "\n" * len(match[0]) + rest[match.end() :]
    if not places:
        return None
    return Intent("fields", tuple(name for _, name in sorted(places)), named(said.LABEL, asked))


def _price(asked: str) -> Intent | None:
    words = named(said.PRICE, asked)
    return Intent("price", words=words) if words else None


def _text(asked: str) -> Intent | None:
    return Intent("text") if said.TEXT.search(asked) else None


def _label(asked: str) -> Intent | None:
    words = named(said.LABEL, asked)
    return Intent("label", words=words) if words and _may_be_label(words) else None
