"""A folder at once: lines, tables, pages; what is the same, what is bad, what arrives."""

import csv
import io
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from PIL import Image

import app.batch.command
import app.batch.work
from app.batch import batch
from app.batch.sources import PICTURES, Arrivals
from app.config import Config, ConfigError, ReceiptConfig, ServerConfig, TmpConfig
from tests.conftest import RECEIPT, drawn, png
from vision.beside import WithReader
from vision.engine import Chunk, Line
from vision.errors import EngineFailed
from vision.fake import FakeEngine
from vision.settings import EngineSettings


def picture(number):
    return png(Image.new("RGB", (8 + number, 8)))


def pdf(*pictures):
    first, *others = (Image.open(io.BytesIO(data)) for data in pictures)
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others, resolution=150)
    return file.getvalue()


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def images(file):
    return [line["image"] for line in lines(file)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scans").mkdir()
    return tmp_path / "scans"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


@pytest.fixture
def config(tmp_path):
    return Config(EngineSettings(kind="reader"), tmp=TmpConfig(root=str(tmp_path / "tmp")))


@pytest.fixture
def batch_with(config, folder, out, monkeypatch):
    """Return a function that runs a batch with an engine of the test's own."""

    def run(engine, to=out, job="text", **options):
        monkeypatch.setattr(
            app.batch.command, "engine_for", lambda _, decoder: WithReader(engine, decoder)
        )
        return batch(config, folder, to, job, **options)

    return run


class Fails(FakeEngine):
    """Fails as it is told, once for each."""

    def __init__(self, *failures):
        super().__init__(["Read."])
        self.failures = list(failures)

    def stream(self, prompt, params, cancel):
        self.prompts.append(prompt)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        yield Chunk("Read.", finish_reason="stop")


class PairFails(FakeEngine):
    """Fails always, and takes two prompts at once: an equal file is met before it has failed."""

    parallel = 2

    def stream(self, prompt, params, cancel):
        raise EngineFailed


# Tables


@pytest.fixture
def receipts(config, folder, tmp_path, receipt):
    """Return a function that reads a receipt, its copy and a bad file into a table."""
    (folder / "a.png").write_bytes(receipt)
    (folder / "b.png").write_bytes(receipt)
    (folder / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much")

    def read(name):
        assert batch(config, folder, tmp_path / name, "receipt") == 0
        return tmp_path / name

    return read


def test_receipts_become_a_workbook_with_a_row_for_each_file(receipts):
    head, *rows = load_workbook(receipts("out.xlsx"))["Receipts"].values

    read, same, bad = (dict(zip(head, row, strict=True)) for row in rows)
    assert (read["image"], read["total"], read["merchant"]) == ("a.png", 8.16, "CORNER SHOP LTD")
    assert (same["image"], same["same_as"], same["total"]) == ("b.png", "a.png", None)
    assert (bad["image"], "damaged" in bad["error"]) == ("c.jpg", True)


def test_the_items_have_a_sheet_of_their_own(receipts):
    head, *rows = load_workbook(receipts("out.xlsx"))["Items"].values

    items = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(item["image"], item["name"], item["amount"]) for item in items] == [
        ("a.png", "Milk", 4.5),
        ("a.png", "Bread", 3.2),
    ]


def test_a_csv_has_the_same_rows(receipts):
    head, *rows = csv.reader(receipts("out.csv").read_text("utf-8-sig").splitlines())

    read = dict(zip(head, rows[0], strict=True))
    assert (read["total"], read["date"]) == ("8.16", "2026-02-14")
    assert len(rows) == 3


def test_a_lost_table_is_made_again_from_the_lines(receipts, tmp_path, monkeypatch):
    before = receipts("out.csv").read_bytes()
    (tmp_path / "out.csv").unlink()
    monkeypatch.setattr(app.batch.work, "stream", None)  # nothing can be read again

    after = receipts("out.csv").read_bytes()

    assert after == before


def test_a_receipts_line_has_what_was_promised(config, folder, out, receipt):
    (folder / "a.png").write_bytes(receipt)

    batch(config, folder, out, "receipt")

    [line] = lines(out)
    assert line.keys() >= {"image", "text", "lines", "fields", "items", "checks", "seconds"}
    assert line["fields"].keys() >= {"company", "date", "address", "total"}
    assert line["items"][0].keys() >= {"name", "quantity", "unit_price", "price"}
    assert all(each.keys() >= {"text", "bbox", "score"} for each in line["lines"])


def test_fields_of_the_users_own_have_columns(config, folder, tmp_path):
    (folder / "a.png").write_bytes(drawn((*RECEIPT, "Table No: 12")))
    schema = {"type": "object", "properties": {"table_no": {"type": "string"}}}
    (tmp_path / "mine.json").write_text(json.dumps(schema))
    own = replace(config, receipt=ReceiptConfig(schema=str(tmp_path / "mine.json")))

    batch(own, folder, tmp_path / "out.csv", "receipt")

    head, row = csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines())
    assert row[head.index("table_no")] == "12"


