"""The user's own benchmark: how often each engine was right about what the user corrected."""

import json
from dataclasses import replace

import pytest

from app.config import Config, HistoryConfig, TmpConfig
from app.gold import FIELDS, Gold, gold_of, score
from app.intake import image_ref
from app.score import score_engines
from history import Store, Turn
from tests.conftest import RECEIPT, drawn
from tests.folder_lab import found, receipt
from tests.program import run
from vision.settings import EngineSettings


def fields(*receipts):
    return {"schema_version": 1, "receipts": list(receipts), "custom": {}}


def item(name, amount):
    return {"name": found(name), "amount": found(amount)}


def confirmed(one):
    return Gold(one, FIELDS)


def accuracy(gold, said):
    return score([([gold], fields(*said))])


def test_what_was_confirmed_counts_in_all_its_fields():
    turn = Turn(1, "", "", fields=fields(receipt("SHOP")))

    [gold] = gold_of(replace(turn, corrections={"receipts.0.confirmed": True}))

    assert gold.known == FIELDS


def test_of_what_was_only_corrected_the_rest_does_not_count():
    corrections = {"receipts.0.total": "9.90", "receipts.0.taxes.0.amount": "0.50"}
    turn = Turn(1, "", "", fields=fields(receipt("SHOP")), corrections=corrections)

    [gold] = gold_of(turn)

    assert gold.known == ("total", "tax")


def test_what_was_neither_is_no_gold():
    assert gold_of(Turn(1, "", "", fields=fields(receipt("SHOP")))) == ()


@pytest.mark.parametrize(
    ("gold", "said", "is_right"),
    [
        ({"merchant": found("Café Sol, Ltd.")}, {"merchant": found("CAFÉ SOL LTD")}, True),
        ({"merchant": found("Café Sol")}, {"merchant": found("Cafe Sol")}, False),
        ({"merchant": found("Café Sol")}, {}, False),
        ({}, {"merchant": found("Café Sol")}, False),
        ({}, {}, True),
    ],
)
def test_names_are_compared_by_letters_and_digits(gold, said, is_right):
    assert accuracy(Gold(gold, ("merchant",)), [said]).right == {"merchant": float(is_right)}


@pytest.mark.parametrize(
    ("gold", "said", "is_right"),
    [("12.50", "12.5", True), ("12.50", "12.05", False), ("1250", "12.50", False)],
)
def test_amounts_are_compared_as_numbers(gold, said, is_right):
    result = accuracy(Gold({"total": found(gold)}, ("total",)), [{"total": found(said)}])

    assert result.right == {"total": float(is_right)}


def test_taxes_are_compared_by_their_sum():
    gold = {"taxes": [{"name": "GST", "amount": found("1.50")}]}
    said = {"taxes": [{"name": "A", "amount": found("1")}, {"name": "B", "amount": found("0.5")}]}

    assert accuracy(Gold(gold, ("tax",)), [said]).right == {"tax": 1.0}


def test_items_count_by_the_share_that_both_have():
    gold = {"items": [item("Milk", "4.50"), item("Bread", "3.20"), item("Bread", "3.20")]}
    said = {"items": [item("milk", "4.5"), item("Bread", "3.20"), item("Bag", "0.20")]}

    assert accuracy(Gold(gold, ("items",)), [said]).right["items"] == pytest.approx(4 / 6)


def test_receipts_of_one_picture_are_told_apart_whatever_their_order():
    one, other = receipt("ONE", "1.00"), receipt("OTHER", "2.00")

    result = score([([confirmed(one), confirmed(other)], fields(other, one))])

    assert sum(result.right.values()) == 2 * len(FIELDS)


def test_a_receipt_that_was_not_found_is_wrong_in_what_it_has():
    result = accuracy(confirmed(receipt("SHOP")), [])

    wrong = {name for name in FIELDS if not result.right[name]}
    assert wrong == {"merchant", "date", "total"}


# From history


@pytest.fixture
def read(store, decoder, red):
    """Return a function that saves what an engine read in a picture; pictures differ by name."""
    pictures = {}

    def read(name, *receipts, engine="reader", detail=0, corrections=None, data=None, **where):
        if name not in pictures:
            data = data or red + name.encode()
            picture = decoder.check(data)
            store.put_image(data, picture.sha256, picture.format)
            pictures[name] = image_ref(name, picture)
        conversation = where.pop("conversation", None) or store.create().id
        turn = store.append(
            conversation,
            prompt="",
            images=[pictures[name]],
            job="receipt",
            params={"max_pixels": detail},
            **where,
        )
        ended = replace(
            turn,
            finish_reason="stop",
            engine=engine,
            model="small",
            fields=fields(*receipts),
            corrections=corrections or {},
        )
        store.finish(conversation, ended)
        return conversation

    return read


