"""Where a photo was taken stays here: no export, no download, no server is told, unless asked."""

import base64
import io
import re
import zipfile
from dataclasses import replace

import pillow_heif
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image, ImageCms, PngImagePlugin

from app.exports import routes as export_routes
from app.intake import Upload, image_ref, take_in
from app.pictures import routes as picture_routes
from app.serve import PAGE
from history import Store
from history.cli import main as history_command
from history.export import export
from history.importing import import_file
from history.metadata import without_metadata
from vision.server.plain import media_type

CAMERA, PLACE = "CanaryCam", "CanaryStreet"
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><p GPSLatitude="{PLACE}"/></x:xmpmeta>'.encode()
ORIENTATION, MAKE, GPS, LATITUDE, AREA = 0x112, 0x10F, 0x8825, 2, 28
SAVED = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF", "avif": "AVIF",
         "heic": "HEIF"}  # fmt: skip


def drawn():
    picture = Image.radial_gradient("L").resize((48, 32)).convert("RGB")
    picture.paste("red", (0, 0, 10, 10))
    return picture


def exif(up=6):
    made = Image.Exif()
    made[ORIENTATION], made[MAKE] = up, CAMERA
    made.get_ifd(GPS).update({LATITUDE: (35.0, 41.0, 22.0), AREA: f"ASCII\0\0\0{PLACE}".encode()})
    return made.tobytes()


def photo(kind, up=6):
    """Return a photo that says where and with what it was taken."""
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    drawn().save(file, SAVED[kind], exif=exif(up), xmp=XMP, quality=95)
    return file.getvalue()


def tells(data):
    return [word for word in (CAMERA, PLACE) if word.encode() in data]


def upright(decoder, data):
    return decoder.decode(data).rgb


@pytest.mark.parametrize("kind", SAVED)
def test_the_photo_of_this_test_tells_where_it_was_taken(kind):
    assert tells(photo(kind)) == [CAMERA, PLACE]


@pytest.mark.parametrize("kind", SAVED)
def test_a_photo_leaves_without_its_place(kind):
    clean = without_metadata(photo(kind), kind)

    assert tells(clean) == []
    assert not Image.open(io.BytesIO(clean)).getexif().get_ifd(GPS)


@pytest.mark.parametrize("kind", SAVED)
def test_its_pixels_are_the_same_to_the_last_bit(decoder, kind):
    data = photo(kind)

    assert (upright(decoder, without_metadata(data, kind)) == upright(decoder, data)).all()


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_it_stays_upright(kind):
    clean = Image.open(io.BytesIO(without_metadata(photo(kind), kind)))

    assert dict(clean.getexif()) == {ORIENTATION: 6}


@pytest.mark.parametrize("kind", SAVED)
def test_what_is_clean_stays_as_it_is(kind):
    clean = without_metadata(photo(kind), kind)

    assert without_metadata(clean, kind) == clean


def test_colours_keep_their_profile():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("jpg", "png", "webp"):
        file = io.BytesIO()
        drawn().save(file, SAVED[kind], exif=exif(), icc_profile=profile)

        clean = Image.open(io.BytesIO(without_metadata(file.getvalue(), kind)))

        assert clean.info["icc_profile"] == profile


def test_text_in_a_png_goes_packed_or_not():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", PLACE)
    text.add_text("Raw profile type exif", PLACE, zip=True)
    text.add_itxt("XML:com.adobe.xmp", PLACE, zip=True)
    file = io.BytesIO()
    drawn().save(file, "PNG", pnginfo=text)

    clean = without_metadata(file.getvalue(), "png")

    assert not Image.open(io.BytesIO(clean)).info
    assert not re.search(rb"[tiz]+[TX]+t", clean)


def test_a_film_behind_a_photo_goes():
    clean = without_metadata(photo("jpg") + b"ftypmp42" + PLACE.encode(), "jpg")

    assert clean.endswith(b"\xff\xd9")
    assert tells(clean) == []