@pytest.mark.parametrize(
    ("name", "job"), [("out.csv", "text"), ("out.txt", "text"), ("out.csv", "html")]
)
def test_what_a_job_cannot_write_is_refused_before_anything_is_read(
    config, folder, tmp_path, name, job
):
    with pytest.raises(ConfigError, match=f"--job {job} writes a f"):
        batch(config, folder, tmp_path / name, job)

    assert not (tmp_path / name).exists()


# What is the same, what is bad


def test_an_equal_file_is_read_once(batch_with, folder, out):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture(1))
    engine = FakeEngine(["Read."])

    batch_with(engine)

    read, same = lines(out)
    assert (read["text"], same["text"], same["same_as"]) == ("Read.", "Read.", "a.png")
    assert len(engine.prompts) == 1


def test_an_equal_file_is_known_after_a_restart(batch_with, folder, out):
    for name, data in (("a.png", picture(1)), ("bad.png", b"no picture")):
        (folder / name).write_bytes(data)
    batch_with(FakeEngine(["Read."]))
    (folder / "c.png").write_bytes(picture(1))

    batch_with(engine := FakeEngine(["Again."]))

    same = lines(out)[-1]
    assert (same["image"], same["same_as"], same["text"]) == ("c.png", "a.png", "Read.")
    assert engine.prompts == []


def test_a_file_equal_to_one_that_failed_fails_with_it(batch_with, folder, out):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture(1))

    batch_with(PairFails())

    assert ["error" in line for line in lines(out)] == [True, True]


def test_a_file_equal_to_one_that_failed_is_read_with_it_the_next_time(batch_with, folder, out):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture(1))
    batch_with(PairFails())

    batch_with(engine := FakeEngine(["Read."]))

    assert [line["text"] for line in lines(out)] == ["Read.", "Read."]
    assert len(engine.prompts) == 1


def test_a_file_that_is_another_since_is_read_again(batch_with, folder, out):
    (folder / "a.png").write_bytes(picture(1))
    batch_with(FakeEngine(["Before."]))
    (folder / "a.png").write_bytes(drawn(("other",)))

    batch_with(FakeEngine(["After."]))
    batch_with(engine := FakeEngine())

    assert [line["text"] for line in lines(out)] == ["After."]
    assert engine.prompts == []


def test_a_bug_that_one_picture_meets_is_its_line(batch_with, folder, out):
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture(number))

    assert batch_with(Fails(None, KeyError("bug"), None)) == 0

    assert ["error" in line for line in lines(out)] == [False, True, False]
    assert "KeyError" in lines(out)[1]["error"]


def test_a_file_beyond_the_limit_is_not_even_read(config, folder, out):
    with (folder / "film.png").open("wb") as film:
        os.truncate(film.fileno(), 8 << 40)  # of holes

    batch(Config(config.engine, server=ServerConfig(max_upload_mib=1)), folder, out, "text")

    assert "the limit is 1,048,576" in lines(out)[0]["error"]


