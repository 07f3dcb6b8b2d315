"""Fields of a user's own JSON schema: by labels, by a model, and schemas that cannot be used."""

import json
from decimal import Decimal

import pytest

import app.batch.command
from app.assistant import Assistant
from app.batch import batch
from app.build import schema_for
from app.config import Config, ConfigError, ReceiptConfig, TmpConfig
from app.engines import Candidate
from app.intake import Upload
from app.jobs.receipt_custom import by_labels, checked_custom, load_schema
from app.jobs.receipt_evidence import Lines
from app.jobs.receipt_schema import Amount, Receipt
from app.jobs.receipt_sureness import Sureness
from tests.conftest import drawn
from vision.beside import WithReader
from vision.engine import Line, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

PLACES = [
    ("CORNER CAFE", 40, 30), ("Table No: 12", 40, 70), ("Served by", 40, 110), ("Aminah", 300, 110),
    ("Date: 12/03/2018", 40, 150), ("Expiry: 01/04/2018", 40, 190), ("桌号：A7", 40, 230),
    ("Points earned", 40, 270), ("125", 300, 270), ("TOTAL", 40, 310), ("29.55", 300, 310),
]  # fmt: skip
LINES = tuple(Line(text, (x, y, x + 14 * len(text), y + 26), 0.98) for text, x, y in PLACES)
ALL = range(len(LINES))


def schema(**properties):
    return json.dumps({"type": "object", "properties": properties}, ensure_ascii=False)


def labelled(receipt=None, **properties):
    return by_labels(schema(**properties), LINES, ALL, receipt)


def given(reply, **properties):
    return checked_custom(schema(**properties), reply, Lines(LINES, ALL), Sureness())


def refused(tmp_path, text):
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_schema(file)
    return str(error.value).replace(str(file), "mine.json")


def test_a_field_is_found_beside_the_label_that_its_title_is():
    found = labelled(t={"type": "string", "title": "Table No"})["t"]

    assert (found.value, found.source, found.lines) == ("12", "reader", (1,))


def test_a_field_is_found_beside_the_label_that_its_name_is():
    assert labelled(servedBy={"type": "string"})["servedBy"].value == "Aminah"
    assert labelled(points_earned={"type": "integer"})["points_earned"].value == "125"


def test_a_field_is_found_beside_a_label_quoted_in_its_description():
    field = {"description": 'Behind "Expiry": when the points run out', "format": "date"}

    assert labelled(until=field)["until"].value == "2018-04-01"


def test_a_chinese_label_is_found():
    assert labelled(桌号={"type": "string"})["桌号"].value == "A7"


def test_a_field_within_another_is_named_with_a_point():
    seller = {"type": "object", "properties": {"table": {"title": "Table No"}}}

    assert labelled(seller=seller)["seller.table"].value == "12"


def test_what_stands_below_a_word_within_a_line_is_not_its_value():
    assert labelled(cafe={"title": "Cafe"}) == {}


def test_what_stands_below_a_label_by_itself_is_its_value():
    below = (Line("Room", (40, 30, 96, 56), 0.98), Line("217", (42, 62, 84, 88), 0.98))

    assert by_labels(schema(room={}), below, range(2))["room"].value == "217"


def test_what_is_not_there_is_left_out():
    assert labelled(waiter={"type": "string"}) == {}


def test_what_is_no_value_of_its_type_is_left_out():
    assert labelled(served={"title": "Served by", "type": "number"}) == {}


def test_a_field_that_receipts_have_is_the_receipts():
    total = Amount(
        value=Decimal("29.55"), raw="29.55", confidence=0.9, source="reader", lines=(10,)
    )

    found = labelled(Receipt(total=total), total={"type": "number"})["total"]

    assert (found.value, found.confidence) == ("29.55", 0.9)


def test_a_models_values_are_checked_against_the_lines():
    reply = {"custom": {"table": "12", "waiter": "Aminah", "mood": "cheerful"}}

    found = given(reply, table={}, waiter={}, mood={})

    assert (found["waiter"].source, found["waiter"].lines) == ("both", (3,))
    assert (found["mood"].source, found["mood"].note) == ("model", "unsupported")


