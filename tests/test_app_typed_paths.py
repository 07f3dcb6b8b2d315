import pytest

from app.errors import PathMissing, PathOutside
from app.typed_paths import uploads_named
from vision.image_errors import ImageTooManyBytes


@pytest.fixture
def root(tmp_path):
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "receipt.jpg").write_bytes(b"a receipt")
    (tmp_path / "secret.png").write_bytes(b"a secret")
    return tmp_path


@pytest.mark.parametrize(
    "prompt",
    [
        "./uploads/receipt.jpg",
        "Read uploads/receipt.jpg, please",
        'What is in "./uploads/receipt.jpg"?',
        "读一下 ./uploads/receipt.jpg，合计是多少？",
    ],
)
def test_a_picture_named_below_uploads_is_taken(root, prompt):
    [upload] = uploads_named(prompt, root)

    assert (upload.name, upload.data) == ("receipt.jpg", b"a receipt")


@pytest.mark.parametrize(
    "prompt",
    [
        "What is photo.png?",
        "receipt.jpg",
        "https://example.org/uploads/receipt.jpg",
        "/etc/uploads/receipt.jpg",
        "../uploads/receipt.jpg",
        "the folder ./uploads/",
    ],
)
def test_any_other_text_stays_text(root, prompt):
    assert uploads_named(prompt, root) == []


def test_a_path_that_leads_out_of_uploads_is_refused(root):
    with pytest.raises(PathOutside):
        uploads_named("./uploads/../secret.png", root)


def test_a_link_that_leads_out_of_uploads_is_refused(root):
    (root / "uploads" / "link.png").symlink_to(root / "secret.png")

    with pytest.raises(PathOutside):
        uploads_named("./uploads/link.png", root)


def test_a_path_with_no_file_is_named(root):
    with pytest.raises(PathMissing, match=r"There is no file \./uploads/lost\.png"):
        uploads_named("./uploads/lost.png", root)


def test_a_picture_named_twice_is_taken_once(root):
    assert len(uploads_named("./uploads/receipt.jpg and ./uploads/receipt.jpg", root)) == 1


def test_a_file_larger_than_a_picture_may_be_is_not_read(root):
    with (root / "uploads" / "backup.zip").open("wb") as file:
        file.truncate((100 << 20) + 1)

    with pytest.raises(ImageTooManyBytes, match="104,857,601 bytes"):
        uploads_named("What is in ./uploads/backup.zip?", root)


def test_what_a_picture_may_have_is_what_was_configured(root):
    with pytest.raises(ImageTooManyBytes, match="the limit is 8"):
        uploads_named("./uploads/receipt.jpg", root, max_bytes=8)
