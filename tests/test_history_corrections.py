"""What the user corrects: kept beside what was found, and used wherever that is."""

import csv
import errno
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from history import Filters, StorageFull, Store, TurnDamaged, TurnNotFound, TurnOpen, files
from history.corrections import at, changes, corrected, in_place, is_confirmed
from history.duplicates import duplicates, keep_looks, unseen_pictures
from history.export import export
from history.fields import merchant, told, totals
from history.importing import import_file
from history.receipt_markdown import receipt_markdown
from history.receipts import receipts
from history.receipts_seen import seen_in
from history.tables import to_csv, to_xlsx
from history.turn import Turn, decode, encode
from history.verify import verify
from tests.receipt_drawn import HOSTILE, fields, found, item, kept, receipt

TOTAL = "receipts.0.total"


def turn_with(corrections, content=None):
    return Turn(1, "2026-02-14T09:30:12Z", "x", finish_reason="stop",
                fields=content or fields(), corrections=corrections)  # fmt: skip


# What a correction is


def test_a_correction_wins_over_what_was_found():
    value = at(corrected(turn_with({TOTAL: "8.10"})), TOTAL)

    assert (value["value"], value["source"], value["confidence"]) == ("8.10", "user", 1.0)


def test_a_corrected_field_still_says_where_it_stands():
    value = at(corrected(turn_with({TOTAL: "8.10"})), TOTAL)

    assert (value["box"], value["raw"]) == (receipt()["total"]["box"], "8.16")


def test_what_was_found_is_not_touched():
    turn = turn_with({TOTAL: "8.10", "receipts.0.items.0": "", "receipts.0.phone": "1"})

    corrected(turn)

    assert turn.fields == fields()


@pytest.mark.parametrize(
    ("corrections", "path", "value"),
    [
        ({"receipts.0.phone": "03-1234"}, "receipts.0.phone", "03-1234"),
        ({"receipts.0.items.1.amount": "3.30"}, "receipts.0.items.1.amount", "3.30"),
        ({"receipts.0.discounts.0": "1.00"}, "receipts.0.discounts.0", "1.00"),
        ({"custom.plate.no": "WXY 1"}, "custom.plate.no", "WXY 1"),
    ],
)
def test_a_correction_finds_its_place(corrections, path, value):
    turn = turn_with(corrections, fields(receipt(), custom={"plate.no": found("WXV 1")}))

    assert at(corrected(turn), path)["value"] == value


def test_a_row_that_was_taken_out_is_gone():
    names = [each["name"]["value"] for each in
             at(corrected(turn_with({"receipts.0.items.0": ""})), "receipts.0.items")]  # fmt: skip

    assert names == ["Bread"]


def test_a_row_that_was_added_can_be_corrected_itself():
    added = {"receipts.0.items.2": item("Eggs", "2.00", 4), "receipts.0.items.2.amount": "2.10"}

    rows = at(corrected(turn_with(added)), "receipts.0.items")

    assert [row["amount"]["value"] for row in rows] == ["4.50", "3.20", "2.10"]


def test_rows_keep_their_numbers_when_one_before_them_goes():
    turn = turn_with({"receipts.0.items.0": "", "receipts.0.items.1.amount": "3.30"})

    assert at(in_place(turn), "receipts.0.items.0") is None
    assert at(in_place(turn), "receipts.0.items.1.amount")["value"] == "3.30"


def test_a_field_that_is_not_on_the_receipt_is_taken_out():
    assert at(corrected(turn_with({TOTAL: ""})), TOTAL) is None


def test_looking_right_changes_nothing_that_was_found():
    turn = turn_with({"receipts.0.confirmed": True})

    assert corrected(turn) == fields()
    assert is_confirmed(turn, 0)
    assert not is_confirmed(turn, 1)


@pytest.mark.parametrize("path", ["", "x", "receipts", "receipts.0", "receipts.x", "receipts.0.",
                                  "receipts.0.items.99999999.name", "receipts.0.total.value.x",
                                  "receipts.0.merchant.0", "custom", "..."])  # fmt: skip
