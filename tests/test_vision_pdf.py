"""PDFs: their pages as pictures, and what becomes of those that are locked, broken or hostile."""

import io
import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vision import pdf_fonts
from vision.errors import ImageRefused
from vision.image_errors import (
    ImageKindRefused,
    ImageTooManyBytes,
    ImageTooManyPixels,
    ImageTooNarrow,
    ImageTooSlow,
)
from vision.images import Decoder, Limits
from vision.pdf import _PdfProcess, is_pdf
from vision.pdf_errors import PdfBroken, PdfLocked, PdfTooManyPages

A4 = (595, 842)  # points


def pdf(content=b"", *, size=A4, pages=1, fonts=b"", more=(), trailer=b""):
    """Return a PDF whose pages all have the same content; ``more`` are objects from 6 on."""
    kids = b" ".join(b"5 0 R" for _ in range(pages))
    packed = zlib.compress(content)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
        b"<</Font<<%s>>>>" % fonts,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Contents 3 0 R/Resources 4 0 R>>" % size,
        *more,
    ]
    file, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    end += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return file + end + b"startxref\n%d\n%%%%EOF" % len(file)


def scanned(*colours):
    first, *others = (Image.new("RGB", (80, 60), colour) for colour in colours)
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def drawn(decoder, data):
    """Return the pixels of each page."""
    return [decoder.decode(page).rgb for page in decoder.pages(data)]


def sizes(decoder, data):
    return [page.shape[1::-1] for page in drawn(decoder, data)]


def test_each_page_is_a_picture_in_the_documents_order(decoder):
    pages = drawn(decoder, scanned("red", "lime", "blue"))

    assert [page[0, 0].argmax() for page in pages] == [0, 1, 2]


def test_what_is_empty_is_white(decoder):
    [page] = drawn(decoder, pdf())

    assert (page == 255).all()


