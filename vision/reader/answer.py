"""The reader's reply to a prompt, from the lines it read. Pure: lines in, text out, by row.

Every value is quoted with the line it stands in, numbered as in the text. What is not among the
lines is said not to be there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vision.engine import Line
from vision.reader import fields, lookup, tables
from vision.reader.intents import Intent
from vision.reader.layout import rows as rows_of
from vision.reader.phrases import Phrases
from vision.reader.rows import FieldName, Rows, said

MOST = 12  # lines quoted, or labels named, in one sentence


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a prompt with ``count`` pictures: on each of ``pictures``, or ``alone``."""

    intent: Intent
    count: int
    phrases: Phrases

    @property
    def pictures(self) -> Sequence[int]:
        """The numbers of the pictures that must be read for the reply, 1-based."""
        chosen = self.count if self.intent.picture < 0 else self.intent.picture
        if chosen:
            return [chosen] if chosen <= self.count else []
        # The text of one picture helps who asked for something else; that of many hides the reply.
        return [] if self.intent.kind == "cannot" and self.count > 1 else range(1, self.count + 1)

    def alone(self) -> str:
        """Return the reply where no picture must be read for it."""
        phrases, number = self.phrases, self.intent.picture
        if not self.count:
            return phrases.space.join((phrases.no_picture, phrases.instead))
        if number > self.count:
            return phrases.no_image.format(number=number, count=self.count)
        return phrases.space.join((self._refusal(), phrases.or_text))

    def on(self, number: int, lines: Sequence[Line]) -> Iterator[str]:
        """Yield what the reply says on picture ``number``, in pieces of a row."""
        is_first = number == self.pictures[0]
        if refused := is_first and self.intent.kind == "cannot":
            yield self._refusal()
        if not lines and self.count > 1:
            return  # said once, of all of them
        before = "\n\n" if refused or not is_first else ""
        if self.count > 1:
            before += f"**{self.phrases.image.format(number=number)}**\n\n"
        for i, piece in enumerate(_about(self.intent, lines, self.phrases)):
            yield (before if i == 0 else "\n") + piece

    def without_text(self, numbers: Sequence[int]) -> Iterator[str]:
        """Yield what is said, once and at the end, of several pictures that hold no text."""
        if self.count == 1 or not numbers:
            return
        phrases = self.phrases
        everywhere = len(numbers) == len(self.pictures)
        if everywhere and len(numbers) > 1:
            yield phrases.no_text_at_all
            return
        names = phrases.comma.join(phrases.image.format(number=number) for number in numbers)
        yield ("" if everywhere else "\n\n") + phrases.no_text_in.format(names=names)

    def _refusal(self) -> str:
        phrases = self.phrases
        return phrases.space.join((phrases.cannot[self.intent.refusal], phrases.instead))


def _about(intent: Intent, lines: Sequence[Line], phrases: Phrases) -> Iterator[str]:
    """Yield the rows of the reply on one picture."""
    rows = rows_of(lines)
    if not rows:
        yield phrases.no_text
    elif intent.kind == "text":
        yield from _as_it_is(rows)
    elif intent.kind == "cannot":
        yield phrases.text
        yield from _quoted_text(rows)
    elif intent.kind == "table":
        yield from _table(lines, rows, phrases)
    elif intent.kind == "receipt":
        yield from _receipt(rows, phrases)
    else:
        yield from _asked(intent, rows, phrases)


def _asked(intent: Intent, rows: Rows, phrases: Phrases) -> Iterator[str]:
    if intent.kind == "count":
        yield phrases.lines.format(count=len(rows))
    elif intent.kind == "line":
        yield _line(intent.number, rows, phrases)
    elif intent.kind == "find":
        yield _mentions(intent.words, rows, phrases)
    elif intent.kind == "fields":
        words = intent.words if len(intent.fields) == 1 else ""
        for i, name in enumerate(intent.fields):
            yield "\n" * (i > 0) + _field(name, words, rows, phrases)
    elif intent.kind == "price":
        found = lookup.price(intent.words, rows)
        yield _found(phrases.priced, intent.words, found, rows, phrases)
    else:
        yield _labelled(intent.words, rows, phrases)