def test_a_path_that_leads_nowhere_does_no_harm(path):
    for value in ("x", "", True, [], {}):
        corrected(turn_with({path: value}))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["receipts", "items", "total", "value", "merchant", "custom", "0"]), inner),
    max_leaves=12,
)  # fmt: skip
steps = st.sampled_from(["receipts", "items", "total", "value", "custom", "0", "1", "name"])
paths = st.lists(steps, min_size=1, max_size=5).map(".".join)


@given(
    st.dictionaries(st.sampled_from(["receipts", "custom", "total", "merchant"]), anything),
    st.dictionaries(paths, anything.filter(lambda value: value is not None), max_size=4),
)
def test_fields_and_corrections_of_any_shape_can_be_read(content, corrections):
    turn = turn_with(corrections, content or {"x": 1})

    result = corrected(turn)

    told(result)
    totals(result)
    merchant(result)
    changes(turn)
    for seen in seen_in(turn):
        assert isinstance(seen.doubtful, tuple)
        receipt_markdown(seen.receipt, str)


# On disk


def test_a_correction_outlives_the_program(store):
    conversation = kept(store)

    store.correct(conversation, 1, {TOTAL: "8.10"})

    again = Store(store.root).turn(conversation, 1)
    assert again.corrections == {TOTAL: "8.10"}
    assert again.fields == fields()


def test_a_turn_without_corrections_says_nothing_of_them():
    assert "corrections" not in json.loads(encode(turn_with({})))


def test_corrections_come_back_from_their_file():
    turn = turn_with({TOTAL: "8.10", "receipts.0.confirmed": True, "receipts.0.checks": []})

    assert decode(encode(turn)) == turn


def test_a_correction_that_is_taken_back_leaves_no_trace(store):
    conversation = kept(store)
    before = store.turn(conversation, 1)
    store.correct(conversation, 1, {TOTAL: "8.10", "receipts.0.date": "2026-02-15"})

    store.correct(conversation, 1, {TOTAL: None, "receipts.0.date": None})

    assert store.turn(conversation, 1) == before


def test_corrections_do_not_undo_each_other(store):
    conversation = kept(store)

    store.correct(conversation, 1, {TOTAL: "8.10"})
    Store(store.root).correct(conversation, 1, {"receipts.0.date": "2026-02-15"})

    assert store.turn(conversation, 1).corrections.keys() == {TOTAL, "receipts.0.date"}


def test_a_full_disk_leaves_the_turn_as_it_was(store, monkeypatch):
    conversation = kept(store)
    before = (store.root / conversation / "0001.json").read_bytes()

    def refuse(*_):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", refuse)
        with pytest.raises(StorageFull):
            store.correct(conversation, 1, {TOTAL: "8.10"})

    assert (store.root / conversation / "0001.json").read_bytes() == before
    assert list((store.root / ".stage").glob("*.tmp")) == []


def test_a_turn_whose_reply_is_under_way_is_not_corrected(store):
    conversation = store.create().id
    store.append(conversation, prompt="x")

    with pytest.raises(TurnOpen):
        store.correct(conversation, 1, {TOTAL: "8.10"})


def test_a_damaged_turn_is_left_as_it_is(store):
    conversation = kept(store)
    path = store.root / conversation / "0001.json"
    path.write_text("{", encoding="utf-8")

    with pytest.raises(TurnDamaged):
        store.correct(conversation, 1, {TOTAL: "8.10"})

    assert path.read_text(encoding="utf-8") == "{"


def test_a_turn_that_is_gone_is_not_corrected(store):
    with pytest.raises(TurnNotFound):
        store.correct(kept(store), 2, {TOTAL: "8.10"})


def test_a_corrected_store_is_whole(store):
    conversation = kept(store)

    store.correct(conversation, 1, {TOTAL: "8.10"})

    assert verify(store).faults == ()


def test_a_correction_stays_with_its_version(store):
    conversation = kept(store)
    store.correct(conversation, 1, {TOTAL: "8.10"})

    turn = store.append(conversation, prompt="again", instead_of=1)
    store.finish(conversation, replace(turn, finish_reason="stop"))
    assert store.turns(conversation)[0].corrections == {}
    store.choose(conversation, 1)

    assert store.turns(conversation)[0].corrections == {TOTAL: "8.10"}


