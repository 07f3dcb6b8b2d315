"""The panel of receipts in a real Chromium: look, correct, confirm, take away."""

import csv
import json
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from app.assistant import Assistant
from app.engines import Candidate
from app.naming import full_name
from history import ImageRef, Store
from tests.browser import MARKS, chromium, opened, served
from tests.held import held
from tests.receipt_drawn import HOSTILE, box, fields, found, item, kept, receipt
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = MARKS

TOTAL = "receipts.0.total"
MILK = "receipts.0.items.0.amount"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Yield a store and the address of a page for it; tests keep conversations of their own."""
    root = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        store = Store(root / "history")
        assistant = Assistant([Candidate(FakeEngine)], store, Decoder(), SamplingParams())
        assistant.start()
        assistant.wait_until_loaded()
        with served(assistant, root) as url:
            yield store, url
        assistant.close()
        store.close()


@pytest.fixture
def page_of(browser, site):
    """Return a function that opens a conversation's panel; no error may be left on the page."""
    _, url = site
    pages = []

    def show(conversation, **options):
        page = opened(browser, f"{url}/?c={conversation}", **options)
        pages.append(page)
        page.wait_for_selector(".slip-value")
        settled(page)
        return page

    yield show
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.context.close()
    assert errors == []


@pytest.fixture
def opened_panel(site, page_of):
    """Return a function that keeps a receipt and opens its conversation."""
    store, _ = site

    def show(*receipts, options=None, **more):
        conversation = kept(store, fields(*receipts), **more)
        return known(page_of(conversation, **(options or {})), store, conversation)

    return show


@pytest.fixture(scope="module")
def standing(browser, site):
    """Yield a page that stays open: to load it takes longer than most that is done on it."""
    page = opened(browser, site[1], permissions=["clipboard-read", "clipboard-write"])
    yield page
    page.context.close()


@pytest.fixture
def panel(site, standing):
    """Return a function that keeps a receipt and puts its panel onto a page that is open."""
    store, _ = site

    def show(*receipts, **more):
        conversation = kept(store, fields(*receipts), **more)
        standing.mouse.move(0, 0)  # where the last test left it, it would point at something
        standing.evaluate(PLACE, conversation)
        standing.wait_for_selector(".slip-value")
        settled(standing)
        return known(standing, store, conversation)

    yield show
    assert standing.errors == []


PLACE = """(conversation) => {
    document.querySelectorAll('.sl-panel, .sl-popup, .sl-toast').forEach((each) => each.remove());
    document.querySelector('.sl-welcome').closest('.block').style.display = 'none';
    const place = document.createElement('div');
    Object.assign(place.dataset, {job: 'receipt', conversation, turn: '1'});
    place.className = 'sl-panel';
    document.getElementById('scroll').prepend(place);
}"""


SETTLED = """() => document.querySelector('.slip-image').complete
    && !document.querySelector('.slip').getAnimations({subtree: true}).length"""


def settled(page):
    """Wait until the picture is there and nothing moves."""
    page.wait_for_function(SETTLED)


def boxes(page, *selectors):
    """Return where parts stand, all at one moment."""
    return page.evaluate(
        "all => all.map((each) => document.querySelector(each).getBoundingClientRect().toJSON())",
        selectors,
    )


def known(page, store, conversation):
    page.conversation = conversation
    page.turn = lambda: store.turn(conversation, 1)
    return page


def field(path):
    return f".slip-value[data-path='{path}'] >> nth=0"


def edit(page, path):
    """Choose a field, and choose it again to edit it."""
    page.click(field(path))
    page.click(field(path))
    page.wait_for_selector(".slip-input:focus")


def write(page, path, text):
    edit(page, path)
    page.fill(".slip-input", text)


def corrected(page, path, text):
    write(page, path, text)
    page.press(".slip-input", "Enter")
    page.wait_for_selector(".slip-input", state="detached")


# Looking


def test_a_field_lights_up_where_it_stands(panel):
    page = panel()
    page.hover(field(MILK))

    expect(page.locator(".slip-box.slip-lit")).to_have_count(1)
    shown, picture = boxes(page, ".slip-box.slip-lit", ".slip-image")
    x0, y0, _, y1 = box(2, right=True)
    scale = picture["width"] / 560
    assert abs(shown["x"] - picture["x"] - x0 * scale) < 4
    assert abs(shown["y"] - picture["y"] - y0 * scale) < 4
    assert abs(shown["height"] - (y1 - y0) * scale) < 8


