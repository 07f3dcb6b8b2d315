import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from app.pictures import routes
from app.serve import PAGE


@pytest.fixture
def client(store, decoder):
    app = FastAPI()
    app.include_router(routes(store, decoder, PAGE / "static", PAGE / "examples"))
    return TestClient(app)


@pytest.fixture
def kept(store, decoder):
    """Return a function that stores a picture, and returns what was found of it."""

    def keep(data):
        picture, thumbnail = decoder.intake(data, 64)
        store.put_image(data, picture.sha256, picture.format)
        store.put_thumbnail(picture.sha256, thumbnail)
        return picture

    return keep


def test_a_picture_is_served_as_it_was_stored(client, kept, red):
    answer = client.get(f"/pictures/{kept(red).sha256}.png")

    assert (answer.content, answer.headers["content-type"]) == (red, "image/png")


def test_a_thumbnail_is_served(client, kept, red):
    answer = client.get(f"/thumbnails/{kept(red).sha256}.webp")

    assert answer.headers["content-type"] == "image/webp"


def test_a_thumbnail_that_is_missing_is_made_again(client, kept, store, red):
    picture = kept(red)
    store.thumbnail_path(picture.sha256).unlink()

    assert client.get(f"/thumbnails/{picture.sha256}.webp").content[8:12] == b"WEBP"
    assert store.thumbnail_path(picture.sha256).exists()


def test_what_browsers_cannot_draw_is_served_as_webp(client, kept, tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "scan.tiff")
    picture = kept((tmp_path / "scan.tiff").read_bytes())

    answer = client.get(f"/pictures/{picture.sha256}.{picture.format}")

    assert answer.content[8:12] == b"WEBP"


@pytest.mark.parametrize(
    "path",
    [
        f"/pictures/{'a' * 64}.png",
        f"/thumbnails/{'a' * 64}.webp",
        "/pictures/..%2f..%2fetc%2fpasswd.png",
        f"/pictures/{'a' * 64}.svg",
        f"/pictures/{'a' * 64}.p%2e",
        "/page/..%2f..%2fcli.py",
        "/page/nothing.js",
        "/examples/..%2f__init__.py",
    ],
)
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404