def test_hidden_files_are_not_pictures(batch_with, folder, out):
    (folder / ".thumbs").mkdir()
    for name in ("._a.png", ".thumbs/a.png", "a.png"):
        (folder / name).write_bytes(picture(len(name)))

    batch_with(FakeEngine())

    assert images(out) == ["a.png"]


def test_a_name_that_is_no_unicode_is_read_once(batch_with, folder, out):
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(picture(1))

    batch_with(FakeEngine())
    batch_with(engine := FakeEngine())

    assert images(out) == ["caf\udce9.png"]
    assert engine.prompts == []


def test_two_batches_do_not_write_the_same_lines(batch_with, folder, out):
    (folder / "a.png").write_bytes(picture(1))
    refused = []

    def second():
        with pytest.raises(ConfigError, match="another batch is writing"):
            batch_with(FakeEngine())
        refused.append(True)

    batch_with(FakeEngine(["Read."], pace=second))

    assert refused
    assert images(out) == ["a.png"]


# PDFs


def test_the_pages_of_a_pdf_are_one_prompt(batch_with, folder, out):
    (folder / "two.pdf").write_bytes(pdf(picture(1), picture(2)))
    engine = FakeEngine(["Read."])

    batch_with(engine)

    [prompt] = engine.prompts
    [line] = lines(out)
    assert len(prompt.messages[0].images) == 2
    assert (line["image"], line["pages"], line["text"]) == ("two.pdf", 2, "Read.")


def test_a_pdfs_lines_say_on_which_page_they_stand(config, folder, out):
    (folder / "two.pdf").write_bytes(pdf(drawn(("FIRST PAGE",)), drawn(("SECOND PAGE",))))

    batch(config, folder, out, "receipt")

    [line] = lines(out)
    assert [(each["text"], each["page"]) for each in line["lines"]] == [
        ("FIRST PAGE", 1),
        ("SECOND PAGE", 2),
    ]


def test_an_invoice_of_two_pages_is_one_receipt(config, folder, tmp_path):
    first = ("CORNER SHOP LTD", "12 Long Street", "Date: 14/02/2026", "Invoice No: 4711",
             "Milk            4.50", "Bread           3.20")  # fmt: skip
    last = ("Tea             1.00", "TOTAL           8.70", "Cash           10.00",
            "Change          1.30")  # fmt: skip
    (folder / "two.pdf").write_bytes(pdf(drawn(first), drawn(last)))

    batch(config, folder, tmp_path / "out.csv", "receipt")

    head, *rows = csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines())
    [row] = [dict(zip(head, row, strict=True)) for row in rows]
    assert (row["merchant"], row["date"], row["total"]) == ("CORNER SHOP LTD", "2026-02-14", "8.70")


def test_no_page_of_a_pdf_stays_on_the_disk(batch_with, folder, tmp_path):
    (folder / "one.pdf").write_bytes(pdf(picture(1)))
    (folder / "two.pdf").write_bytes(pdf(picture(2), picture(3)))

    batch_with(FakeEngine())

    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["CACHEDIR.TAG"]


def test_a_pdf_that_cannot_be_drawn_is_a_line(batch_with, folder, out):
    (folder / "bad.pdf").write_bytes(pdf(picture(1))[:200])

    batch_with(FakeEngine())

    assert "This PDF cannot be drawn" in lines(out)[0]["error"]


# Several at a time


class Together(FakeEngine):
    """Takes four prompts at once, and answers none before four are there; counts them."""

    parallel = 4

    def __init__(self):
        super().__init__()
        self.all_there = threading.Barrier(4, timeout=60)
        self.lock = threading.Lock()
        self.now = self.most = 0

    def stream(self, prompt, params, cancel):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.all_there.wait()
        with self.lock:
            self.now -= 1
        yield Chunk(f"{prompt.messages[0].images[0].width}", finish_reason="stop")