def test_a_models_values_are_taken_for_their_types():
    reply = {
        "custom": {"points": "125 pts", "until": "01/04/2018", "paid": True, "kind": "DINE-IN"}
    }

    found = given(
        reply,
        points={"type": "integer"},
        until={"format": "date"},
        paid={"type": "boolean"},
        kind={"enum": ["dine-in", "takeaway"]},
    )

    assert {name: text.value for name, text in found.items()} == {
        "points": "125", "until": "2018-04-01", "paid": "true", "kind": "dine-in",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "number"}, "many"),
        ({"format": "date"}, "soon"),
        ({"enum": ["a", "b"]}, "c"),
        ({"type": "string"}, None),
        ({"type": "string"}, {}),
    ],
)
def test_a_models_value_of_a_wrong_type_is_left_out(field, said):
    assert given({"custom": {"x": said}}, x=field) == {}


def test_a_list_of_a_model_is_one_text():
    assert (
        given({"custom": {"names": ["Aminah", "Table"]}}, names={})["names"].value
        == "Aminah, Table"
    )


def test_a_reply_that_forgot_to_nest_is_understood():
    assert given({"table": "12"}, table={})["table"].value == "12"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"type": "object",', "is not JSON"),
        ("[]", "Input should be"),
        ('{"type": "array", "properties": {"a": {}}}', "type: Input should be 'object'"),
        ('{"type": "object"}', "properties: Field required"),
        ('{"properties": {}}', "at least 1 item"),
        ('{"properties": {"a": {"type": "strng"}}}', "properties.a.type: Input"),
        ('{"properties": {"a": 3}}', "properties.a"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, reason):
    said = refused(tmp_path, text)

    assert said.startswith("schema mine.json: ")
    assert reason in said


def test_a_schema_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"mine\.json: cannot be read: No such file"):
        load_schema(tmp_path / "mine.json")


def test_a_huge_schema_is_refused(tmp_path):
    assert "the limit is 64,000" in refused(tmp_path, '{"properties": {}}' + " " * 64_000)


def test_the_schema_that_the_config_names_is_loaded(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text('{"properties": {"table": {"type": "string"}}}', encoding="utf-8")

    assert json.loads(schema_for(Config(receipt=ReceiptConfig(str(file)))))["properties"] == {
        "table": {"type": "string"}
    }
    assert schema_for(Config()) == ""


TICKET = drawn(("CORNER SHOP LTD", "Date: 14/02/2026", "Table No: 12", "Milk 4.50", "TOTAL 4.50"))
OWN = '{"properties": {"table": {"title": "Table No"}, "waiter": {"type": "string"}}}'
REPLY = '{"total": "4.50", "custom": {"table": "12", "waiter": "Aminah"}}'


def test_a_turn_of_the_page_has_the_fields_of_the_users_schema(store):
    with Decoder() as decoder:
        engine = WithReader(FakeEngine([REPLY]), decoder)
        assistant = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams(), OWN)
        assistant.start()
        run = assistant.send(None, "Read it", [Upload("t.png", TICKET)], job="receipt")
        run.ended.wait()
        assistant.close()

    custom = run.snapshot().turn.fields["custom"]
    assert (custom["table"]["value"], custom["table"]["source"]) == ("12", "both")
    assert custom["waiter"]["note"] == "unsupported"


def test_a_batch_has_the_fields_of_the_users_schema(tmp_path, monkeypatch):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "t.png").write_bytes(TICKET)
    (tmp_path / "mine.json").write_text(OWN, encoding="utf-8")
    config = Config(
        tmp=TmpConfig(str(tmp_path / "tmp")), receipt=ReceiptConfig(str(tmp_path / "mine.json"))
    )
    monkeypatch.setattr(
        app.batch.command, "engine_for", lambda _, decoder: WithReader(FakeEngine([REPLY]), decoder)
    )

    batch(config, tmp_path / "scans", tmp_path / "out.jsonl", "receipt")

    [line] = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["custom"] == {"table": "12", "waiter": "Aminah"}
