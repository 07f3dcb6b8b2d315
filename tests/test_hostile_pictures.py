"""Pictures made to harm: a sentence or a picture, soon, in little memory, by the same decoder."""

import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.encode import encoded
from vision.errors import ImageRefused
from vision.image_errors import (
    ImageKindRefused,
    ImageTakesTooMuchMemory,
    ImageTooManyPixels,
    ImageTooManyScans,
    ImageTooNarrow,
    ImageTooSlow,
)
from vision.images import Decoder, Limits
from vision.pdf import _PdfProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

LIMIT_S = 2.0  # of CPU time, in the decoder: a busy machine changes nothing
LIMIT_MIB = 300.0  # more than an idle decoder has


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def outcome(decoder, data):
    """Take a file in, and return what it is, or a refusal that has words."""
    try:
        return decoder.intake(data, 64)[0]
    except ImageRefused as refusal:
        return refusal if str(refusal) and refusal.hint else None


class Costs:
    """What the decoder spends, from now on."""

    def __init__(self, decoder):
        decoder.warm()
        self.process = decoder._process
        self.before_s = self.cpu_s()
        self.before_mib = self.mib("VmRSS:")
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")  # the peak begins anew

    def cpu_s(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mib(self, name):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(name)[2].split()[0]) / 1024

    def check(self, decoder):
        assert decoder._process is self.process
        assert self.process.alive
        assert self.cpu_s() - self.before_s <= LIMIT_S
        assert self.mib("VmHWM:") - self.before_mib <= LIMIT_MIB


def chunk(name, body):
    crc = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def png_with(*chunks):
    data = encoded(Image.new("RGB", (8, 8), "red"), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def scan_bomb(scans):
    data = encoded(Image.new("L", (6_000, 6_000), 77), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


def webp_header(width, height):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_of(frames):
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * frames + b";"


def apng_of(frames):
    ones = [Image.new("L", (1, 1), number % 256) for number in range(frames)]
    return encoded(ones[0], "PNG", save_all=True, append_images=ones[1:])


def tiff_of(pages):
    tags = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    page = struct.pack("<H", len(tags))
    page += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    nexts = [8 + (len(page) + 4) * number for number in range(1, pages)] + [0]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(page + struct.pack("<I", n) for n in nexts)


def exif_bomb(entries):
    """EXIF whose entries all point at the same megabyte."""
    listed = struct.pack("<HHII", 0x9286, 7, 1 << 16, 8) * entries
    tiff = b"II*\0" + struct.pack("<IH", 8, entries) + listed + bytes(4)
    jpeg = encoded(Image.new("RGB", (8, 8)), "JPEG")
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def drawn():
    picture = Image.new("RGB", (48, 32), "white")
    ImageDraw.Draw(picture).ellipse((4, 4, 44, 28), fill="red")
    return picture


UNPACKED = b"x" * 60_000_000
BOMBS = {
    # name: the file, what it ends as: a refusal, or the width of a picture
    "png-of-one-colour-too-large": (
        lambda: encoded(Image.new("1", (8_000, 8_000)), "PNG"),
        ImageTooManyPixels,
    ),
    "gif-too-large": (lambda: encoded(Image.new("P", (8_000, 8_000)), "GIF"), ImageTooManyPixels),
    "webp-header-of-16k": (lambda: webp_header(16_384, 16_384), ImageTooManyPixels),
    "tiff-of-zeros-too-large": (
        lambda: encoded(Image.new("1", (8_000, 8_000)), "TIFF", compression="tiff_deflate"),
        ImageTooManyPixels,
    ),
    "png-of-20-megapixels": (lambda: encoded(Image.new("1", (5_000, 4_000)), "PNG"), 5_000),
    "gif-of-20-megapixels": (lambda: encoded(Image.new("P", (5_000, 4_000)), "GIF"), 5_000),
    "png-of-28-megapixels-of-grey-with-alpha": (
        lambda: encoded(Image.new("LA", (5_600, 5_000)), "PNG", compress_level=1),
        5_600,
    ),
    "jpeg-of-1000-scans": (lambda: scan_bomb(1_000), ImageTooManyScans),
    "png-text-that-unpacks": (
        lambda: png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(UNPACKED))),
        8,
    ),
    "png-text-that-widens": (
        lambda: png_with(chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(UNPACKED + "😀".encode()))),
        ImageTakesTooMuchMemory,
    ),
    "png-profile-that-unpacks": (
        lambda: png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(UNPACKED))),
        8,
    ),
    "exif-that-repeats-itself": (lambda: exif_bomb(5_000), 8),
    "gif-of-10000-frames": (lambda: gif_of(10_000), 1),
    "apng-of-1000-frames": (lambda: apng_of(1_000), 1),
    "tiff-of-5000-pages": (lambda: tiff_of(5_000), 1),
    "strip-of-one-pixel": (lambda: encoded(Image.new("L", (1, 60_000)), "PNG"), ImageTooNarrow),
    "one-pixel": (lambda: encoded(Image.new("L", (1, 1)), "PNG"), 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_more_than_a_picture(decoder, name):
    make, expected = BOMBS[name]
    data, costs = make(), Costs(decoder)

    ended = outcome(decoder, data)

    assert expected in (type(ended), getattr(ended, "width", None))
    costs.check(decoder)


def test_a_small_picture_gets_the_time_of_a_small_picture():
    """This one takes twice that; the largest picture may take five times as much."""
    bomb = png_with(chunk(b"teXt", b"") * 2_000_000)

    with Decoder() as decoder:
        with pytest.raises(ImageTooSlow):
            decoder.check(bomb)

        assert decoder.check(encoded(drawn(), "PNG")).width == 48


@pytest.mark.parametrize(
    ("mode", "plugin", "options"),
    [("RGB", "WEBP", {"lossless": True, "method": 0}), ("RGBA", "PNG", {"compress_level": 1})],
)
def test_a_picture_of_50_megapixels_has_what_it_needs(decoder, mode, plugin, options):
    """The allowance grows with the pixels: nothing good is refused. WebP takes most, 750 MiB."""
    picture = Image.new(mode, (7_200, 7_200), "teal")

    assert decoder.check(encoded(picture, plugin, **options)).width == 7_200


KINDS = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "tiff": "TIFF",
         "avif": "AVIF"}  # fmt: skip
