"""Signing in and out in a real Chromium, as two users of one browser would."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from tests.access_lab import PASSWORDS, users_served
from tests.browser import MARKS, chromium, reply, send
from tests.held import held
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signing")
    engine, store = FakeEngine(["Good."]), Store(folder / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with users_served(assistant, folder) as served:
            yield served.url
    assistant.close()
    store.close()


@pytest.fixture
def page(browser, url):
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(url)
    yield page
    assert page.errors == []
    page.context.close()


def sign_in(page, name, password=None):
    page.fill("#name", name)
    page.fill("#password", password or PASSWORDS[name])
    page.press("#password", "Enter")


def shown_to(page, name):
    """Wait until the page is there, and whose it is."""
    expect(page.locator(".sl-account span")).to_have_text(name)
    page.wait_for_selector("#composer textarea:not([disabled])")


def test_two_users_of_one_browser_see_only_what_is_theirs(page, url):
    page.wait_for_url(f"{url}/sign-in")
    sign_in(page, "anna")
    shown_to(page, "anna")
    expect(page.locator(".sl-item-title")).to_have_count(0)
    send(page, "a heron")
    assert "Good." in reply(page)
    expect(page.locator(".sl-item-title")).to_have_text(["a heron"])
    page.fill("#composer textarea", "a draft of a heron")
    page.click(".sl-account button")

    page.wait_for_url(f"{url}/sign-in")
    sign_in(page, "bob")

    shown_to(page, "bob")
    expect(page.locator(".sl-item-title")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_have_value("")
    assert "heron" not in page.content()


def test_what_is_drawn_while_one_signs_out_keeps_no_draft(page, url):
    sign_in(page, "anna")
    shown_to(page, "anna")
    page.fill("#composer textarea", "a draft of a heron")
    with held(page, "**/sign-out", "POST"), page.expect_request("**/sign-out"):
        page.click(".sl-account button")
        page.evaluate("document.dispatchEvent(new Event('sl-tray'))")  # as an answer does

    page.wait_for_url(f"{url}/sign-in")

    assert page.evaluate("sessionStorage.length") == 0


def test_a_wrong_password_is_said_and_the_name_stays(page):
    sign_in(page, "anna", "not the right one")

    expect(page.locator("[role=alert]")).to_have_text("The name or the password is wrong.")
    expect(page.locator("#name")).to_have_value("anna")
    expect(page.locator("#password")).to_be_focused()


def test_a_page_whose_session_ended_leads_to_the_sign_in(page, url):
    sign_in(page, "anna")
    shown_to(page, "anna")

    page.context.clear_cookies()  # the page asks by itself, every few seconds

    page.wait_for_url(f"{url}/sign-in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_sign_in_page_keeps_nobody_out(browser, url, scheme, language):
    page = browser.new_context(
        color_scheme=scheme, locale=language, viewport={"width": 360, "height": 640}
    ).new_page()
    page.goto(url)
    sign_in(page, "anna", "not the right one")
    page.wait_for_selector("[role=alert]")
    page.wait_for_load_state()  # with its style

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()