def test_an_engine_that_takes_four_prompts_at_once_gets_four(batch_with, folder, out):
    for number in range(12):
        (folder / f"{number:02}.png").write_bytes(picture(number))
    engine = Together()

    batch_with(engine)

    assert engine.most == 4
    assert [line["text"] for line in lines(out)] == [str(8 + number) for number in range(12)]


class HeldUp(FakeEngine):
    """Takes two prompts at once; the first reply comes only when no more prompts do."""

    parallel = 2

    def __init__(self):
        super().__init__()
        self.asked = 0
        self.most = 0
        self.written = lambda: 0
        self.idle = threading.Event()

    def stream(self, prompt, params, cancel):
        self.asked += 1
        self.most = max(self.most, self.asked - self.written())
        if self.asked == 4:
            self.idle.set()
        if prompt.messages[0].images[0].width == 8:
            assert self.idle.wait(60)
        yield Chunk("Read.", finish_reason="stop")


def test_results_that_wait_for_a_slow_one_are_few(batch_with, folder, out):
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture(number))
    engine = HeldUp()
    engine.written = lambda: len(out.read_text().splitlines())

    batch_with(engine)

    assert engine.most <= 5  # 4, and the one whose line is being written
    assert len(images(out)) == 20


# Ended early


def test_ctrl_c_keeps_what_was_read(batch_with, folder, out, capsys):
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture(number))

    assert batch_with(Fails(None, KeyboardInterrupt())) == 0

    assert images(out) == ["0.png"]
    assert "the same command goes on" in capsys.readouterr().err


def test_the_same_command_goes_on_after_ctrl_c(batch_with, folder, out):
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture(number))
    batch_with(Fails(None, KeyboardInterrupt()))

    batch_with(engine := FakeEngine())

    assert images(out) == ["0.png", "1.png", "2.png"]
    assert len(engine.prompts) == 2


def test_ctrl_c_cancels_what_a_server_is_doing(batch_with, folder, out):
    class Endless(FakeEngine):
        parallel = 2

        def stream(self, prompt, params, cancel):
            if prompt.messages[0].images[0].width == 8:
                yield Chunk("Read.", finish_reason="stop")
                return
            assert cancel.wait(60)
            yield Chunk(finish_reason="cancelled")

    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(number))
    real = app.batch.command.Target.write

    def interrupted(*args):
        real(*args)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.batch.command.Target, "write", interrupted)
        assert batch_with(Endless()) == 0

    assert images(out) == ["0.png"]


# What arrives


def look(arrivals):
    return [source.name for source in arrivals.look()]


def test_a_file_is_whole_once_its_size_stands_still(folder):
    arrivals = Arrivals(folder, PICTURES)
    (folder / "a.png").write_bytes(b"12")
    seen = [look(arrivals)]
    (folder / "a.png").write_bytes(b"1234")
    seen.append(look(arrivals))
    seen.append(look(arrivals))

    assert seen == [[], [], ["a.png"]]


def test_a_file_that_is_still_empty_is_not_whole(folder):
    arrivals = Arrivals(folder, PICTURES)
    (folder / "a.png").touch()

    assert [look(arrivals), look(arrivals)] == [[], []]


def test_what_arrives_while_it_watches_is_read(batch_with, folder, out):
    arriving = iter([["a.png"], [], ["b.png", "c.png"], [], []])

    def wait(_):
        names = next(arriving, None)
        if names is None:
            raise KeyboardInterrupt
        for name in names:
            (folder / name).write_bytes(picture(ord(name[0])))

    assert batch_with(FakeEngine(), watch=True, wait=wait) == 0

    assert images(out) == ["a.png", "b.png", "c.png"]


