"""The main job, as a user does it: a fresh machine, the page, a receipt, the total."""

import pytest

from tests.browser import attach, chromium, opened, reply, send
from tests.program import WATCHED, outside, page, run, turns

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def session(tmp_path_factory, receipt):
    """Do the job once; return the folder, what was read, and what the browser asked for."""
    folder = tmp_path_factory.mktemp("fresh")
    asked = []
    with page(folder) as url, chromium() as browser:
        shown = opened(browser, url)
        shown.on("request", lambda request: asked.append(request.url))
        shown.reload()
        shown.wait_for_selector("#composer textarea:not([disabled])")
        attach(shown, ("receipt.png", receipt))
        send(shown, "What is the total?")
        text = reply(shown)
        engine = shown.inner_text(".sl-engine[data-state=ready] summary")
        shown.click(".sl-engine summary")
        why = shown.inner_text(".sl-engine[open] .sl-engine-card")
    return {
        "folder": folder,
        "url": url,
        "asked": asked,
        "text": text,
        "engine": engine,
        "why": why,
    }


def test_a_fresh_machine_finds_the_total_of_a_receipt(session):
    assert "8.16" in session["text"]


def test_the_turn_is_saved_with_the_hash_of_its_picture(session):
    [turn] = turns(session["folder"])

    image = session["folder"] / "history" / "images" / f"{turn['image_hash']}.png"
    assert image.exists()
    assert turn["finish_reason"] == "stop"


def test_the_page_says_which_engine_answered(session):
    assert "Reader · " in session["text"]
    assert session["engine"] == "Reader"


def test_the_page_says_why_this_engine_was_taken(session):
    assert "no GPU and no weights" in session["why"]


def test_the_page_asks_only_its_own_server(session):
    elsewhere = [
        url for url in session["asked"] if not url.startswith((session["url"], "data:", "blob:"))
    ]

    assert session["asked"]
    assert elsewhere == []


def test_the_program_reaches_nothing_outside(session):
    assert outside(session["folder"]) == []


def test_the_watch_sees_a_look_up(tmp_path):
    """The control: without it, the test above could pass with a watch that sees nothing."""
    run(tmp_path, code=f"{WATCHED}import socket; socket.getaddrinfo('example.org', 443)")

    assert outside(tmp_path) == ["socket.getaddrinfo ('example.org', 443, 0, 0, 0)"]


def test_the_watch_sees_a_connection(tmp_path):
    run(tmp_path, code=f"{WATCHED}import socket; socket.create_connection(('192.0.2.1', 9), 1)")

    assert outside(tmp_path) != []
