"""A model's reading of a receipt, from scripted replies: checked fields, or a named failure."""

import json
from decimal import Decimal
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.job import Tools
from app.jobs.receipt_merge import merged
from app.jobs.receipt_model import CUT_OFF, UNREADABLE, ReceiptUnreadable, ask
from app.jobs.receipt_prompt import ITEM, TAX, WANTED
from app.jobs.receipt_schema import Amount, Receipt, Text
from vision.engine import Chunk, Line, Message, Prompt, SamplingParams
from vision.fake import FakeEngine

CAFE = [
    ("CORNER CAFE SDN BHD", 40, 30), ("12 Station Road,", 40, 70), ("50480 Springfield", 40, 110),
    ("GST ID: 001234567890", 40, 140), ("Date: 12/03/2018", 40, 170), ("18:12", 400, 170),
    ("Green Tea", 40, 210), ("2.00", 400, 210),
    ("Shiro Ramen", 40, 250), ("2 x 12.80", 250, 250), ("25.60", 400, 250),
    ("Green Tea", 40, 290), ("2.00", 400, 290),
    ("Subtotal", 40, 330), ("29.60", 400, 330), ("Rounding", 40, 370), ("-0.05", 400, 370),
    ("TOTAL RM", 40, 410), ("29.55", 400, 410),
    ("Cash", 40, 450), ("50.00", 400, 450), ("Change", 40, 490), ("20.45", 400, 490),
]  # fmt: skip
FAPIAO = [
    ("上海增值税电子普通发票", 200, 20), ("发票号码：12345678", 600, 20),
    ("开票日期：2024年05月06日", 600, 50), ("购买方名称：张三科技有限公司", 40, 90),
    ("*餐饮服务*餐费", 40, 150), ("1", 300, 150), ("94.34", 450, 150), ("6%", 600, 150),
    ("5.66", 700, 150), ("价税合计（大写）壹佰圆整", 40, 220), ("（小写）¥100.00", 600, 220),
    ("销售方名称：上海某某餐饮管理有限公司", 40, 260),
]  # fmt: skip
WHOLE = {
    "merchant": "Corner Cafe Sdn Bhd",
    "address": "12 Station Road, 50480 Springfield",
    "tax_id": "001234567890",
    "date": "2018-03-12",
    "time": "18:12",
    "currency": "MYR",
    "items": [
        {"name": "Green Tea", "quantity": "1", "amount": "2.00"},
        {"name": "Shiro Ramen", "quantity": "2", "unit_price": "12.80", "amount": "25.60"},
        {"name": "Green Tea", "quantity": None, "amount": "2.00"},
    ],
    "subtotal": "29.60",
    "rounding": "-0.05",
    "total": "RM 29.55",
    "paid": "50.00",
    "change": "20.45",
}


def lines_of(places):
    return tuple(Line(text, (x, y, x + 14 * len(text), y + 26), 0.98) for text, x, y in places)


LINES = lines_of(CAFE)


class NoReader:
    """Nothing is read: the lines are given."""

    def read(self, image, conversation="", cancel=None):
        raise AssertionError

    def read_pixels(self, rgb: np.ndarray, cancel=None):
        raise AssertionError


class Scripted(FakeEngine):
    """Ends as a real engine does whose reply looped, or was long, or had probabilities."""

    def __init__(self, reply, *, last=None, piece=4):
        super().__init__([reply], piece=piece)
        self._last = last or {}

    def stream(self, prompt, params, cancel):
        for chunk in super().stream(prompt, params, cancel):
            yield Chunk(**self._last) if chunk.finish_reason and self._last else chunk


def asked(reply, *, lines=LINES, of=None, text="", schema="", params=None, **how):
    """Ask a scripted model; return its reading, the chunks before, and the engine."""
    engine = reply if isinstance(reply, FakeEngine) else Scripted(reply, **how)
    prompt = Prompt((Message("user", text),), json_schema=schema)
    chosen = range(len(lines)) if of is None else of
    tools = Tools(engine, NoReader(), decoder=None)
    chunks = []
    steps = ask(prompt, lines, tuple(chosen), tools, params or SamplingParams(), Event())
    while True:
        try:
            chunks.append(next(steps))
        except StopIteration as end:
            return end.value, chunks, engine