def test_text_is_drawn(decoder):
    font = b"/F 6 0 R", (b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",)

    [page] = drawn(
        decoder, pdf(b"BT /F 40 Tf 50 700 Td (TOTAL) Tj ET", fonts=font[0], more=font[1])
    )

    assert 0.001 < (page < 128).mean() < 0.02


@pytest.mark.skipif(pdf_fonts.installed() is None, reason="no such font on this machine")
def test_chinese_is_drawn_where_the_pdf_holds_no_font(decoder):
    def page(text):
        fonts = (
            b"<</Type/Font/Subtype/Type0/BaseFont/SimSun/Encoding/UniGB-UCS2-H"
            b"/DescendantFonts[7 0 R]>>"
            b"|<</Type/Font/Subtype/CIDFontType2/BaseFont/SimSun/FontDescriptor 8 0 R"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>"
            b"|<</Type/FontDescriptor/FontName/SimSun/Flags 4/FontBBox[0 -200 1000 900]"
            b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
        ).split(b"|")
        shown = b"BT /F 40 Tf 50 700 Td <%s> Tj ET" % text.encode("utf-16-be").hex().encode()
        [pixels] = drawn(decoder, pdf(shown, fonts=b"/F 6 0 R", more=fonts))
        return pixels

    two, eight = (page(text) < 128 for text in ("发票", "发票价税合计金额"))
    assert two.any()
    assert eight.sum() > 2 * two.sum()


@pytest.mark.parametrize(
    ("points", "pixels"),
    [
        (A4, (1654, 2340)),  # at 200 dots an inch
        ((226, 567), (942, 2363)),  # a till receipt of 80 x 200 mm: at 300, not 629 x 1575
        ((226, 2268), (621, 6232)),  # of 80 x 800 mm
        ((1191, 1684), (1655, 2339)),  # A3
        ((3370, 4768), (4681, 6623)),  # a poster, at 100
    ],
)
def test_small_print_has_the_same_pixels_on_any_paper(decoder, points, pixels):
    assert sizes(decoder, pdf(size=points)) == [pytest.approx(pixels, abs=2)]


@pytest.mark.parametrize(
    ("data", "refusal", "sentence"),
    [
        (b"%PDF-1.7\nnot much", PdfBroken, "damaged or was cut off"),
        (pdf(b"0 0 9 9 re f")[:-300], PdfBroken, "damaged or was cut off"),
        (pdf(pages=0), PdfBroken, "damaged or was cut off"),
        (pdf(pages=51), PdfTooManyPages, "51 pages; the limit is 50"),
        (pdf(size=(4, 2000)), ImageTooNarrow, "longer side"),
        (pdf(size=(14000, 14000)), ImageTooManyPixels, "19,445 × 19,445"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(decoder, data, refusal, sentence):
    with pytest.raises(refusal, match=sentence) as refused:
        drawn(decoder, data)

    assert refused.value.hint


def test_a_locked_pdf_says_so(decoder):
    encrypted = b"<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>" % (b"o" * 32, b"u" * 32)
    names = b"/Encrypt 6 0 R/ID[<00><00>]"

    with pytest.raises(PdfLocked, match="asks for a password"):
        drawn(decoder, pdf(more=(encrypted,), trailer=names))


def test_a_pdf_beyond_the_limit_is_not_sent():
    data = pdf()

    with (
        Decoder(Limits(max_bytes=len(data) - 1)) as decoder,
        pytest.raises(ImageTooManyBytes),
    ):
        drawn(decoder, data)


def test_the_pages_before_one_that_cannot_be_drawn_are_there(decoder):
    whole = scanned("red", "lime")
    place = whole.rindex(b"/MediaBox")
    end = whole.index(b"]", place)
    broken = whole[:place] + b"/MediaBox [ 0 0 1 900".ljust(end - place) + whole[end:]
    pages = decoder.pages(broken)

    assert decoder.decode(next(pages)).rgb[0, 0].argmax() == 0
    with pytest.raises(ImageTooNarrow):
        next(pages)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (pdf(), True),
        (b"\xef\xbb\xbf\n" + pdf(), True),
        (b"a text about %PDF-1.7", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"", False),
    ],
)
def test_a_pdf_is_known_by_its_first_bytes(data, answer):
    assert is_pdf(data) is answer


def test_a_pdf_in_a_pictures_place_is_still_refused(decoder):
    with pytest.raises(ImageKindRefused):
        decoder.check(pdf())


# Hostile documents


def test_a_page_that_computes_too_long_is_refused():
    # Ever new transparent layers, each the size of the page.
    content = b"/G gs 0 0 595 842 re f\n" * 200_000
    state = b"<</Type/ExtGState/ca 0.5/BM/Luminosity>>"
    slow = pdf(content, more=(state,)).replace(
        b"<</Font<<>>>>", b"<</ExtGState<</G 6 0 R>>/Font<<>>>>"
    )

    with Decoder(Limits(cpu_s=1)) as decoder, pytest.raises(ImageTooSlow):
        drawn(decoder, slow)


def pages_or_refusal(decoder, data):
    try:
        return len(drawn(decoder, data))
    except ImageRefused as refusal:
        return str(refusal)


def test_mutated_documents_end_as_pages_or_a_refusal(decoder):
    random = np.random.default_rng(7)
    original = np.frombuffer(scanned("red", "lime"), np.uint8)
    endings = set()
    for _ in range(12):
        data = original.copy()
        places = random.integers(len(data), size=random.choice((1, 8, 64)))
        data[places] = random.integers(256, size=len(places))

        endings.add(pages_or_refusal(decoder, data.tobytes()))

    assert 2 in endings
    assert any(isinstance(ending, str) for ending in endings)
    assert "" not in endings


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_document_is_drawn_where_nothing_can_be_opened():
    process = _PdfProcess(Limits())
    try:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        mapped = Path(f"/proc/{process.pid}/maps").read_text()
    finally:
        process.close()

    rows = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert rows["Max open files"] == ["0", "0"]
    assert rows["Max file size"] == ["0", "0"]
    assert int(rows["Max address space"][1]) < 2 << 30
    assert "pdfium" in mapped


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_ends_with_whoever_stops_asking(decoder):
    def workers():
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        return {
            pid for pid in children if b"pdf_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        }

    pages = decoder.pages(scanned("red", "lime"))
    next(pages)
    during = workers()
    pages.close()

    assert len(during) == 1
    assert workers() == set()
