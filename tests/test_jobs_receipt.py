"""The receipt job, from pictures to the reply: with the reader, and with a scripted engine."""

import hashlib
import io
import json
import random
from contextlib import closing
from decimal import Decimal
from threading import Event

import pytest

from app.jobs.job import Tools, stream
from app.jobs.receipt_record import record
from app.jobs.receipt_schema import Receipts
from tests.receipt_sheets import FONT
from tests.receipt_shops import added_tax, convenience, grocery, invoice, numbers_below
from vision.engine import Image, Message, Prompt, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder
from vision.reader.engine import PictureGone, ReaderEngine


@pytest.fixture(scope="module")
def engine():
    with closing(Decoder()) as decoder:
        engine = ReaderEngine(decoder)
        engine.load(lambda _: None)
        yield engine
        engine.unload()


@pytest.fixture(scope="module")
def decoder():
    with closing(Decoder()) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")

    def image(picture):
        data = io.BytesIO()
        picture.save(data, "PNG")
        sha256 = hashlib.sha256(data.getvalue()).hexdigest()
        path = folder / f"{sha256}.png"
        path.write_bytes(data.getvalue())
        return Image(sha256, path, picture.width, picture.height)

    return image


class Lines:
    """A reader that knows what stands on each sheet."""

    def __init__(self, *sheets):
        self.sheets = list(sheets)

    def read(self, image, conversation="", cancel=None):
        return self.sheets.pop(0)

    def read_pixels(self, rgb, cancel=None):
        return ()


class Blind(FakeEngine):
    capabilities = ReaderEngine.capabilities


def asked(*images, text=""):
    return Prompt((Message("user", text, images),), job="receipt")


def run(engine, decoder, prompt, cancel=None):
    return list(stream(prompt, engine, decoder, SamplingParams(), cancel or Event()))


def said(chunks):
    return "".join(chunk.text for chunk in chunks)


def job(decoder, sheets, *, text="", images=None, cancel=None):
    from app.jobs.receipt import receipt

    pictures = images or [Image(str(i), None, 0, 0) for i in range(len(sheets))]
    tools = Tools(Blind(), Lines(*sheets), decoder)
    return list(receipt(asked(*pictures, text=text), tools, SamplingParams(), cancel or Event()))


@pytest.mark.parametrize("shop", [added_tax, numbers_below, grocery, invoice])
def test_a_drawn_receipt_is_read_whole(engine, decoder, store, shop):
    sheet = shop(random.Random(1))

    last = run(engine, decoder, asked(store(sheet.drawn())))[-1]
    [receipt] = Receipts.model_validate(last.fields).receipts

    assert receipt.merchant.value == sheet.merchant
    assert receipt.date.value == sheet.date
    assert receipt.total.value == sheet.total
    assert [item.amount.value for item in receipt.items] == [amount for _, amount in sheet.items]
    assert all(check.ok for check in receipt.checks)
    assert all(last.lines[i].text for i in receipt.total.lines)


@pytest.mark.skipif(not FONT.exists(), reason="needs a font with Chinese characters")
def test_a_chinese_receipt_is_read_whole(engine, decoder, store):
    sheet = convenience(random.Random(1))

    chunks = run(engine, decoder, asked(store(sheet.drawn()), text="这张小票写了什么？"))
    [receipt] = Receipts.model_validate(chunks[-1].fields).receipts

    assert receipt.total.value == sheet.total
    assert receipt.date.value == sheet.date
    assert "| 总额 |" in said(chunks)


def test_what_does_not_add_up_is_said_first(decoder, store):
    sheet = added_tax(random.Random(1))
    images = [store(sheet.drawn())]

    reply = said(job(decoder, [sheet.misread("total", random.Random(0))], images=images))

    assert reply.startswith("**Does not add up**")
    assert str(sheet.total) in reply


def test_fields_are_json_and_stay_the_same(decoder):
    fields = job(decoder, [added_tax(random.Random(0)).lines()])[-1].fields

    assert Receipts.model_validate_json(json.dumps(fields)).model_dump(mode="json") == fields


def test_each_picture_is_a_receipt_of_its_own(decoder):
    sheets = [added_tax(random.Random(0)), grocery(random.Random(0))]

    chunks = job(decoder, [sheet.lines() for sheet in sheets])
    receipts = Receipts.model_validate(chunks[-1].fields).receipts

    assert [one.total.value for one in receipts] == [sheet.total for sheet in sheets]
    assert [one.total.image for one in receipts] == [0, 1]
    assert {chunks[-1].lines[i].image for i in receipts[1].total.lines} == {1}
    assert "**Image 2**" in said(chunks)


