"""The command line, run as its own process."""

import csv
import json
from dataclasses import replace

import pytest
from PIL import Image

from history import Filters, Store
from tests.program import WATCHED, outside, run, turns

HISTORY = "from history.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def folder(tmp_path, receipt):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "receipt.png").write_bytes(receipt)
    return tmp_path


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_ask_prints_the_reply(folder):
    done = run(folder, "ask", "scans/receipt.png", "What is the total?", "--engine", "reader")

    assert done.returncode == 0
    assert "8.16" in done.stdout


def test_ask_saves_the_turn_with_its_picture(folder, receipt):
    run(folder, "ask", "scans/receipt.png", "What is the total?", "--engine", "reader")

    [turn] = turns(folder)
    assert turn["user_input"] == "What is the total?"
    assert (folder / "history" / "images" / f"{turn['image_hash']}.png").read_bytes() == receipt


def test_ask_prints_the_turn_as_it_is_saved(folder):
    done = run(folder, "ask", "Hello", "--engine", "fake", "--json")

    assert json.loads(done.stdout) == turns(folder)[0]


def test_ask_without_a_question_reads_the_picture(folder):
    done = run(folder, "ask", "scans/receipt.png", "--engine", "reader")

    assert "CORNER SHOP LTD" in done.stdout
    assert "8.16" in done.stdout or "Total" in done.stdout


def test_ask_names_a_picture_that_is_not_there(folder):
    done = run(folder, "ask", "lost.png", "What is this?", "--engine", "fake")

    assert done.returncode == 1
    assert "There is no file lost.png." in done.stderr


def test_ask_says_why_the_better_engine_was_not_taken(folder):
    done = run(folder, "ask", "scans/receipt.png", "--model", "nobody/nothing")

    assert "no GPU and no weights of nobody/nothing" in done.stderr


def test_batch_writes_a_line_for_each_picture(folder, red):
    (folder / "scans" / "red.png").write_bytes(red)

    done = run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    assert done.returncode == 0, done.stderr
    blank, read = lines(folder / "out.jsonl")[1], lines(folder / "out.jsonl")[0]
    assert (read["image"], blank["image"]) == ("receipt.png", "red.png")
    assert "TOTAL" in read["text"]
    assert all(len(line["bbox"]) == 4 and 0 < line["score"] <= 1 for line in read["lines"])
    assert read["seconds"] > 0


def test_batch_makes_a_bad_picture_a_line(folder):
    (folder / "scans" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much")

    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    broken, read = lines(folder / "out.jsonl")
    assert "error" in broken
    assert "error" not in read


def test_batch_does_only_what_is_missing(folder, red):
    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")
    before = (folder / "out.jsonl").read_bytes()
    (folder / "scans" / "second.png").write_bytes(red)

    done = run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    assert "1 read, 0 failed, 1 were there already" in done.stderr
    assert (folder / "out.jsonl").read_bytes().startswith(before)
    assert len(lines(folder / "out.jsonl")) == 2


def test_batch_goes_on_after_a_line_that_was_cut_off(folder):
    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")
    whole = (folder / "out.jsonl").read_text(encoding="utf-8")
    (folder / "out.jsonl").write_text(whole[: len(whole) // 2], encoding="utf-8")

    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    assert [line["image"] for line in lines(folder / "out.jsonl")] == ["receipt.png"]


def test_batch_tries_failures_again(folder, red):
    broken = folder / "scans" / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n not much")
    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")
    broken.write_bytes(red)

    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    assert ["error" in line for line in lines(folder / "out.jsonl")] == [False, False]


def test_reading_a_sideways_photo_gives_boxes_of_the_upright_picture(folder, receipt):
    upright = Image.open(folder / "scans" / "receipt.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it 90 degrees clockwise to view it
    upright.rotate(90, expand=True).save(folder / "scans" / "receipt.png", exif=exif)

    run(folder, "batch", "scans", "--out", "out.jsonl", "--engine", "reader")

    [read] = lines(folder / "out.jsonl")
    assert "CORNER SHOP LTD" in read["text"]
    assert all(line["bbox"][3] <= upright.height for line in read["lines"])


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--config", "lost.toml"), "lost.toml: there is no such file"),
        (("--host", "0.0.0.0"), "would open the page"),  # noqa: S104  refused
        (("batch", "nowhere", "--out", "out.jsonl"), "there is no folder nowhere"),
        (("--port", "99999"), "less than or equal to 65535"),
    ],
)
def test_what_cannot_be_acted_on_is_one_line(folder, args, sentence):
    done = run(folder, *args)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_reading_pictures_reaches_nothing_outside(folder):
    run(folder, "ask", "scans/receipt.png", "What is the total?")
    run(folder, "batch", "scans", "--out", "out.jsonl")

    assert outside(folder) == []


@pytest.mark.parametrize("prompt", ["What is the total?", "Read this receipt."])
def test_a_turn_is_replayed_and_found_the_same(folder, prompt):
    run(folder, "ask", "scans/receipt.png", prompt, "--engine", "reader")
    [saved] = folder.glob("history/[0-9]*/0001.json")

    done = run(folder, "replay", f"{saved.parent.name}/1", "--json")

    assert json.loads(done.stdout)["same"] is True
    assert done.returncode == 0


def test_a_replay_says_where_the_reply_differs(folder):
    run(folder, "ask", "scans/receipt.png", "What is the total?", "--engine", "reader")
    [saved] = folder.glob("history/[0-9]*/0001.json")
    store = Store(folder / "history")
    [turn] = store.turns(saved.parent.name)
    store.finish(saved.parent.name, replace(turn, reply=turn.reply.replace("8.16", "9.99")))
    store.close()

    done = run(folder, "replay", f"{saved.parent.name}/1", "--json")

    compared = json.loads(done.stdout)
    assert done.returncode == 1
    assert compared["same"] is False
    assert "9.99" in compared["then"]
    assert "8.16" in compared["now"]


def test_receipts_that_were_read_become_a_table(folder):
    run(folder, "ask", "scans/receipt.png", "What is the total?", "--engine", "reader")

    done = run(folder, "receipts", "--out", "receipts.csv", code=f"{WATCHED}{HISTORY}")

    assert done.returncode == 0, done.stderr
    head, row = csv.reader((folder / "receipts.csv").read_text("utf-8-sig").splitlines())
    assert dict(zip(head, row, strict=True))["total"] == "8.16"


def test_receipts_are_found_by_their_total(folder):
    run(folder, "ask", "scans/receipt.png", "What is the total?", "--engine", "reader")
    store = Store(folder / "history")

    assert len(store.search("", Filters(total_from=8, total_to=9))) == 1
    assert store.search("", Filters(total_from=9)) == []

    store.close()