@pytest.mark.parametrize("ending", ["zip", "json"])
def test_corrections_are_exported_and_imported(store, tmp_path, ending):
    conversation = kept(store)
    store.correct(conversation, 1, {TOTAL: "8.10"})
    export(store, tmp_path / f"all.{ending}", ending)
    elsewhere = Store(tmp_path / "elsewhere")

    import_file(elsewhere, tmp_path / f"all.{ending}")

    assert elsewhere.turn(conversation, 1) == store.turn(conversation, 1)
    elsewhere.close()


@pytest.mark.parametrize("ending", ["md", "html"])
def test_an_export_to_read_says_what_was_corrected(store, tmp_path, ending):
    store.correct(kept(store), 1, {TOTAL: "8.10", "receipts.0.merchant": HOSTILE})

    export(store, tmp_path / f"all.{ending}", ending)

    text = (tmp_path / f"all.{ending}").read_text(encoding="utf-8")
    assert "receipts.0.total: 8.10 (was 8.16)" in text
    assert "<img src=x" not in text.replace("\\<", "")


# Search


def test_a_corrected_total_is_found(store):
    conversation = kept(store)
    store.correct(conversation, 1, {TOTAL: "99.90"})

    assert [hit.turn_id for hit in store.search("", Filters(total_from=99))] == [1]
    assert store.search("", Filters(total_from=8, total_to=9)) == []


def test_a_corrected_merchant_is_found(store):
    conversation = kept(store)
    store.correct(conversation, 1, {"receipts.0.merchant": "Café Zwölf"})

    assert [hit.turn_id for hit in store.search("Zwölf")] == [1]


def test_an_item_is_found_by_its_name(store):
    kept(store)

    [hit] = store.search("bread")

    assert hit.excerpt.endswith("items: Bread 3.20 taxes: Service tax 0.46 total: 8.16")


# Tables


def rows(store):
    return [dict(zip(table.columns, row, strict=True))
            for table in [receipts(store)] for row in table.rows]  # fmt: skip


def test_each_receipt_is_a_row(store):
    kept(store, fields(receipt(), receipt("9.00", merchant=found("Café", 0))))

    assert [(row["receipt"], row["merchant"], row["total"], row["adds_up"]) for row in rows(store)
            ] == [("1", "CORNER SHOP LTD", "8.16", "yes"), ("2", "Café", "9.00", "no")]  # fmt: skip


def test_a_row_has_what_the_user_left(store):
    conversation = kept(store)
    store.correct(conversation, 1, {TOTAL: "8.10", "receipts.0.items.0": "",
                                    "receipts.0.confirmed": True})  # fmt: skip

    [row] = rows(store)

    assert (row["total"], row["corrected"], row["confirmed"], row["item_count"], row["tax"]) == (
        "8.10", "items, total", "yes", "1", "0.46",
    )  # fmt: skip


def test_a_row_says_what_is_in_doubt_until_it_was_confirmed(store):
    doubted = receipt(date=found("2026-02-14", 1, confidence=0.5),
                      number=found("7", note="unsupported"))  # fmt: skip
    conversation = kept(store, fields(doubted))
    assert rows(store)[0]["doubtful"] == "date, number"

    store.correct(conversation, 1, {"receipts.0.confirmed": True})

    assert rows(store)[0]["doubtful"] == ""


def test_receipts_stand_in_a_table_with_what_plain_questions_found(store):
    kept(store)
    kept(store, {"total": "12.50", "merchant": "Old shop"})

    assert {(row["merchant"], row["total"]) for row in rows(store)} == {
        ("CORNER SHOP LTD", "8.16"), ("Old shop", "12.50"),
    }  # fmt: skip


def test_the_fields_of_ones_own_schema_have_columns(store):
    kept(store, {"schema_version": 1, "receipts": [], "custom": {"plate": found("WXY 1")}})

    assert rows(store)[0]["plate"] == "WXY 1"


def test_a_workbook_has_a_sheet_of_items(store):
    kept(store, fields(receipt(number=found("000123"))))

    book = load_workbook(io.BytesIO(to_xlsx(receipts(store))))

    assert book.sheetnames == ["Receipts", "Items"]
    head, *items = book["Items"].iter_rows(values_only=True)
    assert [dict(zip(head, row, strict=True))["amount"] for row in items] == [4.5, 3.2]
    row = dict(zip(*book["Receipts"].iter_rows(values_only=True), strict=True))
    assert (row["total"], row["number"], f"{row['date']:%d %b}") == (8.16, "000123", "14 Feb")


