"""``POST /v1/jobs/…`` with the reader, over HTTP."""

from hashlib import sha256
from threading import Event

import httpx
import pytest

from app.api.jobs_schema import reply_of
from app.api.programs import Asked, Programs, Said
from app.intake import Upload
from app.jobs.receipt_schema import Receipts
from app.tmp_folder import TmpFolder
from history import Turn
from tests.api_lab import WAIT_S, Gate, data_uri, leaving, programs_served
from vision.fake import FakeEngine
from vision.reader.engine import ReaderEngine


@pytest.fixture
def client(assistant_with, decoder, tmp_path):
    with (
        programs_served(assistant_with(ReaderEngine(decoder)), tmp_path) as url,
        httpx.Client(base_url=url, timeout=60) as opened,
    ):
        yield opened


def test_a_receipt_is_read_by_the_documented_schema(client, receipt):
    answer = client.post("/v1/jobs/receipt", files={"image": ("r.png", receipt)})

    assert answer.status_code == 200
    found = answer.json()
    [read] = Receipts.model_validate({"receipts": found["receipts"]}).receipts
    assert str(read.total.value) == "8.16"
    assert read.merchant.value == "CORNER SHOP LTD"
    assert "CORNER SHOP LTD" in [line["text"] for line in found["lines"]]


def test_a_data_uri_is_read_like_a_file(client, receipt):
    sent = client.post("/v1/jobs/receipt", json={"images": [data_uri(receipt)]})
    uploaded = client.post("/v1/jobs/receipt", files={"image": ("r.png", receipt)})

    assert sent.json()["receipts"] == uploaded.json()["receipts"]


def test_text_comes_with_its_lines(client, receipt):
    found = client.post("/v1/jobs/text", files={"image": ("r.png", receipt)}).json()

    assert "TOTAL 8.16" in found["text"]
    assert {line["image"] for line in found["lines"]} == {0}


def test_several_pictures_are_one_job(client, receipt):
    files = [("image", ("a.png", receipt)), ("image", ("b.png", receipt))]

    found = client.post("/v1/jobs/receipt", files=files).json()

    assert len(found["receipts"]) == 2
    assert {line["image"] for line in found["lines"]} == {0, 1}


def test_a_job_is_saved_where_the_header_asks_for_it(client, receipt, store):
    answer = client.post(
        "/v1/jobs/receipt",
        files={"image": ("lunch.png", receipt)},
        headers={"X-Second-Look-Save": "true"},
    )

    [turn] = store.turns(answer.headers["x-second-look-conversation"])
    assert (turn.job, turn.images[0].name) == ("receipt", "lunch.png")
    assert turn.fields["receipts"] == answer.json()["receipts"]


def test_a_job_leaves_nothing_behind(client, receipt, store, tmp_path):
    client.post("/v1/jobs/text", files={"image": ("r.png", receipt)})

    assert store.conversations() == []
    assert not list(tmp_path.rglob("*.png"))


def test_a_page_comes_with_its_pictures_in_it(red, decoder):
    upload = Upload("red.png", red)
    picture = {"sha256": sha256(red).hexdigest()}
    fields = {"html": '<img src="crop-0-0-9-9.png">', "scores": {"all": 0.9}, "picture": picture}
    turn = Turn(1, "", "", fields=fields, finish_reason="stop")

    made = reply_of("html", turn, [Upload("other.png", b"other"), upload], decoder)

    assert made.html.startswith('<img src="data:image/png;base64,')
    assert made.scores == {"all": 0.9}


def test_a_screenshot_becomes_a_page(client, receipt, monkeypatch):
    monkeypatch.setenv("CHROME", "none")  # the job can do without: drawing takes seconds

    made = client.post("/v1/jobs/html", files={"image": ("r.png", receipt)}).json()

    assert made["html"].lstrip().startswith("<!DOCTYPE html>")
    assert "CORNER SHOP LTD" in made["html"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"x"}, 415),
        ({"json": {}}, 400),
        ({"json": {"images": []}}, 400),
        ({"json": {"images": ["https://example.com/x.png"]}}, 400),
        ({"json": {"images": "data:,x"}}, 400),
        ({"files": {"picture": b"x"}}, 400),
        ({"files": {"image": b"not a picture"}}, 400),
        ({"data": {"image": "text"}, "files": {"other": b"x"}}, 400),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
    ],
    ids=str,
)
def test_what_is_no_job_is_refused(client, sent, status):
    answer = client.post("/v1/jobs/text", **sent)

    assert (answer.status_code, *answer.json()) == (status, "error")


def test_a_program_that_leaves_in_the_middle_of_reading_frees_the_reader(
    assistant_with, decoder, receipt, tmp_path
):
    begun = Event()

    class Slow(ReaderEngine):
        def read(self, image, conversation="", cancel=None):
            begun.set()
            # What a large picture does between two of its lines: look at ``cancel``.
            assert cancel.wait(WAIT_S)
            return super().read(image, conversation, cancel)

    assistant = assistant_with(Slow(decoder))
    with programs_served(assistant, tmp_path) as url:
        with leaving(f"{url}/v1/jobs/text", files={"image": ("r.png", receipt)}):
            assert begun.wait(WAIT_S)
            [run] = assistant._runs.all()

        assert run.ended.wait(WAIT_S)


def test_a_deep_clear_leaves_the_picture_of_a_run_that_has_not_ended(assistant_with, red, tmp_path):
    gate = Gate()
    engine = FakeEngine(["A long reply."], pace=gate)
    with TmpFolder(tmp_path / "tmp") as tmp:
        asked = Asked((Said("user", "Which colour?", (Upload("red.png", red),)),))
        run = Programs(assistant_with(engine), tmp).take(asked)
        assert gate.reached.wait(WAIT_S)
        [image] = engine.prompts[0].messages[0].images

        tmp.empty()

        assert image.path.read_bytes() == red
        gate.open.set()
        assert run.ended.wait(WAIT_S)
