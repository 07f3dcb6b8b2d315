"""The page while it opens: no word that its user did not ask for."""

import pytest

from app.page.i18n import WORDS
from tests.browser import MARKS, WAIT_MS, chromium, served
from vision.fake import FakeEngine

pytestmark = MARKS
SEEN_FIRST = ("new", "filters", "clear_light", "headline", "card_receipt", "hint", "engine_fake")


@pytest.fixture
def page(assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(FakeEngine()), tmp_path) as url, chromium() as browser:
        page = browser.new_context(locale="zh-CN", base_url=url).new_page()
        page.set_default_timeout(WAIT_MS)
        yield page
        page.context.close()


def seen(page, language):
    """Return which of ``SEEN_FIRST`` can be seen in a language."""
    text = page.inner_text("body")
    return {key for key in SEEN_FIRST if WORDS[language][key] in text}


def test_a_chinese_page_is_never_seen_in_english_while_it_opens(page):
    """Its first answer is held until all widgets are drawn; later ones never come."""
    asked = []

    def hold(route):
        asked.append(route)

    page.route("**/run/predict", hold)
    with page.expect_request("**/run/predict"):
        page.goto("/")
    for drawn in (".sl-new", ".sl-clear-main", "#header h1", ".sl-welcome", "#composer textarea"):
        page.wait_for_selector(drawn, state="attached")
    assert seen(page, "en") == seen(page, "zh") == set()

    asked[0].continue_()
    page.wait_for_function(
        "words => words.every((word) => document.body.innerText.includes(word))",
        arg=[WORDS["zh"][key] for key in SEEN_FIRST],
    )
    assert seen(page, "en") == set()