def test_a_table_opens_as_text_what_looks_like_a_formula(store):
    kept(store, fields(receipt(merchant=found("=1+1"))))

    head, row = csv.reader(io.StringIO(to_csv(receipts(store)).decode("utf-8-sig")))

    assert dict(zip(head, row, strict=True))["merchant"] == "'=1+1"


def test_a_receipt_is_markdown_without_its_gaps():
    [seen] = seen_in(turn_with({"receipts.0.merchant": "A | B"}))

    text = receipt_markdown(seen.receipt, str)

    assert text == (
        "| field | value |\n| --- | --- |\n| merchant | A \\| B |\n| date | 2026-02-14 |\n"
        "| Service tax | 0.46 |\n| total | 8.16 |\n\n"
        "| name | quantity | unit_price | amount | tax_mark |\n"
        "| --- | ---: | ---: | ---: | --- |\n"
        "| Milk |  |  | 4.50 |  |\n| Bread |  |  | 3.20 |  |\n"
    )


# Duplicates


def alike(store, conversation):
    found_ = duplicates(store, conversation, store.turn(conversation, 1))
    return {(each.conversation_id, each.why) for each in found_}


def other_picture(store):
    """Return receipts' picture number two, so that only what they say is the same."""
    return [replace(store.turn(kept(store), 1).images[0], sha256="b" * 64)]


def test_the_same_merchant_day_and_total_are_a_duplicate(store):
    images = other_picture(store)
    [first] = [each.id for each in store.conversations()]

    second = kept(store, images=images)

    assert alike(store, second) == {(first, "receipt")}
    assert alike(store, first) == {(second, "receipt")}


def test_one_that_was_corrected_apart_is_no_duplicate(store):
    images = other_picture(store)
    second = kept(store, images=images)

    store.correct(second, 1, {TOTAL: "9.16"})

    assert alike(store, second) == set()


def test_one_of_which_too_little_is_known_is_no_duplicate(store):
    kept(store, fields(receipt(date=None)), images=[])
    second = kept(store, fields(receipt(date=None)), images=[])

    assert alike(store, second) == set()


def test_the_same_picture_is_a_duplicate_whatever_was_read(store):
    first = kept(store)
    second = kept(store, fields(receipt("1.00", merchant=None)))

    assert alike(store, second) == {(first, "picture")}


def test_pictures_that_look_nearly_the_same_are_duplicates(store):
    images = other_picture(store)
    [first] = [each.id for each in store.conversations()]
    second = kept(store, fields(receipt("1.00", merchant=None)), images=images)
    seen = dict(unseen_pictures(store, 10))
    assert len(seen) == 2

    keep_looks(store, [(sha256, look) for sha256, look in zip(seen, ("f0" * 32, "f1" * 32),
                                                              strict=True)])  # fmt: skip
    assert alike(store, second) == set()
    keep_looks(store, [(sha256, look) for sha256, look in zip(seen, ("f0" * 32, "f0" * 31 + "ff"),
                                                              strict=True)])  # fmt: skip

    assert alike(store, second) == {(first, "picture")}
    assert unseen_pictures(store, 10) == []


def test_asking_again_about_ones_own_picture_is_no_duplicate(store):
    conversation = kept(store)
    first = store.turn(conversation, 1)
    turn = store.append(conversation, prompt="again", images=first.images, instead_of=1)
    store.finish(conversation, replace(turn, finish_reason="stop", fields=first.fields))

    assert alike(store, conversation) == set()


def test_two_receipts_of_one_turn_can_be_the_same(store):
    conversation = kept(store, fields(receipt(), receipt()))

    found_ = duplicates(store, conversation, store.turn(conversation, 1))

    assert [(each.number, each.other) for each in found_] == [(0, 1), (1, 0)]


def test_what_was_deleted_is_no_duplicate(store):
    first = kept(store)
    second = kept(store)
    store.trash.delete_conversation(first)

    assert alike(store, second) == set()