def test_a_box_lights_up_its_field(panel):
    page = panel()
    name = page.locator(field("receipts.0.items.1.name"))
    x0, y0, x1, y1 = box(3)
    [picture] = boxes(page, ".slip-image")
    scale = picture["width"] / 560

    page.mouse.move(picture["x"] + (x0 + x1) / 2 * scale, picture["y"] + (y0 + y1) / 2 * scale)

    expect(name).to_contain_class("slip-lit")
    expect(page.locator(".slip-caption span").nth(0)).to_have_text("Item: Bread")


def test_a_field_that_is_chosen_is_shown_larger(panel):
    page = panel()
    [before] = boxes(page, ".slip-image")

    page.click(field(MILK))

    page.wait_for_selector(".slip-near")
    settled(page)
    larger, view, shown = boxes(page, ".slip-image", ".slip-view", ".slip-box.slip-lit")
    assert larger["width"] > 1.3 * before["width"]
    for start, size in (("x", "width"), ("y", "height")):
        assert view[start] <= shown[start]
        assert shown[start] + shown[size] <= view[start] + view[size]


def test_escape_shows_the_whole_picture_again(panel):
    page = panel()
    [before] = boxes(page, ".slip-image")
    page.click(field(MILK))
    page.wait_for_selector(".slip-near")
    settled(page)

    page.keyboard.press("Escape")

    page.wait_for_selector(".slip-picture:not(.slip-near)")
    settled(page)
    assert boxes(page, ".slip-image")[0]["width"] == pytest.approx(before["width"], abs=1)
    expect(page.locator(field(MILK))).to_be_focused()


def test_a_value_says_how_sure_it_is(panel):
    page = panel(receipt(date=found("2026-02-14", 1, confidence=0.62)))

    date = page.locator(field("receipts.0.date"))
    expect(date).to_have_attribute("title", "62% sure · Reads “2026-02-14”")
    expect(page.locator(".slip-doubt")).to_have_count(1)


def test_a_value_that_nothing_bears_out_says_so(panel):
    page = panel(receipt(phone=found("03-1", note="unsupported"),
                         time=found("09:30", 1, note="disagrees", other="09:36")))  # fmt: skip

    expect(page.locator(".slip-note")).to_have_text([
        "Two readings differ: the other says 09:36.", "No line of the picture says this.",
    ])  # fmt: skip


def test_what_does_not_add_up_is_seen_before_anything_else(panel):
    page = panel(receipt("8.76"))

    expect(page.locator(".slip > :first-child")).to_have_text(
        "Doesn't add up The parts come to 8.16; the total is 8.76 (+0.60).", use_inner_text=True
    )


def test_what_does_not_add_up_leads_to_what_is_wrong(panel):
    page = panel(receipt("8.76"))

    page.click(".slip-check")

    page.wait_for_selector(".slip-near")
    expect(page.locator(field(TOTAL))).to_have_attribute("aria-pressed", "true")


def test_a_reply_is_seen_from_its_top(opened_panel):
    rows = [item(f"Item {n}", "1.00", 2) for n in range(60)]
    page = opened_panel(receipt("8.76", items=rows))

    page.wait_for_function(
        "document.querySelector('.slip')?.getBoundingClientRect().top > 0"
        " && document.querySelector('.slip')?.getBoundingClientRect().top < 140"
    )


def test_the_reply_as_text_is_there_when_it_is_asked_for(opened_panel):
    page = opened_panel(reply="What the **reply** says")
    text = page.locator("#hist >> text=What the reply says")
    text.wait_for(state="attached")
    expect(text).to_be_hidden()

    page.click("text=As text")

    text.wait_for(state="visible")


def test_several_receipts_have_a_tab_each(panel):
    page = panel(receipt(), receipt("9.99", merchant=found("Café", 0)))
    tabs = page.locator("[role=tab]")
    expect(tabs).to_have_text(["CORNER SHOP LTD", "Café"])

    page.focus("[role=tab] >> nth=0")
    page.keyboard.press("ArrowRight")

    page.wait_for_selector(".slip-alarm")
    expect(page.locator(".slip-total")).to_contain_text("9.99")
    expect(tabs.nth(1)).to_be_focused()


