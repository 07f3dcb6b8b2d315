"""What the page asks of a folder: files in, how far it is, what to look at first, a table out."""

import csv
import io

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from PIL import Image

from app.page.folder_routes import folder_routes
from app.tmp_folder import TmpFolder
from tests.conftest import png
from tests.folder_lab import Script, receipt
from tests.server_lab import until
from vision.errors import EngineFailed
from vision.fake import FakeEngine


def picture(width):
    return png(Image.new("RGB", (width, 8)))


@pytest.fixture
def script(monkeypatch):
    script = Script()
    monkeypatch.setattr("app.worker.stream", script)
    return script


@pytest.fixture
def client(assistant_with, script, tmp_path, monkeypatch):
    (tmp_path / "uploads" / "march").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    app = FastAPI()
    with TmpFolder(tmp_path / "tmp") as tmp:
        app.include_router(folder_routes(assistant_with(FakeEngine()), tmp, 1 << 20))
        with TestClient(app) as client:
            yield client


def send(client, *widths, tag="Trip/"):
    for width in widths:
        url, headers = f"/folder/files?tag={tag}", {"x-name": f"{width}%20km.png"}
        answer = client.post(url, content=picture(width), headers=headers)
        assert answer.status_code == 200, answer.text


def now_of(client):
    return client.get("/folder/now").json()["now"]


def until_done(client):
    until(lambda: now_of(client)["state"] == "done")
    return now_of(client)


def rows(client, tag="Trip/"):
    return client.get("/folder/queue", params={"tag": tag}).json()["rows"]


@pytest.fixture
def read(client, script, store):
    """Return a function that has receipts read, told by their pictures' widths."""

    def read(readings):
        script.readings = readings
        send(client, *readings)
        until_done(client)
        return rows(client)

    return read


def test_a_folder_is_opened_by_name(client):
    answer = client.post("/folder/open", json={"name": "Trip"})

    assert answer.json() == {"tag": "Trip/"}


def test_what_wants_a_look_comes_first(read):
    found = read({
        10: receipt("SURE"),
        11: receipt("DOUBTED", sure=0.6),
        12: receipt("WRONG", adds_up=False),
        13: receipt("MORE DOUBTED", sure=0.4),
    })  # fmt: skip

    assert [(row["merchant"], row["state"]) for row in found] == [
        ("WRONG", "wrong"),
        ("MORE DOUBTED", "unsure"),
        ("DOUBTED", "unsure"),
        ("SURE", "right"),
    ]
    assert found[1]["why"] == "Merchant, Total"


def test_what_was_confirmed_comes_last(read, client, store):
    first, _ = read({10: receipt("WRONG", adds_up=False), 11: receipt("SURE")})

    store.correct(first["conversation"], first["turn"], {"receipts.0.confirmed": True})

    assert [(row["merchant"], row["checked"]) for row in rows(client)] == [
        ("SURE", False),
        ("WRONG", True),
    ]


def test_a_row_says_what_was_corrected(read, client, store):
    [row] = read({10: receipt("SHOP")})

    store.correct(row["conversation"], row["turn"], {"receipts.0.total": "9.90"})

    assert rows(client)[0]["total"] == "9.90"


def test_a_row_has_the_files_own_name(read):
    [row] = read({10: receipt("SHOP")})

    assert (row["name"], row["date"], row["total"]) == ("10 km.png", "2026-02-14", "8.16")


def test_a_receipt_that_is_being_read_is_no_row(client, script):
    script.may.clear()
    send(client, 10)
    assert script.began.acquire(timeout=60)

    assert rows(client) == []
    script.may.set()
    until_done(client)


def test_the_table_has_a_row_for_each_receipt(read, client):
    read({10: receipt("ONE", "1.25"), 11: receipt("TWO", "2.50")})

    answer = client.get("/folder/table.csv", params={"tag": "Trip/"})

    head, *found = csv.reader(answer.content.decode("utf-8-sig").splitlines())
    totals = {row[head.index("merchant")]: row[head.index("total")] for row in found}
    assert totals == {"ONE": "1.25", "TWO": "2.50"}
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''Trip.csv"


def test_the_workbook_has_the_same(read, client):
    read({10: receipt("ONE", "1.25")})

    answer = client.get("/folder/table.xlsx", params={"tag": "Trip/"})

    assert len(list(load_workbook(io.BytesIO(answer.content))["Receipts"].values)) == 2


def test_a_table_named_in_chinese_is_downloaded(client, script):
    send(client, 10, tag="三月/")
    until_done(client)

    answer = client.get("/folder/table.csv", params={"tag": "三月/"})

    assert answer.headers["content-disposition"].endswith("%E4%B8%89%E6%9C%88.csv")


def test_how_far_it_is_is_told_in_the_users_language(client, script):
    script.may.clear()
    send(client, 10)
    client.post("/folder/pause", json={"tag": "Trip/"})

    now = client.get("/folder/now", headers={"accept-language": "zh"}).json()["now"]
    assert (now["state"], now["total"], now["left"]) == ("paused", 1, "已暂停")


def test_a_pause_by_the_engines_fault_says_why(client, script):
    script.readings[10] = EngineFailed()
    send(client, 10)
    until(lambda: now_of(client)["problem"])

    assert now_of(client)["state"] == "paused"


def test_files_that_were_not_read_are_named(client):
    client.post("/folder/files?tag=Trip/", content=b"nothing", headers={"x-name": "a.png"})

    [failure] = until_done(client)["failures"]
    assert failure["name"] == "a.png"
    assert "kind TXT" in failure["text"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/folder/open", {"name": " "}),
        ("/folder/place", {"name": "../secret"}),
        ("/folder/place", {"name": "uploads/march"}),
    ],
)
def test_what_cannot_be_done_is_said(client, path, body):
    answer = client.post(path, json=body)

    assert answer.status_code == 409
    assert len(answer.json()["problem"]) == 2


def test_another_folders_files_are_not_even_received(client, script):
    script.may.clear()
    send(client, 10)

    answer = client.post("/folder/files?tag=Other/", content=picture(11))

    assert answer.status_code == 409
    assert "Trip/ is still being read" in answer.json()["problem"][0]


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "/folder/explode"), ("get", "/folder/table.exe?tag=Trip/")],
)
def test_nothing_else_is_done(client, method, path):
    options = {"json": {"tag": "Trip/"}} if method == "post" else {}

    assert getattr(client, method)(path, **options).status_code == 404


def test_all_folders_are_listed_with_those_that_can_be_read(read, client, tmp_path):
    read({10: receipt("SHOP")})
    (tmp_path / "uploads" / "march" / "a.png").write_bytes(picture(10))

    answer = client.get("/folder").json()

    assert [(each["tag"], each["about"]) for each in answer["folders"]] == [("Trip/", "1 receipt")]
    assert answer["places"] == [{"place": "uploads/march", "about": "1 file"}]