def test_a_picture_that_is_no_receipt_gives_its_text(decoder):
    letter = [line for line in added_tax(random.Random(0)).lines() if "SDN BHD" in line.text]

    chunks = job(decoder, [tuple(letter)])

    assert chunks[-1].fields["receipts"] == []
    assert "SERI PAGI CORNER SDN BHD" in said(chunks)


def test_a_picture_without_text_is_said_to_have_none(decoder):
    chunks = job(decoder, [()])

    assert chunks[-1].fields["receipts"] == []
    assert said(chunks)


def test_progress_names_the_picture_that_is_read(decoder):
    chunks = job(decoder, [added_tax(random.Random(i)).lines() for i in range(2)])

    progress = [chunk.progress for chunk in chunks if chunk.progress]
    assert [(p.stage, p.done, p.total) for p in progress] == [("images", 1, 2), ("images", 2, 2)]


def test_cancelling_keeps_the_receipts_read_until_then(decoder):
    from app.jobs.receipt import receipt

    cancel = Event()
    sheets = [added_tax(random.Random(i)).lines() for i in range(3)]
    tools = Tools(Blind(), Lines(*sheets), decoder)
    pictures = [Image(str(i), None, 0, 0) for i in range(3)]
    chunks = receipt(asked(*pictures), tools, SamplingParams(), cancel)

    for chunk in chunks:
        last = chunk
        if chunk.text:
            cancel.set()

    assert last.finish_reason == "cancelled"
    assert len(last.fields["receipts"]) == 1


def test_a_picture_that_is_gone_is_said_so(engine, decoder, store):
    image = store(grocery(random.Random(3)).drawn())
    image.path.unlink()

    with pytest.raises(PictureGone):
        run(engine, decoder, asked(image))


def test_the_record_is_flat(decoder):
    sheet = added_tax(random.Random(1))
    last = job(decoder, [sheet.lines()])[-1]

    found = record(last.fields, last.lines)

    assert found["fields"]["company"] == sheet.merchant
    assert Decimal(found["fields"]["total"]) == sheet.total
    assert [Decimal(item["price"]) for item in found["items"]] == [a for _, a in sheet.items]
    assert found["checks"]
    assert all(0 <= value <= 1 for value in found["confidence"].values())
    assert [line["text"] for line in found["lines"]] == [line.text for line in sheet.lines()]


def test_what_does_not_add_up_is_in_more_doubt(decoder, store):
    sheet = added_tax(random.Random(1))
    images = [store(sheet.drawn())]
    right, wrong = (
        record(job(decoder, [lines], images=images)[-1].fields)["doubt"]
        for lines in (sheet.lines(), sheet.misread("total", random.Random(0)))
    )

    assert right < 0.5 < wrong


def test_the_record_of_no_receipt_has_its_lines_alone(decoder):
    last = job(decoder, [()])[-1]

    assert record(last.fields, last.lines) == {"lines": []}


def with_model(decoder, sheet, reply):
    from app.jobs.receipt import receipt

    tools = Tools(FakeEngine([json.dumps(reply)]), Lines(sheet.lines()), decoder)
    picture = Image("0", None, 0, 0)
    last = list(receipt(asked(picture), tools, SamplingParams(), Event()))[-1]
    return Receipts.model_validate(last.fields).receipts[0]


def test_a_model_that_reads_the_same_makes_a_value_surer(decoder):
    sheet = added_tax(random.Random(1))
    alone = Receipts.model_validate(job(decoder, [sheet.lines()])[-1].fields).receipts[0]

    both = with_model(decoder, sheet, {"merchant": sheet.merchant, "total": str(sheet.total)})

    assert both.total.source == "both"
    assert both.merchant.confidence >= alone.merchant.confidence
    assert all(check.ok for check in both.checks)


def test_a_model_that_reads_another_total_is_told(decoder):
    sheet = added_tax(random.Random(1))

    both = with_model(decoder, sheet, {"merchant": sheet.merchant, "total": "1.23"})

    assert both.total.value == sheet.total
    assert (both.total.note, both.total.other) == ("disagrees", "1.23")


def test_what_the_model_leaves_out_is_the_readers(decoder):
    sheet = added_tax(random.Random(1))

    both = with_model(decoder, sheet, {"merchant": sheet.merchant})

    assert both.date.value == sheet.date
    assert len(both.items) == len(sheet.items)