FILES = {kind: encoded(drawn(), plugin) for kind, plugin in KINDS.items()}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_off_anywhere_ends_as_a_picture_or_a_refusal(decoder, kind):
    data, costs = FILES[kind], Costs(decoder)

    for end in range(0, len(data), max(1, len(data) // 60)):
        assert outcome(decoder, data[:end])

    costs.check(decoder)


PAGE = b"<html><script>alert(1)</script><svg onload=alert(1)>"
EXTERNAL = b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
DISGUISED = {
    "a page after a GIF's mark": (b"GIF89a/*" + PAGE + b"*/=1", ImageRefused),
    "a page in a GIF's comment": (
        FILES["gif"][:-1] + b"\x21\xfe" + bytes([len(PAGE)]) + PAGE + b"\0;",
        48,
    ),
    "a page after a picture": (FILES["png"] + PAGE, 48),
    "a picture after a page": (PAGE + FILES["png"], ImageRefused),
    "a PDF in a JPEG": (
        FILES["jpg"][:2] + b"\xff\xfe\x00\x0a%PDF-1.7" + FILES["jpg"][2:],
        48,
    ),
    "a JPEG in a PDF": (b"%PDF-1.7\n" + FILES["jpg"], ImageKindRefused),
    "an archive after a picture": (FILES["jpg"] + b"PK\3\4" + bytes(64), 48),
    "a picture after an archive": (b"PK\3\4" + FILES["png"], ImageKindRefused),
    "SVG with an outside entity": (EXTERNAL, ImageKindRefused),
    "SVG behind a declaration": (b'<?xml version="1.0"?>' + EXTERNAL, ImageKindRefused),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200), ImageKindRefused),
}


@pytest.mark.parametrize("name", DISGUISED)
def test_a_file_of_two_kinds_is_what_its_first_bytes_say(decoder, name):
    data, expected = DISGUISED[name]

    ended = outcome(decoder, data)

    if expected == 48:
        assert ended.width == 48
    else:
        assert isinstance(ended, expected)


