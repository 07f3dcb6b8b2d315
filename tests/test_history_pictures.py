"""Pictures in the store: once, under their hash, whole."""

import hashlib

import pytest

from history import ImageRef, PictureDiffers, Store

DATA = b"\x89PNG bytes of a picture"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history")


def test_a_picture_lies_under_its_hash(store):
    path = store.put_image(DATA, SHA256, "png")

    assert path == store.root / "images" / f"{SHA256}.png" == store.image_path(SHA256, "png")
    assert path.read_bytes() == DATA


def test_a_picture_put_twice_is_stored_once(store):
    first = store.put_image(DATA, SHA256, "png").stat()
    second = store.put_image(DATA, SHA256, "png").stat()

    assert first.st_ino == second.st_ino
    assert len(list((store.root / "images").iterdir())) == 1


def test_a_picture_put_again_counts_as_new(store):
    # A sweep of unused pictures must spare one that a turn is about to refer to.
    path = store.put_image(DATA, SHA256, "png")
    before = path.stat().st_mtime_ns

    store.put_image(DATA, SHA256, "png")

    assert path.stat().st_mtime_ns > before


def test_bytes_that_are_not_those_of_the_hash_are_refused(store):
    with pytest.raises(PictureDiffers):
        store.put_image(DATA + b"!", SHA256, "png")

    assert not store.image_path(SHA256, "png").exists()


@pytest.mark.parametrize("damage", [b"", DATA[:5], DATA + b"!"], ids=["empty", "cut", "longer"])
def test_a_damaged_picture_is_set_aside_when_its_bytes_come_again(store, damage):
    path = store.put_image(DATA, SHA256, "png")
    path.write_bytes(damage)

    store.put_image(DATA, SHA256, "png")

    assert path.read_bytes() == DATA
    [kept] = (store.root / ".quarantine").iterdir()
    assert kept.read_bytes() == damage


def test_a_link_in_a_pictures_place_is_not_followed(store, tmp_path):
    path = store.put_image(DATA, SHA256, "png")
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    store.put_image(DATA, SHA256, "png")

    assert not path.is_symlink()
    assert elsewhere.read_bytes() == DATA


def test_a_missing_picture_is_told(store):
    image = ImageRef(SHA256, "png", 1, 1)
    assert not store.has_image(image)

    store.put_image(DATA, SHA256, "png").unlink()
    assert not store.has_image(image)

    store.put_image(DATA, SHA256, "png")
    assert store.has_image(image)


def test_a_thumbnail_lies_beside_its_picture(store):
    path = store.put_thumbnail(SHA256, b"small")

    assert path == store.root / "images" / f"{SHA256}.thumb.webp" == store.thumbnail_path(SHA256)
    assert path.read_bytes() == b"small"


def test_a_thumbnail_made_again_takes_the_place_of_the_old(store):
    store.put_thumbnail(SHA256, b"small")

    assert store.put_thumbnail(SHA256, b"smaller").read_bytes() == b"smaller"
