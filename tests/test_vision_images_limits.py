"""What becomes of hostile files: a refusal in a sentence, and a decoder that goes on."""

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.encode import encoded
from vision.errors import ImageRefused
from vision.image_errors import (
    ImageBroken,
    ImageEmpty,
    ImageKindRefused,
    ImageKindUnknown,
    ImageTakesTooMuchMemory,
    ImageTooManyBytes,
    ImageTooManyPixels,
    ImageTooNarrow,
    ImageTooSlow,
)
from vision.images import Decoded, Decoder, Limits

KINDS = {
    "png": ("PNG", {}),
    "jpg": ("JPEG", {}),
    "webp": ("WEBP", {}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "avif": ("AVIF", {}),
    "heic": ("HEIF", {}),
}


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def example(kind):
    pillow_heif.register_heif_opener()
    plugin, options = KINDS[kind]
    noise = Image.effect_noise((48, 32), 60).convert("RGB")
    return encoded(noise, plugin, **options)


def still_works(decoder):
    return decoder.check(encoded(Image.new("RGB", (3, 2)), "PNG")).width == 3


def png_of(width, height):
    """A PNG whose header promises more than its few bytes hold."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 9)), (b"IEND", b"")):
        crc = zlib.crc32(name + body)
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", crc)]
    return b"".join(parts)


def gif_of(width, height):
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0\x3b"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6 + frame


def bmp_of(width, height):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def tiff_of(width, height):
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 1}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"


@pytest.mark.parametrize("bomb", [png_of, gif_of, bmp_of, tiff_of])
def test_a_header_of_50_000_by_50_000_pixels_is_refused_by_the_header(decoder, bomb):
    with pytest.raises(ImageTooManyPixels, match=r"50,000 × 50,000 .* 2,500.0 .* limit is 52.4"):
        decoder.check(bomb(50_000, 50_000))

    assert still_works(decoder)


@pytest.mark.parametrize(
    ("size", "refusal"), [((9_000, 9_000), ImageBroken), ((2, 5_000), ImageTooNarrow)]
)
def test_a_gif_frame_that_outgrows_its_canvas_meets_the_limits(decoder, size, refusal):
    data = bytearray(gif_of(*size))
    data[6:10] = struct.pack("<HH", 10, 10)

    with pytest.raises(refusal):
        decoder.check(bytes(data))

    assert still_works(decoder)


def test_pixels_up_to_the_limit_are_taken():
    with Decoder(Limits(max_pixels=100)) as decoder:
        assert decoder.check(encoded(Image.new("1", (10, 10)), "PNG")).width == 10
        with pytest.raises(ImageTooManyPixels):
            decoder.check(encoded(Image.new("1", (10, 11)), "PNG"))


def test_bytes_up_to_the_limit_are_taken():
    data = example("png")

    with Decoder(Limits(max_bytes=len(data))) as decoder:
        assert decoder.check(data).width == 48
        with pytest.raises(ImageTooManyBytes, match=f"{len(data) + 1:,} bytes; .* {len(data):,}"):
            decoder.check(data + b"\0")


def test_an_empty_file_is_refused(decoder):
    with pytest.raises(ImageEmpty):
        decoder.check(b"")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        ("SVG", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("HTML", b"\n<!DOCTYPE html><title>Not found</title>"),
        ("TXT", "BM: Grüße".encode() * 1000),
        ("PSD", b"8BPS\0\x01" + b"\0" * 30),
        ("ICO", encoded(Image.new("RGB", (16, 16)), "ICO")),
        ("JPEG 2000", encoded(Image.new("RGB", (16, 16)), "JPEG2000")),
        ("JPEG XL", b"\xff\x0a\xfa\x7f\x90\x99\x08\x08"),
        ("RAW", b"II*\0\x10\0\0\0CR\x02\0" + b"\0" * 30),
        ("ZIP", b"PK\x03\x04" + b"\0" * 30),
        ("MP4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    ],
)
def test_other_kinds_of_files_are_refused_by_name_with_a_way_out(decoder, kind, data):
    with pytest.raises(ImageKindRefused, match=f"of the kind {kind},") as refusal:
        decoder.check(data)

    assert "PNG, JPEG" in refusal.value.hint


@pytest.mark.parametrize("data", [b"\0", b"\x89PNG", b"RIFF\0\0\0\0WAVE", bytes(range(256))])
def test_unknown_bytes_are_refused(decoder, data):
    with pytest.raises(ImageKindUnknown):
        decoder.check(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_off_in_the_middle_is_refused(decoder, kind):
    data = example(kind)

    with pytest.raises(ImageBroken, match=f"This {kind.upper()} picture cannot be decoded"):
        decoder.check(data[: len(data) // 2])

    assert still_works(decoder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_its_first_bytes_alone_is_refused(decoder, kind):
    with pytest.raises(ImageBroken):
        decoder.check(example(kind)[:32])


def picture_or_refusal(decoder, data):
    try:
        return decoder.decode(data)
    except ImageRefused as refusal:
        return refusal


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_end_as_a_picture_or_a_refusal(decoder, kind):
    random = np.random.default_rng(list(kind.encode()))
    original = np.frombuffer(example(kind), np.uint8)
    for _ in range(25):
        data = original.copy()
        count = random.choice((1, 2, 8, 32))
        data[random.integers(len(data), size=count)] = random.integers(256, size=count)
        length = random.integers(len(data)) if random.random() < 0.2 else len(data)

        outcome = picture_or_refusal(decoder, data[:length].tobytes())

        if isinstance(outcome, Decoded):
            assert outcome.rgb.shape == (outcome.picture.height, outcome.picture.width, 3)
        else:
            assert str(outcome)
            assert outcome.hint

    assert still_works(decoder)


def test_a_picture_that_wants_too_much_memory_is_refused():
    # 196 MB as RGBA, and as much again on white.
    large = encoded(Image.new("1", (7000, 7000)), "PNG", transparency=0)

    with Decoder(Limits(memory_bytes=400 * 2**20)) as decoder:
        with pytest.raises(ImageTakesTooMuchMemory, match="limit of 400 MiB"):
            decoder.check(large)

        assert still_works(decoder)


def scan_bomb(side, scans):
    """A small progressive JPEG that says its last scan again and again: kilobytes for seconds."""
    data = encoded(Image.new("L", (side, side), 77), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


def test_a_picture_that_computes_too_long_is_refused():
    bomb = scan_bomb(side=4000, scans=3000)
    assert len(bomb) < 2_000_000

    with Decoder(Limits(cpu_s=1, max_scans=5_000)) as decoder:
        with pytest.raises(ImageTooSlow, match="no picture gets more than 1 seconds"):
            decoder.check(bomb)

        assert still_works(decoder)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_time_of_many_pictures_is_not_added_up():
    # The kernel counts whole seconds, so a picture has one to two here.
    data = scan_bomb(side=1500, scans=400)

    with Decoder(Limits(cpu_s=2, max_scans=5_000)) as decoder:
        decoder.warm()
        process = decoder._process
        while cpu_s(process.pid) < 3:
            decoder.check(data)

        assert decoder._process is process


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
