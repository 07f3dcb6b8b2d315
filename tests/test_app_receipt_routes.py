"""What the panel of receipts asks of the server: to read, to correct, to take away as a file."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from PIL import Image

from app.look import SIZE, look
from app.naming import first_name, full_name
from app.page.i18n import WORDS
from app.receipt_routes import receipt_routes
from history.traces import are_alike
from tests.conftest import png
from tests.receipt_drawn import HOSTILE, fields, found, item, kept, receipt
from vision.fake import FakeEngine

TOTAL = "receipts.0.total"


@pytest.fixture
def client(assistant_with):
    app = FastAPI()
    app.include_router(receipt_routes(assistant_with(FakeEngine())))
    return TestClient(app)


@pytest.fixture
def ask(client, store):
    """Return a function that corrects the one turn of a conversation, and returns the panel."""

    def correct(conversation, changes, code=200):
        answer = client.post(f"/receipt/{conversation}/1", json=changes)
        assert answer.status_code == code, answer.text
        return answer.json()

    return correct


def first(panel):
    return panel["receipts"][0]


def test_a_panel_says_what_does_not_add_up_with_the_numbers(client, store):
    shown = first(client.get(f"/receipt/{kept(store, fields(receipt('8.76')))}/1").json())

    assert shown["state"] == "wrong"
    assert [check["text"] for check in shown["checks"] if not check["ok"]] == [
        "The parts come to 8.16; the total is 8.76 (+0.60)."
    ]


def test_a_correction_is_added_up_again(ask, store):
    wrong = receipt("8.76")
    wrong["checks"][0] |= {"code": "items"}
    conversation = kept(store, fields(wrong))

    shown = first(ask(conversation, {TOTAL: "8.16"}))

    assert shown["state"] == "right"
    assert [check["ok"] for check in shown["checks"]] == [True]


def test_corrections_that_cross_are_added_up_together(ask, store, monkeypatch):
    conversation = kept(store, fields(receipt("8.76")))
    correct = store.correct

    def after_another(*asked):
        monkeypatch.undo()
        ask(conversation, {"receipts.0.items.0.amount": "5.10"})
        return correct(*asked)

    monkeypatch.setattr(store, "correct", after_another)

    shown = first(ask(conversation, {"receipts.0.subtotal": "8.30"}))

    assert shown["state"] == "right"


def test_a_correction_that_is_taken_back_brings_back_the_checks(ask, store):
    conversation = kept(store, fields(receipt("8.76")))
    ask(conversation, {TOTAL: "8.16"})

    shown = first(ask(conversation, {TOTAL: None}))

    assert shown["state"] == "wrong"
    assert store.turn(conversation, 1).corrections == {}


@pytest.mark.parametrize(
    ("path", "said", "value"),
    [
        (TOTAL, "RM 1,234.50", "1234.50"),
        (TOTAL, "1.234,50", "1234.50"),
        (TOTAL, "NT$ 58", "58"),
        (TOTAL, "12,50 €", "12.50"),
        (TOTAL, "58元", "58"),
        (TOTAL, "１２．５０", "12.50"),
        ("receipts.0.rounding", "−0.02", "-0.02"),
        ("receipts.0.items.0.quantity", "0.512", "0.512"),
        ("receipts.0.date", "2026-02-28", "2026-02-28"),
        ("receipts.0.time", "09:30:00", "09:30"),
        ("receipts.0.merchant", "  Café\n Zwölf ", "Café Zwölf"),
        ("receipts.0.items.0.tax_mark", "SR", "SR"),
    ],
)
def test_a_value_is_kept_as_the_schema_has_it(ask, store, path, said, value):
    conversation = kept(store)

    ask(conversation, {path: said})

    assert store.turn(conversation, 1).corrections[path] == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (TOTAL, "twelve"), (TOTAL, "12 or 13"), (TOTAL, "12.5x"), (TOTAL, "1-2"),
        (TOTAL, 12), (TOTAL, ["1"]),
        ("receipts.0.date", "28/02/2026"), ("receipts.0.date", "2026-02-30"),
        ("receipts.0.time", "25:00"), ("receipts.0.items.0.name", ""),
        ("receipts.1.total", "1.00"), ("receipts.0.items.7.name", "x"),
        ("receipts.0.checks", ""), ("receipts.0.total.value", "1"), ("fields", "x"),
        ("custom.none", "x"), ("receipts.0.merchant", "x" * 501),
    ],
)  # fmt: skip
def test_a_value_that_cannot_stand_there_is_refused(ask, store, path, said):
    conversation = kept(store)

    refused = ask(conversation, {path: said}, code=409)

    assert "cannot stand" in refused["problem"][0]
    assert store.turn(conversation, 1).corrections == {}


def test_a_refusal_is_said_in_the_users_language(client, store):
    answer = client.post(f"/receipt/{kept(store)}/1", json={TOTAL: "x"},
                         headers={"accept-language": "zh-CN"})  # fmt: skip

    assert "不能填在这里" in answer.json()["problem"][0]


def test_what_stands_there_already_is_no_correction(ask, store):
    conversation = kept(store)
    ask(conversation, {TOTAL: "8.10"})

    ask(conversation, {TOTAL: "8.16"})

    assert store.turn(conversation, 1).corrections == {}


def test_rows_are_added_with_a_name_and_taken_out_again(ask, store):
    conversation = kept(store)
    ask(conversation, {"receipts.0.items.2": "Eggs"})
    shown = first(ask(conversation, {"receipts.0.items.2.amount": "2.00"}))
    assert [row["cells"]["name"]["value"] for row in shown["items"]["rows"]] == [
        "Milk", "Bread", "Eggs",
    ]  # fmt: skip

    ask(conversation, {"receipts.0.items.2": None})

    assert store.turn(conversation, 1).corrections == {}


def test_a_row_that_was_found_is_taken_out_and_put_back(ask, store):
    conversation = kept(store)
    shown = first(ask(conversation, {"receipts.0.items.0": ""}))
    assert [row["removed"] for row in shown["items"]["rows"]] == [True, False]

    ask(conversation, {"receipts.0.items.0": None})

    assert store.turn(conversation, 1).corrections == {}


def test_a_tax_without_its_amount_is_taken_out_whole(ask, store):
    conversation = kept(store)

    shown = first(ask(conversation, {"receipts.0.taxes.0.amount": ""}))

    assert [(s["label"], s["value"], s["original"]) for s in shown["sums"]] == [
        ("Tax", "", "0.46"), ("Total", "8.16", ""),
    ]  # fmt: skip


def test_a_tax_and_a_discount_can_be_added(ask, store):
    conversation = kept(store)

    shown = first(ask(conversation, {"receipts.0.taxes.1": "0.10", "receipts.0.discounts.0": "1"}))

    assert [(s["label"], s["value"]) for s in shown["sums"]] == [
        ("Discount", "1"), ("Service tax", "0.46"), ("Tax", "0.10"), ("Total", "8.16"),
    ]  # fmt: skip


def test_a_receipt_is_confirmed_on_its_own(ask, store):
    conversation = kept(store, fields(receipt(), receipt()))

    panel = ask(conversation, {"receipts.1.confirmed": True})

    assert [each["confirmed"] for each in panel["receipts"]] == [False, True]


def test_a_reply_under_way_is_not_corrected(client, store, assistant_with):
    conversation = store.create().id
    store.append(conversation, prompt="x", fields=fields())

    answer = client.post(f"/receipt/{conversation}/1", json={TOTAL: "8.10"})

    assert answer.status_code == 409
    assert "has not ended" in answer.json()["problem"][0]


@pytest.mark.parametrize("address", ["nothing/1", "20260214-093012-k3f9/1", "../1", "x/0/0.json"])
def test_what_is_not_there_is_not_found(client, address):
    assert client.get(f"/receipt/{address}").status_code == 404


def test_fields_of_ones_own_schema_can_be_corrected(ask, store):
    own = {"schema_version": 1, "receipts": [], "custom": {"plate.no": found("WXV 1", 0)}}
    conversation = kept(store, own)

    panel = ask(conversation, {"custom.plate.no": "WXY 1"})

    assert [(f["label"], f["value"], f["original"]) for f in panel["custom"]] == [
        ("plate.no", "WXY 1", "WXV 1")
    ]


def test_the_panel_of_any_old_fields_is_shown(client, store):
    new = {"items": 1, "total": "5", "taxes": ["x"], "checks": [{"code": "new"}]}
    for content in ({"x": "1"}, {"receipts": "none"}, {"receipts": [1, {}]}, {"receipts": [new]}):
        assert client.get(f"/receipt/{kept(store, content)}/1").status_code == 200


# Names


def test_a_conversation_is_called_by_its_corrected_merchant(ask, store):
    conversation = kept(store)
    store.rename(conversation, full_name(store.turn(conversation, 1)))

    ask(conversation, {"receipts.0.merchant": "Corner Shop"})

    assert store.conversation(conversation).title == "Corner Shop · 2026-02-14"


def test_a_conversation_is_called_by_the_last_of_two_merchants_that_cross(ask, store, monkeypatch):
    conversation = kept(store)
    store.rename(conversation, full_name(store.turn(conversation, 1)))
    correct = store.correct

    def after_another(*asked):
        monkeypatch.undo()
        ask(conversation, {"receipts.0.merchant": "First"})
        return correct(*asked)

    monkeypatch.setattr(store, "correct", after_another)

    ask(conversation, {"receipts.0.merchant": "Second"})

    assert store.conversation(conversation).title == "Second · 2026-02-14"


def test_a_name_that_the_user_gave_stays(ask, store):
    conversation = kept(store)
    store.rename(conversation, "Groceries")

    ask(conversation, {"receipts.0.merchant": "Corner Shop"})

    assert store.conversation(conversation).title == "Groceries"


def test_a_picture_without_a_question_gets_the_merchants_name(store):
    turn = store.turn(kept(store, prompt=""), 1)

    assert (first_name(turn), full_name(turn)) == ("scan", "CORNER SHOP LTD · 2026-02-14")


def test_a_page_gives_its_title_to_the_conversation(store):
    turn = store.turn(kept(store), 1)
    html = "<!DOCTYPE html><title>Ferry &amp; Times</title><h1>x</h1>"

    named = replace(turn, job="html", fields={"html": html})

    assert full_name(named) == "Ferry & Times · HTML"
    assert full_name(replace(named, fields={"html": ""})) == first_name(turn)


def test_a_comparison_is_called_by_its_pictures(store):
    turn = store.turn(kept(store), 1)
    other = replace(turn.images[0], name="after.png")

    named = replace(turn, job="compare", images=(*turn.images, other), fields={})

    assert full_name(named) == "scan / after"


# Files


@pytest.fixture
def take(client, store):
    def taken(ending, **changes):
        conversation = kept(store, fields(receipt(**changes)))
        answer = client.get(f"/receipt/{conversation}/1/0.{ending}")
        assert "attachment" in answer.headers["content-disposition"]
        return answer.content

    return taken


@pytest.mark.parametrize(
    ("merchant", "name"),
    [
        ("CORNER SHOP LTD", "CORNER%20SHOP%20LTD%202026-02-14.xlsx"),
        ("咖啡", "%E5%92%96%E5%95%A1%202026-02-14.xlsx"),
        ("../a/b:c\u202exslx", "a%20b%20c%20xslx%202026-02-14.xlsx"),
    ],
)
def test_a_file_is_called_by_merchant_and_day(client, store, merchant, name):
    conversation = kept(store, fields(receipt(merchant=found(merchant))))

    answer = client.get(f"/receipt/{conversation}/1/0.xlsx")

    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{name}"


def test_a_receipt_is_taken_away_as_json(take):
    assert json.loads(take("json")) == receipt()


def test_a_receipt_is_taken_away_as_a_row(take):
    head, row = csv.reader(io.StringIO(take("csv", merchant=found("咖啡")).decode("utf-8-sig")))

    values = dict(zip(head, row, strict=True))
    assert (values["merchant"], values["total"], values["pictures"]) == ("咖啡", "8.16", "scan.png")


def test_its_items_are_taken_away_as_rows(take):
    rows = list(csv.DictReader(io.StringIO(take("items").decode("utf-8-sig"))))

    assert [(row["name"], row["amount"]) for row in rows] == [("Milk", "4.50"), ("Bread", "3.20")]


def test_a_receipt_is_taken_away_as_a_workbook(take):
    book = load_workbook(io.BytesIO(take("xlsx")))

    assert book.sheetnames == ["Receipts", "Items"]
    assert book["Items"].max_row == 3


def test_a_receipt_is_taken_away_as_markdown(take):
    text = take("md", merchant=found(HOSTILE)).decode()

    assert "| Total | 8.16 |" in text
    assert "\\<img src=x" in text


# Looks


def test_a_picture_that_was_saved_smaller_looks_alike(decoder, receipt_picture):
    small = receipt_picture.resize((receipt_picture.width // 2, receipt_picture.height // 2))

    looks = [look(decoder.decode(png(each), SIZE).rgb) for each in (receipt_picture, small)]

    assert are_alike(*looks)


def test_another_receipt_looks_different(decoder, receipt_picture):
    other = receipt_picture.transpose(Image.Transpose.ROTATE_180)

    looks = [look(decoder.decode(png(each), SIZE).rgb) for each in (receipt_picture, other)]

    assert not are_alike(*looks)


def test_an_empty_page_is_like_nothing():
    assert look(np.full((*SIZE[::-1], 3), 255, np.uint8)) == ""


@pytest.fixture
def receipt_picture(receipt):
    return Image.open(io.BytesIO(receipt)).convert("RGB")


def test_pictures_are_looked_at_when_a_panel_is_shown(client, store, decoder):
    smaller = Image.open(io.BytesIO(store_picture(store, kept(store))))
    data = png(smaller.resize((smaller.width // 2, smaller.height // 2)))
    picture = decoder.check(data)
    store.put_image(data, picture.sha256, "png")
    image = store.turn(store.conversations()[0].id, 1).images[0]
    other = kept(store, fields(receipt_of_another()), images=[
        type(image)(picture.sha256, "png", picture.width, picture.height)])  # fmt: skip

    shown = client.get(f"/receipt/{other}/1").json()

    assert [each["text"] for each in first(shown)["duplicates"]] == [
        WORDS["en"]["found_same_picture"]
    ]


def receipt_of_another():
    return receipt("1.00", merchant=found("Other shop", 0), items=[item("Tea", "1.00", 2)])


def store_picture(store, conversation):
    image = store.turn(conversation, 1).images[0]
    return store.image_path(image.sha256, image.format).read_bytes()