def read(reply, **how):
    reading, _, _ = asked(reply if isinstance(reply, str) else json.dumps(reply), **how)
    return reading.receipt


def test_a_valid_reply_gives_each_field_with_its_place():
    receipt = read(WHOLE)

    assert receipt.merchant.value == "Corner Cafe Sdn Bhd"
    assert (receipt.merchant.source, receipt.merchant.lines) == ("both", (0,))
    assert receipt.address.lines == (1, 2)
    assert receipt.date.value == "2018-03-12"
    assert receipt.date.raw == "12/03/2018"
    assert receipt.time.lines == (5,)
    assert receipt.currency.value == "MYR"
    assert receipt.total.value == Decimal("29.55")
    assert receipt.total.box == LINES[18].box
    assert receipt.rounding.value == Decimal("-0.05")
    assert [item.amount.lines for item in receipt.items] == [(7,), (10,), (12,)]
    assert receipt.items[1].quantity.value == 2
    assert receipt.items[1].unit_price.lines == (9,)


def test_a_box_is_around_the_value_alone():
    x0, _, x1, _ = read(WHOLE).date.box

    assert (x0, x1) == (40 + 14 * len("Date: "), LINES[4].box[2])


def test_an_invented_field_is_marked_so():
    receipt = read(WHOLE | {"buyer": "ACME Ltd", "tip": "3.00", "number": "INV-77"})

    for invented in (receipt.buyer, receipt.tip, receipt.number):
        assert (invented.note, invented.source) == ("unsupported", "model")
        assert invented.box is None
        assert invented.confidence <= 0.3
    assert receipt.merchant.note == ""


def test_an_invented_item_is_marked_so():
    items = [*WHOLE["items"], {"name": "Lobster", "amount": "88.00"}]

    item = read(WHOLE | {"items": items}).items[-1]

    assert (item.name.note, item.amount.note) == ("unsupported", "unsupported")


def test_a_wrong_figure_is_told_with_what_the_line_says():
    change = read(WHOLE | {"change": "20.40"}).change

    assert (change.note, change.other) == ("disagrees", "20.45")
    assert change.confidence < 0.5


def test_a_wrong_figure_in_a_number_is_told():
    tax_id = read(WHOLE | {"tax_id": "001234567899"}).tax_id

    assert (tax_id.note, tax_id.other) == ("disagrees", "001234567890")


def test_a_letter_that_the_reader_misread_leaves_a_name_supported():
    lines = lines_of([("C0RNER CAFE SDN BHD", 40, 30), ("TOTAL 29.55", 40, 70)])

    merchant = read({"merchant": "CORNER CAFE SDN BHD", "total": "29.55"}, lines=lines).merchant

    assert (merchant.source, merchant.value) == ("both", "CORNER CAFE SDN BHD")
    assert merchant.raw == "C0RNER CAFE SDN BHD"


def test_a_date_counts_in_any_order_of_day_month_and_year():
    short = lines_of([("11.02.18 TOTAL 29.55", 40, 30)])

    assert read(WHOLE | {"date": "2018-12-03"}).date.note == ""
    assert read({"date": "2011-02-18"}, lines=short).date.note == ""


def test_another_date_than_the_printed_one_is_told():
    date = read(WHOLE | {"date": "2019-03-12"}).date

    assert (date.note, date.other) == ("disagrees", "12/03/2018")


def test_an_amount_is_found_where_its_label_is():
    paid = lines_of([("Cash 8.00", 40, 30), ("TOTAL 8.00", 40, 70), ("Saved 8.00", 40, 110)])

    assert read({"total": "8.00"}, lines=paid).total.lines == (1,)


@pytest.mark.parametrize(
    ("printed", "said", "value"),
    [
        ("TOTAL 1.234,56 EUR", "1.234,56", "1234.56"),
        ("TOTAL 1,234.56", "1234.56", "1234.56"),
        ("合計 ¥1,234", "¥1,234", "1234"),
        ("TOTAL Rp 15.000", "15.000", "15000"),
        ("TOTAL CHF 1'234.50", "1'234.50", "1234.50"),
    ],
)
def test_amounts_of_the_world_are_supported(printed, said, value):
    total = read({"total": said}, lines=lines_of([(printed, 40, 30)])).total

    assert (total.value, total.note) == (Decimal(value), "")