def test_a_receipt_on_another_picture_shows_that_one(site, panel):
    store, _ = site
    first = store.turn(kept(store), 1).images[0]
    second = replace(first, name="second.png")
    on_second = {"schema_version": 1, "merchant": found("Café", 0, image=1)}
    page = panel(receipt(), on_second, images=[first, second])

    page.click("[role=tab] >> nth=1")

    expect(page.locator(".slip-image")).to_have_attribute("alt", "second.png")


def test_items_are_sorted_by_what_one_clicks(panel):
    rows = [item(name, amount, 2) for name, amount in
            (("b", "9.00"), ("a", "10.00"), ("c", "2.50"))]  # fmt: skip
    page = panel(receipt(items=rows, checks=[]))
    names = page.locator(".slip-items tbody td:first-child")

    page.click(".slip-items th >> text=Amount")
    expect(names).to_have_text(["c", "b", "a"])
    page.click(".slip-items th >> text=Amount")
    expect(names).to_have_text(["a", "b", "c"])
    expect(page.locator(".slip-items th").nth(1)).to_have_attribute("aria-sort", "descending")
    page.click(".slip-items th >> text=Amount")
    expect(names).to_have_text(["b", "a", "c"])


# Correcting


def test_a_correction_is_kept_beside_what_was_found(panel):
    page = panel(receipt("8.76"))

    corrected(page, TOTAL, "8.16")

    page.wait_for_selector(".slip-state >> text=Adds up")
    assert page.turn().corrections[TOTAL] == "8.16"
    assert page.turn().fields == fields(receipt("8.76"))
    expect(page.locator(".slip-note")).to_have_text("You changed this. It was 8.76.")


def test_a_correction_is_there_when_the_page_is_opened_again(panel, page_of):
    page = panel()
    corrected(page, "receipts.0.merchant", "Corner Shop")

    again = page_of(page.conversation)

    expect(again.locator(field("receipts.0.merchant"))).to_have_text("Corner Shop")


def test_a_corrected_merchant_is_the_conversations_name_at_once(site, page_of):
    store, _ = site
    conversation = kept(store)
    store.rename(conversation, full_name(store.turn(conversation, 1)))
    page = page_of(conversation)

    corrected(page, "receipts.0.merchant", "Corner Shop")

    page.wait_for_selector("#header h1 >> text=Corner Shop")
    page.wait_for_selector(".sl-item[aria-current] >> text=Corner Shop")


def test_whatever_is_touched_is_as_large_as_a_fingertip(opened_panel):
    touched = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = opened_panel(receipt("8.76"), options=touched)

    small = page.eval_on_selector_all(
        ".slip button, .slip a",
        """all => all.filter((each) => each.checkVisibility())
            .filter((each) => each.getBoundingClientRect().height < 40)
            .map((each) => each.className || each.textContent)""",
    )
    assert small == []


def test_a_correction_is_taken_back(panel):
    page = panel(receipt("8.76"))
    corrected(page, TOTAL, "8.16")

    page.click(".slip-tools [aria-label^='Back to what was found']")

    page.wait_for_selector(".slip-alarm")
    expect(page.locator(field(TOTAL))).to_have_text("8.76")
    assert page.turn().corrections == {}


def test_escape_leaves_a_field_as_it_was(panel):
    page = panel()
    write(page, TOTAL, "1.00")
    sent = saves_of(page)

    page.press(".slip-input", "Escape")

    page.wait_for_selector(".slip-input", state="detached")
    expect(page.locator(field(TOTAL))).to_have_text("8.16")
    corrected(page, MILK, "5.10")  # after which nothing can be on its way
    assert sent == [{MILK: "5.10"}]
    assert TOTAL not in page.turn().corrections


def test_going_elsewhere_saves_and_goes_there(panel):
    page = panel()
    write(page, "receipts.0.merchant", "Café")

    page.click(field(MILK))

    expect(page.locator(field("receipts.0.merchant"))).to_have_text("Café")
    expect(page.locator(field(MILK))).to_have_attribute("aria-pressed", "true")


def saves_held(page):
    return held(page, "**/receipt/*/1", "POST")


def saves_of(page):
    """Return a list that fills with what the page has saved from now on."""
    sent = []
    page.on(
        "request",
        lambda request: sent.append(request.post_data_json) if is_save(request) else None,
    )
    return sent


def is_save(request):
    return request.method == "POST" and "/receipt/" in request.url