@pytest.mark.parametrize("name", [name for name, (_, ends) in DISGUISED.items() if ends == 48])
def test_what_is_made_of_a_picture_holds_nothing_but_its_pixels(decoder, name):
    preview = decoder.preview(DISGUISED[name][0], 64)

    assert preview[8:12] == b"WEBP"
    assert b"alert" not in preview
    assert b"%PDF" not in preview


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(FILES)),
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=8)), max_size=8),
    cut=st.one_of(st.none(), st.integers(0, 1 << 12)),
)
def test_whatever_is_changed_in_a_file_the_decoder_goes_on(decoder, kind, changes, cut):
    data = bytearray(FILES[kind])
    for place, new in changes:
        at = place % len(data)
        data[at : at + len(new)] = new
    costs = Costs(decoder)

    assert outcome(decoder, bytes(data[:cut]))

    costs.check(decoder)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=2_000))
def test_any_bytes_end_as_a_picture_or_a_refusal(decoder, data):
    assert outcome(decoder, data)


def document(objects):
    """Return a PDF of these objects, the first of them its catalogue."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    foot = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(data))
    return data + head + table + foot


def laughing_document(levels, times):
    """Return a page that draws a form, which draws the next ten times, and so on."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R%s>>"
    draws = b"/Resources<</XObject<</X %d 0 R>>>>"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               page % (draws % 5), b"<</Length 5>>stream\n/X Do\nendstream"]  # fmt: skip
    for level in range(levels):
        content = b"/X Do " * times if level < levels - 1 else b"0 0 9 9 re f"
        form = b"<</Type/XObject/Subtype/Form/BBox[0 0 200 200]%s/Length %d>>stream\n%s\nendstream"
        below = draws % (6 + level) if level < levels - 1 else b""
        objects.append(form % (below, len(content), content))
    return document(objects)


def test_a_document_that_draws_itself_ten_times_ten_times_is_refused(decoder):
    with pytest.raises(ImageRefused):
        list(decoder.pages(laughing_document(8, 10)))

    assert len(list(decoder.pages(laughing_document(2, 10)))) == 1


def photos_on_a_page(count, side):
    """Return an A4 page of ``count`` photos, each of them a JPEG of its own."""
    photo = encoded(Image.new("RGB", (side, side), "teal"), "JPEG")
    head = b"/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB" % (side, side)
    head = b"<</Subtype/Image%s/Filter/DCTDecode/Length %d>>stream\n" % (head, len(photo))
    names = b"".join(b"/I%d %d 0 R" % (n, 5 + n) for n in range(count))
    drawn = b"".join(b"q 90 0 0 90 %d 0 cm /I%d Do Q " % (4 * n, n) for n in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>>>"
    return document([
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page % (b"/XObject<<%s>>" % names),
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        *[head + photo + b"\nendstream"] * count,
    ])  # fmt: skip


def test_neither_what_reads_a_document_nor_what_draws_its_page_may_take_300_mib_more():
    """A limit of the system, so that it holds for a bomb that ends the process as well."""
    process = _PdfProcess(Limits())
    try:
        held_mib = said_of(process, "status", "VmSize:") / 1024
        process.open(photos_on_a_page(0, 1))
        read_mib = said_of(process, "limits", "Max address space") / 2**20
        process.page(0)
        drawn_mib = said_of(process, "limits", "Max address space") / 2**20
    finally:
        process.close()

    assert held_mib < read_mib < drawn_mib <= held_mib + LIMIT_MIB


def said_of(process, file, name):
    said = Path(f"/proc/{process.pid}/{file}").read_text()
    return int(said.partition(name)[2].split()[0])


def blue(decoder, data):
    """Return how much of a document's only page is not white: PDFium leaves out what fails."""
    [page] = decoder.pages(data)
    return (decoder.decode(page).rgb[..., 0] < 128).mean()


def test_a_page_has_what_the_largest_picture_on_it_needs(decoder):
    """Pillow writes it as JPEG 2000, which takes 26 bytes a pixel, more than the page is worth."""
    scan = encoded(Image.new("RGBA", (3_000, 3_000), "teal"), "PDF", resolution=550)

    assert blue(decoder, scan) > 0.99


def test_a_page_of_many_photos_is_drawn_without_keeping_them_all(decoder):
    """Decoded they are 360 MB, and the page is worth 250."""
    page = photos_on_a_page(count=120, side=1_000)

    assert blue(decoder, page) == pytest.approx(566 * 90 / (595 * 842), rel=0.02)