@pytest.mark.parametrize("kind", SAVED)
def test_a_file_that_is_cut_off_is_no_crash(kind):
    data = photo(kind)
    for end in range(0, len(data), max(1, len(data) // 80)):
        try:
            without_metadata(data[:end], kind)
        except ValueError:
            continue


def test_a_file_of_beginnings_takes_no_time_of_its_own():
    """Each of them looked at to the file's end would take hours: the test's limit is minutes."""
    beginnings = b"<?xpacket begin" * 200_000

    assert without_metadata(beginnings, "heic") == beginnings
    with pytest.raises(ValueError, match="too many headers"):
        without_metadata(b"II*\0\x08\0\0\0" * 200_000, "heic")


# What leaves


@pytest.fixture
def kept(store, decoder):
    """A conversation with a photo of each kind."""
    pictures = {kind: photo(kind) for kind in SAVED}
    taken = [take_in(Upload(f"a.{kind}", data), decoder, store) for kind, data in pictures.items()]
    conversation = store.create()
    refs = [image_ref(f"a.{picture.format}", picture) for picture in taken]
    turn = store.append(conversation.id, prompt="Where is it?", images=refs)
    store.finish(conversation.id, turn)
    return conversation.id


@pytest.fixture
def client(store, decoder, tmp_path):
    app = FastAPI()
    app.include_router(export_routes(store, tmp_path / "exports"))
    app.include_router(picture_routes(store, decoder, PAGE / "static", PAGE / "examples"))
    return TestClient(app)


def told(data):
    """Look into an export, its archive and its encoded pictures."""
    found = tells(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found += [word for name in archive.namelist() for word in tells(archive.read(name))]
    for encoded in re.findall(rb"base64,([A-Za-z0-9+/=]+)", data):
        found += tells(base64.b64decode(encoded))
    return found


@pytest.mark.parametrize("format_", ["zip", "json", "md", "html"])
def test_no_export_tells_where_a_photo_was_taken(client, kept, format_):
    assert told(client.get(f"/export/{kept}.{format_}").content) == []
    assert told(client.get(f"/export/everything.{format_}").content) == []


def test_an_export_that_is_asked_to_tells(client, kept):
    whole = client.get(f"/export/{kept}.zip?metadata=true").content

    assert set(told(whole)) == {CAMERA, PLACE}


def test_a_picture_that_is_saved_from_the_page_does_not_tell(client, kept, store):
    for image in store.turns(kept)[0].images:
        shown = client.get(f"/pictures/{image.sha256}.{image.format}")

        assert shown.status_code == 200
        assert tells(shown.content) == []


def test_history_itself_keeps_what_was_sent(store, client, kept):
    client.get(f"/export/{kept}.zip")

    for image in store.turns(kept)[0].images:
        assert tells(store.image_path(image.sha256, image.format).read_bytes())


def test_a_cleaned_export_imports_with_all_of_its_pictures(store, kept, tmp_path):
    done = export(store, tmp_path / "out.zip", "zip")
    other = Store(tmp_path / "other")

    imported = import_file(other, tmp_path / "out.zip")

    assert (done.cleaned, len(imported.pictures), imported.missing) == (len(SAVED), len(SAVED), ())
    assert imported.skipped == ()
    assert other.turns(kept)[0].prompt == "Where is it?"
    other.close()


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_cleaned_export_that_comes_back_is_here_already(store, kept, tmp_path, dry_run):
    export(store, tmp_path / "out.zip", "zip")
    before = sorted(store.root.rglob("*"))

    done = import_file(store, tmp_path / "out.zip", dry_run=dry_run)

    assert (done.conversations, done.turns, done.pictures) == ({}, 0, ())
    assert [(each.name, each.reason) for each in done.skipped] == [
        (kept, "it is here already, and its pictures with their metadata")
    ]
    assert sorted(store.root.rglob("*")) == before


def test_a_cleaned_export_of_another_reply_is_no_other_s(store, kept, tmp_path):
    export(store, tmp_path / "out.zip", "zip")
    turn = store.turns(kept)[0]
    store.finish(kept, replace(turn, reply="In a garden.", finish_reason="stop"))

    done = import_file(store, tmp_path / "out.zip")

    assert (len(done.conversations), len(done.pictures)) == (1, len(SAVED))
    [other] = done.conversations.values()
    assert [store.turns(each)[0].reply for each in (kept, other)] == ["In a garden.", ""]


def test_of_a_picture_that_is_gone_here_a_cleaned_one_is_taken(store, kept, tmp_path):
    export(store, tmp_path / "out.zip", "zip")
    image = store.turns(kept)[0].images[0]
    store.image_path(image.sha256, image.format).unlink()

    done = import_file(store, tmp_path / "out.zip")

    [other] = done.conversations.values()
    assert all(store.has_image(each) for each in store.turns(other)[0].images)


def test_a_picture_that_cannot_be_cleaned_is_left_out_with_a_sentence(store, decoder, tmp_path):
    file = io.BytesIO()
    drawn().save(file, "TIFF", big_tiff=True)
    conversation = store.create()
    picture = take_in(Upload("a.tiff", file.getvalue()), decoder, store)
    store.append(conversation.id, prompt="Well?", images=[image_ref("a.tiff", picture)])

    done = export(store, tmp_path / "out.zip", "zip")

    assert done.pictures == 0
    assert "its metadata cannot be taken out: it is a BigTIFF." in done.left_out[0]


def test_the_command_says_what_it_took_out(store, kept, tmp_path, capsys):
    history_command(["export", "--root", str(store.root), "--out", str(tmp_path / "out.html")])

    said = capsys.readouterr().out
    assert f"{len(SAVED)} of the pictures are without what told where" in said
    assert "--with-metadata leaves it in" in said


def test_the_command_leaves_it_in_when_asked(store, kept, tmp_path, capsys):
    out = tmp_path / "out.zip"
    history_command(["export", "--root", str(store.root), "--out", str(out), "--with-metadata"])

    assert set(told(out.read_bytes())) == {CAMERA, PLACE}
    assert "without what told" not in capsys.readouterr().out


def test_no_server_is_sent_a_photo_that_tells():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", PLACE)
    file = io.BytesIO()
    drawn().save(file, "PNG", pnginfo=text)

    # What has no media type is decoded, and sent as pixels.
    assert media_type(file.getvalue()) == ""
    assert media_type(photo("jpg", up=1)) == ""
    assert media_type(without_metadata(photo("jpg", up=1), "jpg")) == "image/jpeg"