def test_what_comes_back_leaves_alone_what_is_being_written(panel):
    page = panel(receipt("8.76"))
    with saves_held(page) as let_go:
        write(page, "receipts.0.merchant", "Café")
        edit(page, MILK)
        page.keyboard.type("5.1")

        let_go()

        page.wait_for_selector(f"{field('receipts.0.merchant')} >> text=Café")
        page.keyboard.type("0")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{field(MILK)} >> text=5.10")
    assert page.turn().corrections[MILK] == "5.10"
    assert page.turn().corrections["receipts.0.merchant"] == "Café"


def test_what_was_refused_is_said_though_another_field_was_kept_meanwhile(panel):
    page = panel()
    with saves_held(page) as let_go:
        write(page, "receipts.0.merchant", "Café")
        edit(page, MILK)
        page.keyboard.type("abc")
        let_go()
        page.wait_for_selector(f"{field('receipts.0.merchant')} >> text=Café")

        page.keyboard.press("Tab")

    page.wait_for_selector(".slip-problem >> text=abc cannot stand in this field.")
    expect(page.locator(".slip-input")).to_have_value("abc")


def test_what_was_kept_is_added_up_once_nothing_is_being_written(panel):
    page = panel(receipt("8.76"))
    with saves_held(page) as let_go:
        write(page, TOTAL, "8.16")
        edit(page, MILK)
        let_go()
        page.wait_for_selector(f"{field(TOTAL)} >> text=8.16")

        page.keyboard.press("Escape")

        page.wait_for_selector(".slip-alarm", state="detached")


def test_what_comes_back_does_not_take_the_keyboard_away(panel):
    page = panel()
    with saves_held(page) as let_go:
        write(page, "receipts.0.merchant", "Café")
        page.press(".slip-input", "Enter")
        page.focus("#composer textarea")

        let_go()

        page.wait_for_selector(f"{field('receipts.0.merchant')} >> text=Café")
    expect(page.locator("#composer textarea")).to_be_focused()


def test_saves_are_sent_one_after_another(panel):
    page = panel()
    sent = saves_of(page)
    with saves_held(page):
        write(page, "receipts.0.merchant", "Café")
        edit(page, MILK)
        page.keyboard.type("5.10")
        page.keyboard.press("Enter")
        expect(page.locator(".slip-input[aria-busy]")).to_have_count(2)
        page.evaluate("fetch('/pulse?c=')")  # after which it would have been seen
        assert sent == [{"receipts.0.merchant": "Café"}]

    page.wait_for_selector(f"{field(MILK)} >> text=5.10")
    assert sent == [{"receipts.0.merchant": "Café"}, {MILK: "5.10"}]


def test_what_cannot_stand_there_is_said_at_the_field(panel):
    page = panel()
    write(page, TOTAL, "twelve")

    page.press(".slip-input", "Enter")

    page.wait_for_selector(".slip-problem >> text=twelve cannot stand in this field.")
    expect(page.locator(".slip-input")).to_have_value("twelve")


def test_a_receipt_is_corrected_with_the_keyboard_alone(panel):
    page = panel()
    page.focus(field("receipts.0.merchant"))
    expect(page.locator(".slip-box.slip-lit")).to_have_count(1)

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("aria-label", "Edit: Merchant")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("aria-label", "Merchant")
    page.keyboard.type("Café")
    page.keyboard.press("Enter")

    page.wait_for_function("document.activeElement.textContent === 'Café'")
    assert page.turn().corrections["receipts.0.merchant"] == "Café"


def test_a_date_is_written_into_a_date_field(panel):
    page = panel()

    corrected(page, "receipts.0.date", "2026-02-15")

    assert page.turn().corrections["receipts.0.date"] == "2026-02-15"


def test_a_row_is_taken_out_and_put_back(panel):
    page = panel()
    page.hover(".slip-items tbody tr >> nth=0")
    page.click("[aria-label='Take out this row: Milk']")
    page.wait_for_selector(".slip-removed")
    expect(page.locator(".slip-alarm strong")).to_have_text("Doesn't add up")

    page.click("[aria-label='Back to what was found: Milk']")

    page.wait_for_selector(".slip-alarm", state="detached")
    assert page.turn().corrections == {}


def test_a_row_is_added(panel):
    page = panel()
    page.click("text=Add an item")
    page.fill(".slip-input", "Eggs")
    page.press(".slip-input", "Enter")
    page.wait_for_selector(".slip-items >> text=Eggs")

    corrected(page, "receipts.0.items.2.amount", "2.00")

    page.wait_for_selector(".slip-check >> text=The items come to 9.70")