def _quoted_text(rows: Rows) -> Iterator[str]:
    """Yield the text as a paragraph of its own."""
    yield ""
    yield from _as_it_is(rows)


def _as_it_is(rows: Rows) -> Iterator[str]:
    """Yield the rows as Markdown that shows them as they are: a receipt is full of * and #."""
    yield "~~~~"
    yield from map(said, rows)
    yield "~~~~"


def _table(lines: Sequence[Line], rows: Rows, phrases: Phrases) -> Iterator[str]:
    if table := tables.table(lines):
        parts = (
            [tables.escaped(text) for text in table.above],
            tables.markdown(table.cells).split("\n"),
            [tables.escaped(text) for text in table.below],
        )
        for i, part in enumerate(part for part in parts if part):
            yield from [""] * bool(i) + part
    else:
        yield phrases.no_table
        yield from _quoted_text(rows)


def _receipt(rows: Rows, phrases: Phrases) -> Iterator[str]:
    found = fields.find_all(rows)
    if not found:
        yield phrases.no_receipt
        yield from _quoted_text(rows)
        return
    yield tables.markdown_row([phrases.field, phrases.value, phrases.where])
    yield tables.markdown_row(["---"] * 3)
    for field in found:
        where = ", ".join(map(str, lookup.numbers(rows, field.lines)))
        yield tables.markdown_row([phrases.names[field.name].capitalize(), field.value, where])
    yield ""
    yield phrases.text
    yield from _quoted_text(rows)


def _line(number: int, rows: Rows, phrases: Phrases) -> str:
    index = len(rows) if number < 0 else number
    if not 1 <= index <= len(rows):
        return phrases.no_line.format(number=number, count=len(rows))
    sentence = _places([index], rows, phrases)
    return sentence[0].upper() + sentence[1:]


def _mentions(words: str, rows: Rows, phrases: Phrases) -> str:
    found = [i + 1 for i in lookup.mentions(words, rows)]
    if not found:
        return phrases.no_mention.format(count=len(rows), words=words)
    places = _places(found[:MOST], rows, phrases)
    return phrases.mentions.format(count=len(found), words=words, places=places)


def _field(name: FieldName, words: str, rows: Rows, phrases: Phrases) -> str:
    """Return the sentence on a field; a label in the prompt's own words goes before our rules."""
    own = lookup.beside(words, rows) if words and name in ("number", "merchant") else None
    field = fields.find(name, rows)
    found = lookup.Found(field.value, field.lines) if field else None
    return _found(phrases.found, phrases.names[name], own or found, rows, phrases)


def _labelled(words: str, rows: Rows, phrases: Phrases) -> str:
    """Return the sentence on what stands beside ``words``; else on where they stand, if at all."""
    found = lookup.beside(words, rows)
    if found and found.value:
        return _found(phrases.found, words, found, rows, phrases)
    if lookup.mentions(words, rows):
        return _mentions(words, rows, phrases)
    return phrases.space.join((phrases.unknown.format(words=words), *_there_is(rows, phrases)))


def _found(
    sentence: str, name: str, found: lookup.Found | None, rows: Rows, phrases: Phrases
) -> str:
    """Return ``sentence`` on what was found; else that it was not, and what there is instead."""
    if found and found.value:
        places = _places(lookup.numbers(rows, found.lines), rows, phrases)
        return sentence.format(name=name, value=tables.escaped(found.value), places=places)
    return phrases.space.join((phrases.not_found.format(name=name), *_there_is(rows, phrases)))


def _there_is(rows: Rows, phrases: Phrases) -> Iterator[str]:
    """Yield the sentences on what can be asked for instead."""
    if others := [phrases.names[field.name] for field in fields.find_all(rows)]:
        yield phrases.but_found.format(names=phrases.comma.join(others))
    if labels := lookup.labels(rows, MOST):
        yield phrases.but_labels.format(labels=phrases.comma.join(map(quote, labels)))


def _places(numbers: Sequence[int], rows: Rows, phrases: Phrases) -> str:
    return phrases.between.join(
        phrases.at.format(number=number, quote=quote(said(rows[number - 1]))) for number in numbers
    )


def quote(text: str) -> str:
    """Return ``text`` as Markdown shows it, letter by letter."""
    marks = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{marks}{space}{text}{space}{marks}"