def test_figures_of_a_date_are_no_evidence_of_an_amount():
    lines = lines_of([("Date: 12/03/2018 18:12", 40, 30), ("Tel: 03-1234 5678", 40, 70)])

    assert read({"total": "12.00", "tip": "3.00"}, lines=lines).total.note == "unsupported"


def test_chinese_is_read_and_checked():
    reply = {
        "merchant": "上海某某餐饮管理有限公司", "buyer": "张三科技有限公司", "number": "12345678",
        "date": "2024-05-06", "currency": "CNY",
        "items": [{"name": "*餐饮服务*餐费", "quantity": "1", "amount": "94.34"}],
        "taxes": [{"name": "增值税", "rate": "6%", "amount": "5.66"}], "total": "¥100.00",
    }  # fmt: skip

    receipt = read(json.dumps(reply, ensure_ascii=False), lines=lines_of(FAPIAO))

    assert receipt.merchant.raw == "上海某某餐饮管理有限公司"
    assert receipt.date.lines == (2,)
    assert receipt.taxes[0].rate == 6
    found = (receipt.merchant, receipt.buyer, receipt.number, receipt.total, receipt.currency)
    assert {each.source for each in (*found, receipt.items[0].amount)} == {"both"}


def test_a_chinese_prompt_is_asked_in_chinese():
    _, _, engine = asked(json.dumps(WHOLE), text="读一下这张小票")

    said = engine.prompts[0].messages[-1].text
    assert said.startswith("读一下这张小票\n\n请读取")


def test_the_lines_are_in_the_prompt_as_evidence():
    _, _, engine = asked(json.dumps(WHOLE))

    assert "Shiro Ramen 2 x 12.80 25.60" in engine.prompts[0].messages[-1].text


def test_of_several_receipts_only_the_lines_of_one_are_given():
    reading, _, engine = asked('{"total": "29.55"}', of=range(13, 23))

    assert "CORNER CAFE" not in engine.prompts[0].messages[-1].text
    assert "several receipts" in engine.prompts[0].messages[-1].text
    assert reading.receipt.total.lines == (18,)


def test_the_likeliest_reply_is_asked_for_whatever_the_sampling():
    class Watched(Scripted):
        def stream(self, prompt, params, cancel):
            self.params = params
            yield from super().stream(prompt, params, cancel)

    hot = SamplingParams(temperature=1.5, top_k=3, repetition_penalty=1.3)

    _, _, engine = asked(Watched(json.dumps(WHOLE)), params=hot)

    assert engine.params == SamplingParams(max_new_tokens=3_072, logprobs=True)


def test_the_schema_of_the_reply_goes_with_the_prompt():
    _, _, engine = asked(json.dumps(WHOLE))

    schema = json.loads(engine.prompts[0].json_schema)
    assert {"merchant", "items", "total"} <= schema["properties"].keys()


def test_the_reply_is_shown_as_a_draft_but_is_no_text():
    _, chunks, _ = asked(json.dumps(WHOLE))

    assert "".join(chunk.draft for chunk in chunks) == json.dumps(WHOLE)
    assert {chunk.text for chunk in chunks} == {""}
    assert {chunk.finish_reason for chunk in chunks} == {None}


def test_a_draft_begins_with_the_json():
    _, chunks, _ = asked("Sure:\n```json\n" + json.dumps(WHOLE))

    assert "".join(chunk.draft for chunk in chunks) == json.dumps(WHOLE)


def test_prose_around_the_json_is_passed_over():
    reply = f"Sure! Here is the {{receipt}}:\n```json\n{json.dumps(WHOLE)}\n```\nAnything else?"

    assert read(reply) == read(WHOLE)


@pytest.mark.parametrize(
    "reply",
    [
        '{"merchant": "CORNER CAFE SDN BHD", "total": "29.55",}',
        "{'merchant': 'CORNER CAFE SDN BHD', 'total': '29.55', 'tip': None}",
        '{merchant: "CORNER CAFE SDN BHD", total: 29.55}',
        '{"merchant": "CORNER CAFE SDN BHD"\n"total": "29.55"}',
        '{"merchant": "CORNER CAFE SDN BHD", "total": RM 29.55}',
        '```json\n{"merchant": "CORNER CAFE SDN BHD", // the shop\n"total": "29.55"}',
        '{"receipt": {"merchant": "CORNER CAFE SDN BHD", "total": "29.55"}}',
        '[{"merchant": "CORNER CAFE SDN BHD", "total": "29.55"}]',
        '{"merchant": "x"} No, wait. {"merchant": "CORNER CAFE SDN BHD", "total": "29.55"}',
        "{“merchant”: “CORNER CAFE SDN BHD”, “total”: “29.55”}",
    ],
)
def test_broken_json_is_mended(reply):
    receipt = read(reply)

    assert receipt.merchant.value == "CORNER CAFE SDN BHD"
    assert receipt.total.value == Decimal("29.55")
    assert receipt.tip is None


