"""Reading the receipts of a folder: how many fields are right, and what a confidence means.

Beside each picture is a ``.json`` with what is true: ``fields`` (``company``, ``date``,
``address``, ``total``; further readings of a name under ``company_alt``) and, if known, ``items``
(``name``, ``price``). Names and addresses are compared by their letters and digits, dates by the
day, amounts by their value.

``company``, ``date``, ``address``, ``total``, ``items``: the share that is right; of items, F1.
``first_half``, ``second_half``: the share of all fields in each half of the folder, by name: rules
that fit only the receipts they were made with differ between them. Ours were made with the first
30 of 60 and then measured on the other 30: company 27, date 29, total 30, address 23 of 30.
``brier``: the mean square of confidence less right (0 or 1); ``brier_refitted`` the same after the
best power of the confidences was taken from one half and used on the other: where it is not
smaller, the confidences mean what they say also for receipts that they were not fitted to.
``seconds_mean``, ``cpu_seconds_mean``: a picture, decoding and reading included.
"""

import argparse
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from threading import Event
from time import perf_counter, process_time
from typing import Any

from bench.text import SUFFIXES
from vision.reader.values import dates

FIELDS = {"company": "merchant", "date": "date", "address": "address", "total": "total"}
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)
POWERS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
ALIKE = 0.7  # of 1; so alike are two names of one item

Json = dict[str, Any]  # what JSON holds


@dataclass(frozen=True, slots=True)
class Value:
    """One value that was found or missed."""

    field: str
    half: int
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What one picture gave."""

    record: Json
    seconds: float
    cpu_seconds: float


def squashed(text: str) -> str:
    """Return the letters and digits of ``text``, in capitals."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).upper()))


def amount(text: str) -> Decimal | None:
    """Return the last number with decimals in ``text``, or any."""
    found = re.findall(r"\d[\d,]*\.\d{2}(?!\d)|\d[\d,]*", text.replace(" ", ""))
    cents = [one for one in found if "." in one] or found
    try:
        return Decimal(cents[-1].replace(",", "")) if cents else None
    except InvalidOperation:
        return None


def is_right(field: str, true: str, said: str, others: Sequence[str] = ()) -> bool:
    """Tell whether ``said`` is what is ``true``, or one of ``others``."""
    if field == "total":
        return amount(true) == amount(said)
    if field == "date":
        days = {one.day.isoformat() for one in dates(true)}
        return said in days or squashed(true) == squashed(said)
    return squashed(said) in {squashed(one) for one in (true, *others)}


def matched(true: Sequence[Json], said: Sequence[Json]) -> int:
    """Return how many items were found: of the same price, and of nearly the same name."""
    left = list(true)
    count = 0
    for item in said:
        for one in left:
            name = squashed(one["name"]), squashed(item.get("name") or "")
            same = amount(str(one["price"])) == amount(str(item.get("price") or ""))
            if same and SequenceMatcher(None, *name).ratio() >= ALIKE:
                left.remove(one)
                count += 1
                break
    return count


def reads(pictures: Sequence[Path]) -> Iterator[Read]:
    """Yield what the job gives for each picture, one after the other."""
    from app.jobs.job import stream
    from app.jobs.receipt_record import record
    from vision.engine import Image, Message, Prompt, SamplingParams
    from vision.images import Decoder
    from vision.reader.engine import ReaderEngine

    with closing(Decoder()) as decoder:
        engine = ReaderEngine(decoder)
        engine.load(lambda _: None)
        decoder.warm()
        for path in pictures:
            started, cpu_started = perf_counter(), process_time()
            image = Image(hashlib.sha256(path.read_bytes()).hexdigest(), path, 0, 0)
            prompt = Prompt((Message("user", "", (image,)),), job="receipt")
            *_, last = stream(prompt, engine, decoder, SamplingParams(), Event())
            found = record(last.fields, last.lines)
            yield Read(found, perf_counter() - started, process_time() - cpu_started)
            engine.release("deep")


def values(labels: Json, found: Json, half: int) -> Iterator[Value]:
    """Yield a value for each field that has a label."""
    for field in FIELDS:
        if true := labels.get(field):
            said = str(found.get("fields", {}).get(field) or "")
            sure = float(found.get("confidence", {}).get(field) or 0)
            right = is_right(field, true, said, labels.get(f"{field}_alt", ()))
            yield Value(field, half, sure, bool(said) and right)