def test_a_file_that_is_replaced_while_it_watches_is_read_again(batch_with, folder, out):
    arriving = iter([picture(1), None, drawn(("other",)), None, None])

    def wait(_):
        data = next(arriving, StopIteration)
        if data is StopIteration:
            raise KeyboardInterrupt
        if data:
            (folder / "a.png").write_bytes(data)

    batch_with(FakeEngine(["One.", "Two."]), watch=True, wait=wait)

    assert [line["text"] for line in lines(out)] == ["One.", "Two."]


# Pages


@pytest.fixture
def pages_of(batch_with, tmp_path, monkeypatch):
    """Return a function that runs a batch of pages; each has the width of its picture."""

    def stream(prompt, *_) -> Iterator[Chunk]:
        width = prompt.messages[0].images[0].width
        html = f'<p>{width}</p><img src="crop-0-0-4-4.png">'
        fields = {"html": html, "scores": {"strict": 0.9}, "notes": []}
        yield Chunk("A page.", finish_reason="stop", lines=(Line("A", (0, 0, 1, 1), 1),))
        yield Chunk(finish_reason="stop", fields=fields)

    def run(name="pages"):
        monkeypatch.setattr(app.batch.work, "stream", stream)
        batch_with(FakeEngine(), tmp_path / name, "html")
        return tmp_path / name

    return run


def test_screenshots_become_pages_beside_their_scores(pages_of, folder):
    (folder / "home.png").write_bytes(picture(1))

    pages = pages_of()

    [line] = lines(pages / "results.jsonl")
    assert (pages / "home.html").read_text().startswith("<p>9</p>")
    assert (line["image"], line["html"], line["scores"]) == (
        "home.png",
        "home.html",
        {"strict": 0.9},
    )
    assert line["seconds"] >= 0


def test_a_page_stands_alone_with_its_pictures_in_it(pages_of, folder):
    (folder / "home.png").write_bytes(picture(1))

    page = (pages_of() / "home.html").read_text()

    assert '<img src="data:image/png;base64,' in page
    assert "crop-" not in page


def test_two_screenshots_of_one_name_have_a_page_each(pages_of, folder):
    (folder / "sub").mkdir()
    for number, name in enumerate(("1.png", "1.webp", "sub/1.png")):
        (folder / name).write_bytes(picture(number))

    pages = pages_of()

    assert [line["html"] for line in lines(pages / "results.jsonl")] == [
        "1.html",
        "1-2.html",
        "1-3.html",
    ]
    assert "<p>10</p>" in (pages / "1-3.html").read_text()


def test_an_equal_screenshot_has_a_page_of_its_own_name(pages_of, folder):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture(1))

    pages = pages_of()

    assert (pages / "b.html").read_text() == (pages / "a.html").read_text()
    assert lines(pages / "results.jsonl")[1]["html"] == "b.html"


def test_names_of_pages_are_taken_across_restarts(pages_of, folder):
    (folder / "1.png").write_bytes(picture(1))
    pages_of()
    (folder / "1.bmp").write_bytes(picture(2))

    pages = pages_of()

    assert "<p>9</p>" in (pages / "1.html").read_text()
    assert "<p>10</p>" in (pages / "1-2.html").read_text()


def test_pages_of_somebody_elses_are_not_written_over(pages_of, folder):
    (folder / "home.png").write_bytes(picture(1))
    (folder / "home.html").write_text("mine")

    with pytest.raises(ConfigError, match="has pages already"):
        pages_of("scans")

    assert (folder / "home.html").read_text() == "mine"


def test_a_reply_without_a_page_is_a_line_with_its_error(batch_with, folder, tmp_path, monkeypatch):
    (folder / "home.png").write_bytes(picture(1))
    monkeypatch.setattr(
        app.batch.work, "stream", lambda *_: iter([Chunk("No.", finish_reason="stop")])
    )

    batch_with(FakeEngine(), tmp_path / "pages", "html")

    [line] = lines(tmp_path / "pages" / "results.jsonl")
    assert line["error"] == "The reply holds no HTML page."
    assert list((tmp_path / "pages").glob("*.html")) == []