def test_of_a_reply_that_was_cut_off_what_is_whole_is_kept():
    whole = json.dumps(WHOLE)
    reply = whole[: whole.index("25.60") + 2]  # within the second item's amount

    reading, chunks, _ = asked(reply, last={"finish_reason": "length"})

    assert reading.receipt.date.value == "2018-03-12"
    assert [item.name.value for item in reading.receipt.items] == ["Green Tea"]
    assert reading.receipt.total is None
    assert [chunk.notice for chunk in chunks if chunk.notice] == [CUT_OFF[0]]


def test_an_amount_that_was_cut_off_is_left_out():
    assert read('{"merchant": "CORNER CAFE SDN BHD", "total": "29').total is None


def test_of_a_loop_what_came_before_it_stands():
    head = json.dumps(WHOLE)[: json.dumps(WHOLE).index('"Green Tea", "quantity": null') - 10]
    reply = head + ', {"name": "Green Tea", "amount": "2.00"}' * 40
    last = {"finish_reason": "loop", "keep": len(head)}

    reading, chunks, _ = asked(reply, last=last)

    assert [item.name.value for item in reading.receipt.items] == ["Green Tea", "Shiro Ramen"]
    assert [chunk.notice for chunk in chunks if chunk.notice] == [CUT_OFF[0]]


def test_an_item_repeated_without_lines_of_its_own_is_a_loop():
    items = [*WHOLE["items"], *[{"name": "Green Tea", "amount": "2.00"}] * 60]

    receipt = read(WHOLE | {"items": items})

    unsupported = [item for item in receipt.items if item.name.note == "unsupported"]
    assert len(receipt.items) <= 4
    assert len(unsupported) <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchant": ["CORNER CAFE SDN BHD"], "total": 29.55},
        {"merchant": {"name": "CORNER CAFE SDN BHD"}, "total": {"value": "29.55"}},
        {"merchant": "CORNER CAFE SDN BHD", "total": ["RM", 29.55], "items": "Green Tea"},
        {"merchant": "CORNER CAFE SDN BHD", "total": "29.55", "date": 7, "items": {"name": None}},
        {"merchant": "CORNER CAFE SDN BHD", "total": "29.55", "change": True, "taxes": "none"},
        {"merchant": "CORNER CAFE SDN BHD", "total": "29.55", "tip": "N/A", "paid": "a lot"},
        {"merchant": "CORNER CAFE SDN BHD", "total": "29.55", "items": [None, 3, [], {"x": {}}]},
    ],
)
def test_values_of_wrong_types_are_taken_for_what_they_say_or_left_out(wrong):
    receipt = read(wrong)

    assert receipt.merchant.value == "CORNER CAFE SDN BHD"
    assert receipt.total.value == Decimal("29.55")
    assert (receipt.tip, receipt.date, receipt.taxes) == (None, None, ())
    assert receipt.paid is None


@pytest.mark.parametrize(
    "reply",
    ["", "I cannot read this picture.", "{}", '{"error": "blurry"}', "[" * 50_000, '{"a":' * 9_000],
)
def test_a_reply_without_fields_falls_back_on_the_reader_and_says_so(reply):
    reading, chunks, _ = asked(reply, piece=5_000)

    assert reading.receipt is None
    assert [chunk.notice for chunk in chunks if chunk.notice] == [UNREADABLE[0]]


def test_a_reply_without_fields_of_a_picture_without_lines_is_a_named_failure():
    with pytest.raises(ReceiptUnreadable) as failure:
        asked("I see nothing.", lines=())

    assert failure.value.values == {"characters": 14}


def test_without_lines_every_field_is_unsupported():
    receipt = read({"merchant": "Corner Cafe", "total": "29.55"}, lines=())

    assert {receipt.merchant.note, receipt.total.note} == {"unsupported"}