def brier(found: Sequence[Value], power: float = 1.0) -> float:
    """Return the mean square by which confidences, to a power, differ from what was right."""
    squares = [(pow(v.confidence, power) - v.right) ** 2 for v in found]
    return float(sum(squares) / max(1, len(squares)))


def refitted(found: Sequence[Value]) -> float:
    """Return the Brier score with the power that fits the other half best."""
    halves = [[v for v in found if v.half == half] for half in (0, 1)]
    powers = [min(POWERS, key=lambda power: brier(half, power)) for half in halves]
    both = zip(halves, reversed(powers), strict=True)
    return sum(brier(half, power) * len(half) for half, power in both) / max(1, len(found))


def print_fields(found: Sequence[Value]) -> dict[str, float]:
    """Print how many of each field are right; return the shares."""
    shares: dict[str, float] = {}
    print(f"{'':<12}{'right':>7}{'of':>6}{'share':>8}{'mean confidence':>18}")
    for field in FIELDS:
        own = [v for v in found if v.field == field]
        if own:
            right, sure = sum(v.right for v in own), sum(v.confidence for v in own) / len(own)
            shares[field] = right / len(own)
            print(f"{field:<12}{right:>7}{len(own):>6}{shares[field]:>8.3f}{sure:>18.3f}")
    return shares


def print_reliability(found: Sequence[Value]) -> None:
    """Print how often values of each confidence are right."""
    print(f"\n{'confidence':<14}{'values':>8}{'right':>8}{'said':>8}")
    for low, high in pairwise(BINS):
        own = [v for v in found if low <= v.confidence < high]
        if own:
            right, said = sum(v.right for v in own), sum(v.confidence for v in own)
            bin_ = f"{low:.2f}-{min(1.0, high):.2f}"
            print(f"{bin_:<14}{len(own):>8}{right / len(own):>8.3f}{said / len(own):>8.3f}")


def run(args: Sequence[str]) -> dict[str, float]:
    """Measure, print the tables, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench receipts")
    parser.add_argument("folder", type=Path, help="pictures with labels beside them")
    parser.add_argument("--first", type=int, default=None, help="read only so many of them")
    given = parser.parse_args(args)
    found = sorted(p for p in given.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    pictures = [path for path in found if path.with_suffix(".json").exists()][: given.first]
    if not pictures:
        parser.error(f"no pictures with labels in {given.folder}")
    said: list[Value] = []
    items = [0, 0, 0]  # matched, said, true
    costs: list[Read] = []
    for i, (path, read) in enumerate(zip(pictures, reads(pictures), strict=True)):
        labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        said += values(labels.get("fields", {}), read.record, 2 * i // len(pictures))
        if true := labels.get("items"):
            own = read.record.get("items", [])
            counts = (matched(true, own), len(own), len(true))
            items = [sum(pair) for pair in zip(items, counts, strict=True)]
        costs.append(read)
    return report(said, items, costs)


def report(said: Sequence[Value], items: Sequence[int], costs: Sequence[Read]) -> dict[str, float]:
    """Print what was measured, and return the figures."""
    figures = print_fields(said)
    if items[2]:
        figures["items"] = 2 * items[0] / max(1, items[1] + items[2])
        print(f"{'items, F1':<25}{figures['items']:>8.3f}")
    print_reliability(said)
    for name, half in (("first_half", 0), ("second_half", 1)):
        own = [v.right for v in said if v.half == half]
        figures[name] = sum(own) / max(1, len(own))
    figures |= {"brier": brier(said), "brier_refitted": refitted(said)}
    figures["seconds_mean"] = sum(cost.seconds for cost in costs) / len(costs)
    figures["cpu_seconds_mean"] = sum(cost.cpu_seconds for cost in costs) / len(costs)
    print(
        f"\nhalves {figures['first_half']:.3f} {figures['second_half']:.3f}   "
        f"Brier {figures['brier']:.4f}, refitted on the other half "
        f"{figures['brier_refitted']:.4f}\n{figures['seconds_mean']:.2f} s a picture, "
        f"{figures['cpu_seconds_mean']:.2f} s of this process' CPU"
    )
    return figures