@pytest.fixture
def scores(store, capsys):
    """Return a function that returns the scores by engine and detail."""

    def scores():
        config = Config(history=HistoryConfig(root=str(store.root)))
        assert score_engines(config, run=False, as_json=True) == 0
        return {
            " ".join(filter(None, (each["engine"], each["detail"]))): each
            for each in json.loads(capsys.readouterr().out)
        }

    return scores


CONFIRMED = {"receipts.0.confirmed": True}


def test_engines_are_told_apart_by_what_they_said_of_the_same_picture(read, scores):
    read("a", receipt("SHOP", "8.16"), corrections=CONFIRMED)
    read("a", receipt("SHOP", "8.18"), engine="qwen")

    result = scores()

    assert result["reader"]["accuracy"] == 1
    assert result["qwen auto"]["right"]["total"] == 0
    assert result["qwen auto"]["right"]["merchant"] == 1


def test_resolutions_are_told_apart(read, scores):
    read("a", receipt("SHOP"), engine="qwen", detail=4_014_080, corrections=CONFIRMED)
    read("a", receipt("SHAP"), engine="qwen", detail=401_408)

    assert {name: each["right"]["merchant"] for name, each in scores().items()} == {
        "qwen max": 1,
        "qwen fast": 0,
    }


def test_a_correction_counts_against_the_engine_that_was_wrong(read, scores):
    read("a", receipt("SHOP", "8.16"), corrections={"receipts.0.total": "8.18"})

    assert scores()["reader"]["known"] == {"total": 1}
    assert scores()["reader"]["right"] == {"total": 0}


def test_other_versions_of_a_turn_count(read, scores):
    conversation = read("a", receipt("SHAP"), engine="qwen")
    read("a", receipt("SHOP"), conversation=conversation, instead_of=1, corrections=CONFIRMED)

    assert {name: each["right"]["merchant"] for name, each in scores().items()} == {
        "reader": 1,
        "qwen auto": 0,
    }


def test_of_the_same_engines_readings_the_newest_counts(read, scores):
    read("a", receipt("SHAP"))
    read("a", receipt("SHOP"), corrections=CONFIRMED)

    assert scores()["reader"]["receipts"] == 1
    assert scores()["reader"]["accuracy"] == 1


def test_pictures_that_nobody_vouched_for_do_not_count(read, scores):
    read("a", receipt("SHOP"), corrections=CONFIRMED)
    read("b", receipt("OTHER"))

    assert scores()["reader"]["receipts"] == 1


def test_the_table_has_a_row_for_each_field(read, store, capsys):
    read("a", receipt("SHOP"), corrections=CONFIRMED)
    read("a", receipt("SHAP"), engine="qwen")
    config = Config(history=HistoryConfig(root=str(store.root)))

    score_engines(config, run=False, as_json=False)

    told = capsys.readouterr().out
    assert [line.split() for line in told.splitlines() if line.startswith("merchant")] == [
        ["merchant", "1/1", "0/1"]
    ]
    assert told.index("reader small") < told.index("qwen small auto")
    assert "1 confirmed" in told


def test_the_engine_can_be_run_on_all_of_them_now(read, store, tmp_path, capsys):
    right = receipt("CORNER SHOP LTD", "8.16")
    read("a", right, engine="qwen", corrections=CONFIRMED, data=drawn(RECEIPT))
    config = Config(
        EngineSettings(kind="reader"),
        history=HistoryConfig(root=str(store.root)),
        tmp=TmpConfig(root=str(tmp_path / "tmp")),
    )

    score_engines(config, run=True, as_json=True)

    now = next(each for each in json.loads(capsys.readouterr().out) if each["detail"] == "now")
    assert (now["engine"], now["receipts"]) == ("reader", 1)
    assert now["right"]["total"] == 1


def test_without_corrections_it_says_how_to_begin(tmp_path):
    Store(tmp_path / "history").close()

    done = run(tmp_path, "score")

    assert done.returncode == 0
    assert "Correct one on the page" in done.stdout
