"""What becomes of good pictures of every kind: upright RGB, and a preview without metadata."""

import hashlib
import io
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION

from tests.encode import encoded
from vision.image_errors import ImageColoursRefused, ImageTooNarrow
from vision.images import Decoder

ORIENTATION = 0x0112
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}
KINDS = {
    "png": ("PNG", {}),
    "jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    "webp": ("WEBP", {"lossless": True}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tiff": ("TIFF", {}),
    "avif": ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    "heic": ("HEIF", {"quality": 95, "chroma": 444}),
}


@pytest.fixture(scope="module", autouse=True)
def _heif_can_be_saved():
    pillow_heif.register_heif_opener()


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def quarters(width=96, height=64):
    """Four flat colours: no two of the eight orientations look alike, and codecs keep them."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(pixels)


def photo(width=1200, height=900):
    """Shapes of all sizes, as in a photograph: noise scaled up by powers of two, summed."""
    random = np.random.default_rng(7)
    total = np.zeros((height, width, 3))
    for power in range(2, 9):
        small = random.integers(0, 256, (height >> power, width >> power, 3), np.uint8)
        large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(large) * 2.0**power
    return Image.fromarray((total / total.max() * 255).astype(np.uint8))


def error(one, other):
    return np.abs(one.astype(int) - np.asarray(other).astype(int))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_by_its_bytes_and_decoded(decoder, kind):
    plugin, options = KINDS[kind]
    data = encoded(quarters(), plugin, **options)

    decoded = decoder.decode(data)

    assert decoded.picture.format == kind
    assert (decoded.picture.width, decoded.picture.height) == (96, 64)
    assert decoded.picture.sha256 == hashlib.sha256(data).hexdigest()
    assert decoded.picture.notes == ()
    assert decoded.rgb.shape == (64, 96, 3)
    assert error(decoded.rgb, quarters())[8:24, 8:40].max() <= 4
    assert decoder.check(data) == decoded.picture


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tiff", "avif", "heic"])
def test_exif_orientation_is_applied(decoder, kind, orientation):
    plugin, options = KINDS[kind]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(quarters(), plugin, exif=exif.tobytes(), **options)

    decoded = decoder.decode(data)

    upright = UPRIGHT[orientation](np.asarray(quarters()))
    assert decoded.rgb.shape == upright.shape
    assert (decoded.picture.height, decoded.picture.width) == upright.shape[:2]
    assert np.mean(error(decoded.rgb, upright)) < 4


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_jpeg_decoded_smaller_is_upright_too(decoder, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(quarters(768, 512), "JPEG", exif=exif.tobytes())
    upright = UPRIGHT[orientation](np.asarray(quarters(96, 64)))

    decoded = decoder.decode(data, (upright.shape[1], upright.shape[0]))

    assert np.mean(error(decoded.rgb, upright)) < 4
    assert {decoded.picture.width, decoded.picture.height} == {768, 512}


def test_a_jpeg_lying_on_its_side_is_decoded_smaller_by_the_same_factor(decoder):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    lying = encoded(photo(1600, 300), "JPEG", exif=exif.tobytes())
    plain = encoded(photo(1600, 300), "JPEG")

    turned = np.rot90(decoder.decode(lying, (56, 280)).rgb, 1)

    # Resizing after the turn rounds its two passes in the other order.
    assert error(turned, decoder.decode(plain, (280, 56)).rgb).max() <= 1


@pytest.mark.parametrize("plugin", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0" * 9])
def test_broken_exif_does_not_fail_a_picture(decoder, plugin, exif):
    data = encoded(quarters(), plugin, exif=exif)

    assert decoder.check(data).width == 96


def test_transparent_pixels_are_white(decoder):
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))

    assert (decoder.decode(encoded(clear, "PNG")).rgb == 255).all()


def test_half_transparent_pixels_are_mixed_with_white(decoder):
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))

    assert decoder.decode(encoded(half, "PNG")).rgb[0, 0].tolist() == [255, 127, 127]


def test_grey_with_alpha_is_laid_onto_white(decoder):
    half = Image.new("LA", (4, 4), (0, 128))

    assert decoder.decode(encoded(half, "PNG")).rgb[0, 0].tolist() == [127, 127, 127]


@pytest.mark.parametrize("plugin", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_white(decoder, plugin):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 9, 8, 7])
    image.putpixel((0, 0), 0)

    rgb = decoder.decode(encoded(image, plugin, transparency=1)).rgb

    assert rgb[0, 0].tolist() == [0, 0, 0]
    assert rgb[3, 3].tolist() == [255, 255, 255]


def test_the_transparent_colour_of_rgb_is_white(decoder):
    data = encoded(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))

    assert (decoder.decode(data).rgb == 255).all()


def test_one_bit_is_black_and_white(decoder):
    image = Image.new("1", (4, 4), 0)
    image.putpixel((1, 0), 1)

    rgb = decoder.decode(encoded(image, "PNG")).rgb

    assert rgb[0, :2].tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("plugin", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(decoder, plugin):
    yellow = Image.new("CMYK", (16, 16), (0, 0, 255, 0))

    rgb = decoder.decode(encoded(yellow, plugin)).rgb

    assert error(rgb, np.full((16, 16, 3), (255, 255, 0))).max() <= 3


def grey_levels(levels, dtype):
    return Image.fromarray(np.array([levels], dtype))


@pytest.mark.parametrize("plugin", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled(decoder, plugin):
    data = encoded(grey_levels([0, 257, 32_896, 65_535], np.uint16), plugin)

    assert decoder.decode(data).rgb[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bit_grey_where_white_is_zero_is_inverted(decoder):
    data = bytearray(encoded(grey_levels([0, 65_535], np.uint16), "TIFF"))
    entry = data.index(PHOTOMETRIC_INTERPRETATION.to_bytes(2, "little") + b"\x03\0\x01\0\0\0")
    data[entry + 8] = 0

    assert decoder.decode(bytes(data)).rgb[0, :, 0].tolist() == [255, 0]


def test_floats_from_0_to_1_are_scaled(decoder):
    data = encoded(grey_levels([0.0, 0.5, 1.0], np.float32), "TIFF")

    decoded = decoder.decode(data)

    assert decoded.rgb[0, :, 0].tolist() == [0, 128, 255]
    assert decoded.picture.notes == ()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_levels_without_a_known_range_are_stretched_with_a_note(decoder, dtype):
    data = encoded(grey_levels([-1000, 0, 1000], dtype), "TIFF")

    decoded = decoder.decode(data)

    assert decoded.rgb[0, :, 0].tolist() == [0, 128, 255]
    [note] = decoded.picture.notes
    assert note.code == "stretched"
    assert str(note) == "Its brightness, -1000 to 1000, was stretched to black and white."


def test_levels_that_are_not_numbers_are_refused(decoder):
    data = encoded(grey_levels([np.nan, 0.5], np.float32), "TIFF")

    with pytest.raises(ImageColoursRefused, match="nan"):
        decoder.check(data)


def test_lab_becomes_rgb(decoder):
    grey = Image.new("LAB", (4, 4), (128, 128, 128))

    assert np.ptp(decoder.decode(encoded(grey, "TIFF")).rgb) <= 3


@pytest.mark.parametrize("kind", ["gif", "webp", "tiff", "png", "avif"])
def test_the_first_of_several_frames_is_read_with_a_note(decoder, kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    plugin, options = KINDS[kind]
    data = encoded(frames[0], plugin, save_all=True, append_images=frames[1:], **options)

    decoded = decoder.decode(data)

    assert error(decoded.rgb, frames[0]).max() <= 4
    assert [str(note) for note in decoded.picture.notes] == [
        "Only the first of its 3 frames or pages is read."
    ]


def test_a_broken_later_page_does_not_fail_the_first(decoder):
    page = Image.new("RGB", (16, 16), "red")
    data = bytearray(encoded(page, "TIFF", save_all=True, append_images=[page]))
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    data[link : link + 4] = len(data).to_bytes(4, "little")

    decoded = decoder.decode(bytes(data))

    assert error(decoded.rgb, page).max() == 0
    assert [note.code for note in decoded.picture.notes] == ["first_frame"]


def test_a_jpeg_with_a_second_picture_is_a_jpeg(decoder):
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    data = encoded(first, "MPO", save_all=True, append_images=[second])

    decoded = decoder.decode(data)

    assert decoded.picture.format == "jpg"
    assert error(decoded.rgb, first).max() <= 4


def test_a_png_may_carry_megabytes_of_text(decoder):
    text = PngImagePlugin.PngInfo()
    text.add(b"zTXt", b"source\0\0" + zlib.compress(b"<mxfile/>" * 500_000))

    assert decoder.check(encoded(quarters(), "PNG", pnginfo=text)).width == 96


def test_a_size_is_met_exactly_with_bicubic(decoder):
    data = encoded(photo(300, 200), "PNG")

    rgb = decoder.decode(data, (84, 56)).rgb

    expected = photo(300, 200).resize((84, 56), Image.Resampling.BICUBIC)
    assert error(rgb, expected).max() == 0


def test_a_size_may_be_larger_than_the_picture(decoder):
    assert decoder.decode(encoded(quarters(1, 1), "PNG"), (56, 28)).rgb.shape == (28, 56, 3)


@pytest.mark.parametrize("divisor", [3, 4, 8])
def test_a_jpeg_decoded_smaller_first_stays_within_the_stated_error(decoder, divisor):
    data = encoded(photo(), "JPEG", quality=90)
    size = (1200 // divisor, 900 // divisor)
    full = Image.fromarray(decoder.decode(data).rgb)

    difference = error(decoder.decode(data, size).rgb, full.resize(size, Image.Resampling.BICUBIC))

    assert difference.max() > 0, "it was not decoded smaller"
    assert difference.mean() < 1
    assert difference.max() <= 30


def test_a_jpeg_at_half_its_size_is_decoded_in_full(decoder):
    data = encoded(photo(), "JPEG", quality=90)
    full = Image.fromarray(decoder.decode(data).rgb)

    rgb = decoder.decode(data, (600, 450)).rgb

    assert error(rgb, full.resize((600, 450), Image.Resampling.BICUBIC)).max() == 0


@pytest.mark.parametrize("size", [(1, 1), (200, 1), (1, 200), (4000, 20)])
def test_a_strip_up_to_200_to_1_is_taken(decoder, size):
    picture = decoder.check(encoded(Image.new("RGB", size), "PNG"))

    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("size", [(201, 1), (1, 201)])
def test_a_longer_strip_is_refused_with_both_numbers(decoder, size):
    with pytest.raises(ImageTooNarrow, match=r"201\.00 times .* limit is 200 times"):
        decoder.check(encoded(Image.new("RGB", size), "PNG"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_is_a_webp_within_its_side(decoder, kind):
    plugin, options = KINDS[kind]

    preview = Image.open(io.BytesIO(decoder.preview(encoded(quarters(), plugin, **options), 48)))

    assert preview.format == "WEBP"
    assert preview.size == (48, 32)
    assert preview.getpixel((12, 8))[0] > 240


def test_a_preview_is_never_larger_than_the_picture(decoder):
    preview = decoder.preview(encoded(quarters(), "PNG"), 1000)

    assert Image.open(io.BytesIO(preview)).size == (96, 64)


def test_a_preview_of_a_strip_keeps_a_pixel_of_its_short_side(decoder):
    preview = decoder.preview(encoded(Image.new("RGB", (200, 1)), "PNG"), 50)

    assert Image.open(io.BytesIO(preview)).size == (50, 1)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tiff", "avif", "heic"])
def test_a_preview_carries_no_metadata(decoder, kind):
    exif = Image.Exif()
    exif[0x010F] = "CANARY-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plugin, options = KINDS[kind]
    data = encoded(quarters(), plugin, exif=exif.tobytes(), icc_profile=profile, **options)
    assert b"CANARY-MAKER" in data

    preview = decoder.preview(data, 64)

    seen = Image.open(io.BytesIO(preview))
    assert not seen.getexif()
    assert not {"exif", "icc_profile", "xmp"} & set(seen.info)
    assert b"CANARY" not in preview


def test_intake_gives_what_check_gives_with_the_preview(decoder):
    data = encoded(photo(), "JPEG")

    picture, preview = decoder.intake(data, 128)

    assert picture == decoder.check(data)
    assert preview == decoder.preview(data, 128)


def test_the_pixels_belong_to_the_caller(decoder):
    data = encoded(quarters(), "PNG")
    mine = decoder.decode(data).rgb

    mine[:] = 0

    assert decoder.decode(data).rgb.any()
