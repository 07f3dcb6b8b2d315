"""A batch that is killed, again and again: nothing twice, nothing lost, memory flat."""

import json
import signal

import pytest
from openpyxl import load_workbook
from PIL import Image

from tests.conftest import drawn, png
from tests.program import WATCHED, run

# Kills itself at a line: before it, in the middle of it or behind it. Notes the memory it takes.
PROGRAM = """
import os, signal, sys
import psutil
import app.batch.journal as journal

real, written = os.write, 0
at, where = {at}, {where!r}

def write(file, data):
    global written
    written += 1
    if written == at:
        real(file, data[: {{"before": 0, "within": len(data) // 2, "behind": len(data)}}[where]])
        os.kill(os.getpid(), signal.SIGKILL)
    if written % 20 == 0:
        ours = psutil.Process()
        taken = [each.memory_info().rss for each in (ours, *ours.children())]
        with open("memory.txt", "a") as log:
            print(written, sum(taken), file=log)
    return real(file, data)

class Watched:
    def __getattr__(self, name):
        return write if name == "write" else getattr(os, name)

journal.os = Watched()
from app.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def killed(tmp_path):
    """Return a function that runs a batch until it kills itself, and one that lets it end."""
    (tmp_path / "scans").mkdir()

    def run_until(at, where, *args):
        code = WATCHED + PROGRAM.format(at=at, where=where)
        return run(tmp_path, "batch", "scans", *args, code=code, limit_s=1500).returncode

    return run_until


def images(file):
    return [json.loads(line)["image"] for line in file.read_text("utf-8").splitlines()]


def test_what_was_killed_goes_on_with_nothing_twice_and_nothing_lost(killed, tmp_path):
    names = [f"{number:02}.png" for number in range(40)]
    for number, name in enumerate(names):
        (tmp_path / "scans" / name).write_bytes(png(Image.new("L", (9 + number, 9))))
    args = ("--engine", "fake", "--out", "out.jsonl")

    codes = [killed(1, "within", *args), killed(14, "behind", *args), killed(9, "before", *args)]
    left = images(tmp_path / "out.jsonl")
    ended = killed(-1, "", *args)

    assert codes == [-signal.SIGKILL] * 3
    assert left == names[: 14 + 8]
    assert ended == 0
    assert images(tmp_path / "out.jsonl") == names


def _total(number):
    return f"{number * 37 % 500}.25"  # in no order: what is read has ever other shapes


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_500_receipts_are_read_in_flat_memory_killed_or_not(killed, tmp_path):
    for number in range(500):
        shop = (f"SHOP NO {number}", "14/02/2026", f"TOTAL {_total(number)}")
        (tmp_path / "scans" / f"{number:03}.png").write_bytes(drawn(shop, 640, 40))
    args = ("--engine", "reader", "--job", "receipt", "--out", "out.xlsx")

    for at, where in ((20, "behind"), (15, "within"), (30, "before")):
        assert killed(at, where, *args) == -signal.SIGKILL
    (tmp_path / "memory.txt").unlink(missing_ok=True)
    assert killed(-1, "", *args) == 0

    head, *rows = load_workbook(tmp_path / "out.xlsx")["Receipts"].values
    receipts = [dict(zip(head, row, strict=True)) for row in rows]
    assert [each["image"] for each in receipts] == [f"{number:03}.png" for number in range(500)]
    right = sum(str(each["total"]) == _total(number) for number, each in enumerate(receipts))
    assert right >= 490
    taken = [int(line.split()[1]) for line in (tmp_path / "memory.txt").read_text().splitlines()]
    # After the first 200; pixels of what is read since are 190 MiB.
    assert max(taken[10:]) - max(taken[:10]) < 48 << 20
