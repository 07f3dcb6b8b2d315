"""Enter while a picture is on its way: the prompt waits for it, and never goes without it."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import chromium, opened, reply, served
from tests.held import held
from vision.fake import FakeEngine

pytestmark = [
    pytest.mark.browser,
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def engine():
    return FakeEngine(["One.", "Two."])


@pytest.fixture
def page(browser, engine, assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(engine), tmp_path) as url:
        page = opened(browser, url)
        yield page
        assert page.errors == []
        page.context.close()


@pytest.fixture
def pdf():
    """A document of three pages."""
    first, *others = (Image.new("RGB", (width, 90), "white") for width in (60, 70, 80))
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


def enter_while_coming(page, *files):
    """Choose files, and press Enter before the first of them is there."""
    chosen = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    with held(page, "**/uploads", "POST") as let_go:
        page.set_input_files("#composer input[type=file]", chosen)
        page.fill("#composer textarea", "What does it say?")
        page.press("#composer textarea", "Enter")
        let_go()


def widths(engine):
    return [image.width for image in engine.prompts[0].messages[-1].images]


def test_a_prompt_is_sent_as_soon_as_its_picture_is_there(page, engine, red):
    enter_while_coming(page, ("red.png", red))

    reply(page)
    assert widths(engine) == [40]


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nbroken"], ids=["empty", "broken"])
def test_a_prompt_stays_where_its_picture_is_refused_and_says_why(page, engine, red, data):
    enter_while_coming(page, ("red.png", red), ("bad.png", data))

    expect(page.locator(".sl-problem")).to_contain_text("bad.png")
    expect(page.locator("#composer .thumbnail-item")).to_have_count(1)
    expect(page.locator("#composer textarea")).to_have_value("What does it say?")
    page.press("#composer textarea", "Enter")  # without it, if that is what the user wants
    reply(page)
    assert len(engine.prompts) == 1


def test_a_prompt_goes_with_the_pages_that_are_chosen(page, engine, pdf):
    enter_while_coming(page, ("three.pdf", pdf))
    page.uncheck(".sl-pages label >> nth=1 >> input")

    page.click(".sl-dialog .sl-primary")

    reply(page)
    assert len(widths(engine)) == 2


def test_a_prompt_stays_where_no_page_is_chosen(page, engine, pdf):
    enter_while_coming(page, ("three.pdf", pdf))

    page.wait_for_selector(".sl-pages")
    page.keyboard.press("Escape")

    expect(page.locator(".sl-uploading")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_have_value("What does it say?")
    page.press("#composer textarea", "Enter")
    reply(page)
    assert len(engine.prompts) == 1