def test_a_field_that_was_not_found_is_added(panel):
    page = panel()
    page.click("text=Add a field")
    page.click(".sl-popup >> text=Discount")
    page.fill(".slip-input", "0.50")
    page.press(".slip-input", "Enter")

    page.wait_for_selector(".slip-sums >> text=Discount")
    assert page.turn().corrections["receipts.0.discounts.0"] == "0.50"


def test_a_receipt_is_confirmed_until_that_is_taken_back(panel):
    page = panel()
    page.click("text=Looks right")
    page.wait_for_selector(".slip-confirm[aria-pressed=true]")
    assert page.turn().corrections == {"receipts.0.confirmed": True}

    page.click(".slip-confirm")

    page.wait_for_selector(".slip-confirm[aria-pressed=false]")
    assert page.turn().corrections == {}


# Taking away


@pytest.fixture
def download(panel, tmp_path):
    def taken(entry, name):
        page = panel(receipt(merchant=found("咖啡, “x”", 0)))
        corrected(page, TOTAL, "8.10")
        page.click("text=Download")
        with page.expect_download() as started:
            page.click(f".sl-popup >> text='{entry}'")
        started.value.save_as(tmp_path / name)
        return tmp_path / name

    return taken


def test_a_receipt_is_downloaded_as_a_workbook(download):
    book = load_workbook(download("Excel", "out.xlsx"))

    row = dict(zip(*book["Receipts"].iter_rows(values_only=True), strict=True))
    assert (row["merchant"], row["total"], row["corrected"]) == ("咖啡, “x”", 8.1, "total")
    assert [cell.value for cell in book["Items"]["G"]] == ["name", "Milk", "Bread"]


def test_a_receipt_is_downloaded_as_csv(download):
    content = download("CSV", "out.csv").read_text(encoding="utf-8-sig")

    [row] = csv.DictReader(content.splitlines())
    assert (row["merchant"], row["total"], row["adds_up"]) == ("咖啡, “x”", "8.10", "no")


def test_a_receipt_is_downloaded_as_json(download):
    taken = json.loads(download("JSON", "out.json").read_text(encoding="utf-8"))

    assert (taken["total"]["value"], taken["total"]["source"]) == ("8.10", "user")


def test_a_receipt_is_copied(panel):
    page = panel()
    page.click("text=Copy >> nth=0")

    page.click(".sl-popup >> text=Markdown")

    page.wait_for_selector("text=Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "| Merchant | CORNER SHOP LTD |" in copied
    assert "| Bread |  |  | 3.20 |  |" in copied


def test_all_receipts_are_downloaded_from_the_menu(panel, tmp_path):
    page = panel(receipt(number=found("A-77")))
    page.click(".sl-brand .sl-tool")
    with page.expect_download() as started:
        page.click(".sl-popup-group:has-text('Receipts as a table') >> text=XLSX")
    started.value.save_as(tmp_path / "all.xlsx")

    head, *rows = load_workbook(tmp_path / "all.xlsx")["Receipts"].iter_rows(values_only=True)
    assert "A-77" in [dict(zip(head, row, strict=True))["number"] for row in rows]


# Duplicates


def test_a_receipt_that_was_there_before_leads_to_the_other(site, opened_panel):
    store, _ = site
    once = receipt(merchant=found("Only Twice", 0))
    first = kept(store, fields(once), prompt="The first time")

    page = opened_panel(once)
    page.click(".slip-same a >> text=The first time")

    page.wait_for_url(f"**/?c={first}")
    page.wait_for_selector(".slip-same")


def test_two_receipts_of_one_turn_that_are_the_same_lead_to_each_other(panel):
    once = receipt(merchant=found("Twice in one", 0))
    page = panel(once, once)

    page.click(".slip-same >> text=Receipt 2")

    page.wait_for_selector("[role=tab]:nth-of-type(2)[aria-selected=true]")


# Whatever stands on a receipt is text


def test_what_a_picture_says_is_shown_as_text(panel):
    hostile = receipt(merchant=found(HOSTILE, 0), phone=found(HOSTILE, note="disagrees",
                                                             other=HOSTILE))  # fmt: skip
    hostile["items"] = [item(HOSTILE, "8.16", 2)]
    hostile["taxes"][0]["name"] = HOSTILE
    hostile["checks"][0] |= {"ok": False, "code": "item", "item": 0}
    page = panel(hostile, receipt(merchant=found(HOSTILE, 0)))

    page.click(field("receipts.0.merchant"))

    expect(page.locator(field("receipts.0.merchant"))).to_have_text(HOSTILE)
    expect(page.locator(".slip img:not(.slip-image)")).to_have_count(0)
    expect(page.locator(".slip [onerror]")).to_have_count(0)


def test_what_a_user_writes_is_shown_as_text(panel):
    page = panel()

    corrected(page, "receipts.0.merchant", HOSTILE)

    expect(page.locator(field("receipts.0.merchant"))).to_have_text(HOSTILE)


# How it looks

CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgb = (css) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        const own = rgb(getComputedStyle(node).backgroundColor);
        return own[3] === 255 || !node.parentElement ? own : behind(node.parentElement);
    };
    return [...document.querySelectorAll('.slip *')]
        .filter((node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim()))
        .filter((node) => node.checkVisibility() && !node.closest('.slip-aloud'))
        .map((node) => {
            const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
            return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), node.className,
                    node.textContent.slice(0, 30)];
        })
        .filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_can_be_read(opened_panel, theme):
    full = receipt("8.76", phone=found("03-1", note="unsupported"),
                   date=found("2026-02-14", 1, confidence=0.5))  # fmt: skip
    page = opened_panel(full, receipt(), options={"color_scheme": theme})
    corrected(page, "receipts.0.merchant", "Café")
    page.click(field(MILK))

    page.wait_for_selector(".slip-near")
    settled(page)
    assert page.evaluate(CONTRAST) == []
    page.click("[role=tab] >> nth=1")
    expect(page.locator("[role=tab]").nth(1)).to_have_attribute("aria-selected", "true")
    settled(page)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("width", "locale"), [(1440, "en-US"), (1024, "zh-CN"), (390, "zh-CN")])