def test_a_cancelled_reply_is_no_failure():
    reading, chunks, _ = asked('{"mer', lines=(), last={"finish_reason": "cancelled"})

    assert reading.receipt is None
    assert reading.last.finish_reason == "cancelled"
    assert [chunk.notice for chunk in chunks if chunk.notice] == []


def test_tokens_that_were_unlikely_lower_the_confidence_of_their_value():
    reply = '{"merchant": "CORNER CAFE SDN BHD", "total": "29.55"}'
    pieces = [reply[at : at + 4] for at in range(0, len(reply), 4)]
    logprobs = tuple(-2.0 * (k == reply.index("29.55") // 4) for k in range(len(pieces)))

    sure = read(reply, last={"finish_reason": "stop"})
    unsure = read(reply, last={"finish_reason": "stop", "logprobs": logprobs})

    assert unsure.merchant.confidence == sure.merchant.confidence
    assert unsure.total.confidence < 0.2 * sure.total.confidence


def text(value, **more):
    found = {"raw": value, "confidence": 0.8, "source": "reader", "lines": (0,)}
    return Text(value=value, **(found | more))


def test_two_readings_that_agree_are_surer_than_either():
    both = merged(read(WHOLE), Receipt(merchant=text("CORNER CAFE SDN BHD", lines=(0,)))).merchant

    assert both.source == "both"
    assert both.confidence > read(WHOLE).merchant.confidence


def test_of_two_values_that_stand_there_the_surer_goes_first_with_the_other_told():
    reader = Receipt(merchant=text("12 Station Road,", lines=(1,)))

    merchant = merged(read(WHOLE), reader).merchant

    assert merchant.value == "Corner Cafe Sdn Bhd"
    assert (merchant.note, merchant.other) == ("disagrees", "12 Station Road,")


def test_an_invented_value_does_not_replace_the_readers():
    reader = Receipt(total=Amount(value=Decimal("29.55"), raw="29.55", confidence=0.8,
                                  source="reader", lines=(18,)))  # fmt: skip

    total = merged(read({"merchant": "CORNER CAFE SDN BHD", "total": "77.10"}), reader).total

    assert total.value == Decimal("29.55")
    assert (total.note, total.other) == ("disagrees", "77.10")


def test_what_one_reading_alone_has_is_kept():
    result = merged(read({"total": "29.55"}), Receipt(merchant=text("CORNER CAFE SDN BHD")))

    assert (result.merchant.source, result.total.value) == ("reader", Decimal("29.55"))


def test_fields_of_the_users_own_schema_are_asked_for():
    schema = json.dumps({"properties": {"served_by": {"type": "string"}}})

    reading, _, engine = asked(
        json.dumps(WHOLE | {"custom": {"served_by": "Aminah"}}), schema=schema
    )

    assert '"served_by"' in engine.prompts[0].messages[-1].text
    assert "custom" in json.loads(engine.prompts[0].json_schema)["properties"]
    assert reading.custom["served_by"].note == "unsupported"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["29.55", "1.2.3,4", "99/99/9999", "25:61", "2018-13-45", "-", "¥", "(5)"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*ITEM, *TAX, "value"]), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(WANTED), ANYTHING, min_size=1), st.integers(0, 300))
def test_whatever_a_model_says_is_checked_fields_or_the_readers(said, cut):
    for reply in (json.dumps(said), json.dumps(said)[:cut]):
        reading, chunks, _ = asked(reply)

        notices = [chunk.notice for chunk in chunks if chunk.notice]
        assert (reading.receipt is None) == (notices == [UNREADABLE[0]])


@settings(deadline=None)
@given(st.text(alphabet="{}[]\":,\\'1a. \n`", max_size=200))
def test_no_text_breaks_the_reading(reply):
    asked(reply, piece=200)


def test_an_amount_that_stands_elsewhere_is_believed_less():
    receipt = read(WHOLE | {"tip": "2.00"})

    assert receipt.tip.source == "both"
    assert receipt.tip.confidence < 0.7 < receipt.total.confidence


def test_items_that_come_to_the_total_go_before_those_that_do_not():
    right = read(WHOLE)
    wrong = read(WHOLE | {"items": WHOLE["items"][:1]})

    assert merged(wrong, right).items == right.items
    assert merged(right, wrong).items == right.items
