"""A receipt's fields, items and sums as ``receipt.js`` draws them: there, corrected, or taken out.

Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.page.i18n import Words
from app.page.render import printable
from app.receipt_corrections import AMOUNTS, TEXTS, kind_of
from history import Turn
from history.corrections import at
from history.fields import value_of
from history.receipts_seen import is_doubtful

# Any in this module is whatever JSON can hold.

Drawn = dict[str, Any]

FACTS = ("merchant", "date", "time", "number", "address", "tax_id", "phone", "buyer", "currency",
         "payment_method")  # fmt: skip
SUMS = ("subtotal", "discounts", "service", "taxes", "rounding", "tip", "total", "paid", "change")
CELLS = ("name", "quantity", "unit_price", "discount", "tax_mark", "amount")
NAMES = (*TEXTS, *AMOUNTS, "date", "time")  # of fields that stand alone

_SHORT = 3  # letters of a tax's name, such as "SR", that say nothing alone
_ALWAYS = (".merchant", ".date", ".total")  # shown also where they were not found


@dataclass(frozen=True, slots=True)
class Fields:
    """Draws what stands at paths of a turn's fields."""

    turn: Turn
    found: Mapping[str, Any]  # its fields with the corrections in place
    words: Words

    def facts(self, start: str) -> list[Drawn]:
        """Return the fields that say who, when and where."""
        fields = (self.field(f"{start}.{name}", self._label(name)) for name in FACTS)
        return [field for field in fields if is_shown(field)]

    def sums(self, start: str) -> list[Drawn]:
        """Return the amounts that lead to the total, and those that come after it."""
        fields = (field for name in SUMS for field in self._sums(start, name))
        return [field for field in fields if is_shown(field)]

    def missing(self, start: str) -> list[Drawn]:
        """Return the fields that a receipt does not have, and that the user may add."""
        alone = (self.field(f"{start}.{name}", self._label(name)) for name in NAMES)
        absent = [field for field in alone if not is_shown(field)]
        lists = (
            self.field(f"{start}.{name}.{len(self.listed(f'{start}.{name}'))}", self._label(name))
            for name in ("discounts", "taxes")
        )
        return [*absent, *lists]

    def items(self, start: str) -> Drawn:
        """Return the items as a table, with the columns that say something."""
        found = self.listed(f"{start}.items")
        rows = [self._row(f"{start}.items.{place}", item) for place, item in enumerate(found)]
        return {
            "add": f"{start}.items.{len(found)}",
            "columns": [
                {"name": name, "label": self._label(name)}
                for name in CELLS
                if name in ("name", "amount") or any(row["cells"][name]["value"] for row in rows)
            ],
            "rows": rows,
        }

    def field(self, path: str, label: str) -> Drawn:
        """Return one field, there or not."""
        found = at(self.found, path)
        is_corrected = path in self.turn.corrections
        before = value_of(at(self.turn.fields, path)) if is_corrected else ""
        known = found if isinstance(found, Mapping) else {}
        return {
            "path": path,
            "label": label,
            "kind": kind_of(path),
            "value": printable(value_of(found)),
            "about": self._about(known, is_corrected),
            "doubtful": is_doubtful(found),
            "box": known.get("box"),
            "image": known.get("image", 0),
            "note": printable(self._note(known, before, is_corrected)),
            "corrected": is_corrected,
            "original": printable(before),
        }

    def listed(self, path: str) -> list[Any]:
        """Return the list at a path, with None where something was taken out; else an empty one."""
        found = at(self.found, path)
        return found if isinstance(found, list) else []

    def _label(self, name: str) -> str:
        return self.words(f"found_{name}")

    def _about(self, found: Mapping[str, Any], is_corrected: bool) -> str:
        """Return what a field's tooltip says: how sure it is, and what stands on the receipt."""
        raw, confidence = value_of(found.get("raw")), found.get("confidence")
        parts = [self.words("found_reads", raw=printable(raw))] if raw else []
        if isinstance(confidence, int | float) and not is_corrected:
            parts.insert(0, self.words("found_sure", percent=round(100 * confidence)))
        return " · ".join(parts)

    def _note(self, found: Mapping[str, Any], before: str, is_corrected: bool) -> str:
        if is_corrected:
            name = "found_note_user" if before else "found_note_added"
            return self.words(name, was=before)
        note, other = found.get("note"), value_of(found.get("other"))
        if note in ("corrected", "disagrees"):
            return self.words(f"found_note_{note}", other=other)
        return self.words("found_note_unsupported") if note == "unsupported" else ""

    def _sums(self, start: str, name: str) -> Iterator[Drawn]:
        """Yield an amount, or each of several such as taxes."""
        if name in NAMES:
            yield self.field(f"{start}.{name}", self._label(name))
            return
        for place, each in enumerate(self.listed(f"{start}.{name}")):
            path, label = f"{start}.{name}.{place}", self._label(name)
            if each is None:
                yield self._removed(path, label)
            elif name == "taxes":
                own = printable(value_of(at(self.found, f"{path}.name")))
                label = own if len(own) > _SHORT else f"{label} {own}".strip()
                yield self.field(f"{path}.amount", label) | self._added(path)
            else:
                yield self.field(path, label) | {"minus": True}

    def _removed(self, path: str, label: str) -> Drawn:
        """Return a line that the user took out, to be put back."""
        found = at(self.turn.fields, path)
        amount = found.get("amount", found) if isinstance(found, Mapping) else found
        was = printable(value_of(amount)) or "–"
        return self.field(path, label) | {"original": was, "note": self.words("found_removed")}

    def _added(self, path: str) -> Drawn:
        """Return what is different in a line that the user added whole: it goes whole, too."""
        if not isinstance(self.turn.corrections.get(path), Mapping):
            return {}
        return {"back": path, "corrected": True, "about": "",
                "note": self.words("found_note_added")}  # fmt: skip

    def _row(self, path: str, item: Any) -> Drawn:
        is_removed = item is None
        # A row that was taken out is drawn as it was found, crossed out.
        source = Fields(self.turn, self.turn.fields, self.words) if is_removed else self
        return {
            "path": path,
            "removed": is_removed,
            "added": isinstance(self.turn.corrections.get(path), Mapping),
            "cells": {name: source.field(f"{path}.{name}", self._label(name)) for name in CELLS},
        }


def is_shown(field: Mapping[str, Any]) -> bool:
    """Tell whether a field stands among the others: it was found, or was until it was removed."""
    return bool(field["value"] or field["original"] or field["path"].endswith(_ALWAYS))