def test_nothing_is_wider_than_the_page(opened_panel, width, locale):
    full = receipt("8,888,888.76".replace(",", ""), address=found("x" * 120),
                   merchant=found("A very long name of a shop " * 4, 0))  # fmt: skip
    full["items"][0] |= {"quantity": found("12"), "unit_price": found("1234.56"), "tax_mark": "SR"}
    options = {"viewport": {"width": width, "height": 844}, "locale": locale}
    page = opened_panel(full, receipt(), options=options)

    page.click(field(MILK))

    page.wait_for_selector(".slip-near")
    settled(page)
    assert page.evaluate(
        "[...document.querySelectorAll('.slip *')].filter((node) => !node.closest('.slip-view, "
        ".slip-tabs, .slip-aloud') && node.getBoundingClientRect().right > innerWidth)"
        ".map((node) => node.className)"
    ) == []  # fmt: skip
    assert page.evaluate("document.getElementById('scroll').scrollWidth"
                         " <= document.getElementById('scroll').clientWidth + 1")  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_what_one_points_at_stays_where_it_is(opened_panel, width):
    long = item("A name that takes more than one line of the caption " * 3, "4.50", 2)
    page = opened_panel(receipt(items=[long, item("Bread", "3.20", 3)]),
                        options={"viewport": {"width": width, "height": 844}})  # fmt: skip
    before = place_of_total(page)

    for row, said in enumerate(("Item: A name that takes", "Item: Bread")):
        page.locator(field(f"receipts.0.items.{row}.name")).dispatch_event("pointerenter")
        expect(page.locator(".slip-caption")).to_contain_text(said)
        assert place_of_total(page) == pytest.approx(before, abs=0.1)


def place_of_total(page):
    """Return where in the panel the total stands; the page around it may still be drawn."""
    panel, total = boxes(page, ".slip", f".slip-head [data-path='{TOTAL}']")
    return {side: total[side] - panel[side] for side in ("left", "top", "right", "bottom")}


def test_the_panel_speaks_chinese(opened_panel):
    page = opened_panel(receipt("8.76"), options={"locale": "zh-CN"})

    expect(page.locator(".slip-alarm strong")).to_have_text("金额对不上")
    expect(page.locator(".slip-check")).to_have_text("各项相加为 8.16，合计为 8.76（+0.60）。")


def test_a_turn_without_a_picture_file_is_still_shown(opened_panel):
    page = opened_panel(images=[ImageRef("c" * 64, "png", 560, 310, "gone.png")])

    expect(page.locator(field(TOTAL))).to_have_text("8.16")
