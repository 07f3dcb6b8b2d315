"""Receipts that a script reads: what a folder's tests send through a real assistant."""

import threading

from vision.engine import Chunk


def found(value, confidence=0.99):
    return {"value": value, "raw": value, "confidence": confidence, "source": "reader"}


def receipt(merchant, total="8.16", *, sure=0.99, adds_up=True):
    check = {"code": "total", "ok": adds_up, "expected": total, "found": total}
    return {
        "merchant": found(merchant, sure),
        "date": found("2026-02-14"),
        "total": found(total, sure),
        "checks": [check],
    }


class Script:
    """Stands in for ``app.worker.stream``: reads each picture as it is told, when it may.

    A reading is a receipt, several, or an error to be raised; told by the picture's width.
    """

    def __init__(self, readings=None):
        self.readings = readings or {}
        self.may = threading.Event()
        self.may.set()
        self.began = threading.Semaphore(0)
        self.widths = []

    def __call__(self, prompt, engine, decoder, sampling, cancel):
        image = prompt.messages[-1].images[0]
        self.widths.append(image.width)
        self.began.release()
        while not (self.may.wait(0.01) or cancel.is_set()):
            pass
        if cancel.is_set():
            yield Chunk(finish_reason="cancelled")
            return
        reading = self.readings.get(image.width, receipt(f"SHOP {image.width}"))
        if isinstance(reading, list):
            reading = reading.pop(0) if len(reading) > 1 else reading[0]
        if isinstance(reading, Exception):
            raise reading
        fields = {"schema_version": 1, "receipts": [reading], "custom": {}}
        yield Chunk("Read.", finish_reason="stop", fields=fields)
