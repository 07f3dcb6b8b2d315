"""A receipt as the job finds it, and the picture it was found in: drawn, so that boxes are true."""

import hashlib
from dataclasses import replace

from history import ImageRef
from tests.conftest import drawn

SIZE = 30  # of the letters
LINES = (
    "CORNER SHOP LTD",
    "Date: 14/02/2026",
    "Milk            4.50",
    "Bread           3.20",
    "Service tax     0.46",
    "TOTAL           8.16",
)
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}"


def box(line, right=False):
    """Return where a line of the drawn receipt stands, or the amount at its end."""
    top = 20 + line * SIZE * 3 // 2
    return [260 if right else 30, top, 420 if right else 300, top + SIZE]


def found(value, line=None, *, right=False, confidence=0.97, **more):
    """Return a value as the schema has it."""
    return {
        "value": value, "raw": value, "confidence": confidence, "source": "reader",
        "box": None if line is None else box(line, right), "image": 0,
        "lines": [] if line is None else [line], "note": "", "other": "", **more,
    }  # fmt: skip


def item(name, amount, line):
    return {
        "name": found(name, line), "quantity": None, "unit_price": None,
        "amount": found(amount, line, right=True), "tax_mark": "",
    }  # fmt: skip


def receipt(total="8.16", **changes):
    """Return a receipt of ``LINES``; with another total it does not add up."""
    return {
        "schema_version": 1,
        "merchant": found("CORNER SHOP LTD", 0, confidence=0.93),
        "date": found("2026-02-14", 1),
        "items": [item("Milk", "4.50", 2), item("Bread", "3.20", 3)],
        "taxes": [{"name": "Service tax", "amount": found("0.46", 4, right=True), "rate": None,
                   "base": None, "included": None}],
        "discounts": [],
        "total": found(total, 5, right=True),
        "checks": [{"code": "total", "ok": total == "8.16", "expected": "8.16", "found": total,
                    "item": None, "fields": ["items", "taxes", "total"]}],
        **changes,
    }  # fmt: skip


def fields(*receipts, **more):
    return {"schema_version": 1, "receipts": list(receipts or [receipt()]), **more}


def kept(store, content=None, *, prompt="Read it", reply="| Total | 8.16 |", **more):
    """Keep a turn with these fields, and its picture; return its conversation's id."""
    picture = drawn(LINES, size=SIZE)
    sha256 = hashlib.sha256(picture).hexdigest()
    store.put_image(picture, sha256, "png")
    conversation = store.create().id
    images = [ImageRef(sha256, "png", 560, 40 + len(LINES) * SIZE * 3 // 2, "scan.png")]
    turn = store.append(conversation, prompt=prompt, images=more.pop("images", images),
                        job="receipt")  # fmt: skip
    ended = replace(turn, reply=reply, finish_reason="stop", engine="reader",
                    fields=content or fields(), **more)  # fmt: skip
    store.finish(conversation, ended)
    return conversation
