"""A folder at once as a user meets it, in a real Chromium, with receipts read by a script."""

import csv
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import MARKS, chromium, opened, served
from tests.conftest import png
from tests.folder_lab import Script, receipt
from tests.held import held
from tests.server_lab import until
from vision.errors import EngineFailed
from vision.fake import FakeEngine

pytestmark = MARKS

READINGS = {
    40: receipt("SURE SHOP"),
    41: receipt("DOUBTED SHOP", sure=0.5),
    42: receipt("WRONG SHOP", adds_up=False),
}
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def script(monkeypatch):
    script = Script(dict(READINGS))
    monkeypatch.setattr("app.worker.stream", script)
    return script


@pytest.fixture
def page_with(assistant_with, browser, script, tmp_path, monkeypatch):
    """Return a function that opens the page with a browser's options."""
    monkeypatch.chdir(tmp_path)
    pages = []
    with served(assistant_with(FakeEngine()), tmp_path) as url:

        def start(**options):
            pages.append(opened(browser, url, **options))
            return pages[-1]

        yield start
        script.may.set()
        errors = [error for page in pages for error in page.errors]
        for page in pages:
            page.context.close()
    assert errors == []


@pytest.fixture
def page(page_with):
    return page_with()


def picture(width, name=""):
    data = png(Image.new("RGB", (width, 60), "white"))
    return {"name": name or f"{width}.png", "mimeType": "image/png", "buffer": data}


def open_folders(page):
    if page.viewport_size["width"] < 800:
        page.click(".sl-menu")
    page.click(".sl-brand .sl-tool")
    page.click(".sl-popup >> text=A folder at once")
    page.wait_for_selector(".fold-drop")


def choose(page, *pictures, name="Trip"):
    """Choose pictures, and have them read under a name."""
    page.set_input_files(".fold-pictures", list(pictures))
    page.fill(".fold-name input", name)
    page.click(".fold-go")


def until_read(page, count=3):
    page.wait_for_function(
        "n => !document.querySelector('.fold-pause')"
        " && document.querySelectorAll('.fold-row').length === n",
        arg=count,
    )


def read(page):
    """Have the three receipts read."""
    open_folders(page)
    choose(page, *(picture(width) for width in READINGS))
    until_read(page)


def stop(page):
    """Have no more read of a folder, and say that one is sure."""
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_response("**/folder/stop"):
        page.click(".fold-stop")


def lists(page, *merchants):
    """Wait until the rows are those of these merchants, in this order."""
    expect(page.locator(".fold-row .fold-who")).to_have_text(merchants)


def named_after(store, *merchants):
    """Wait until conversations are named after these merchants, and there is no other."""
    until(lambda: sorted(each.title.partition(" · ")[0] for each in store.conversations())
          == sorted(merchants))  # fmt: skip


def test_receipts_stand_in_the_order_of_doubt(page):
    read(page)

    lists(page, "WRONG SHOP", "DOUBTED SHOP", "SURE SHOP")
    expect(page.locator(".fold-row").nth(0)).to_contain_text("Doesn't add up")
    expect(page.locator(".fold-row").nth(1)).to_contain_text("Worth a look: Merchant, Total")


def test_a_receipt_opens_beside_the_list(page):
    read(page)

    page.click(".fold-row >> nth=1")

    expect(page.locator("#folder .slip")).to_contain_text("DOUBTED SHOP")
    expect(page.locator(".fold-row").nth(0)).to_be_visible()


def test_what_looks_right_leads_to_the_next_that_does_not_yet(page):
    read(page)
    page.click(".fold-row >> nth=0")
    page.wait_for_selector("#folder .slip-head")

    page.click("#folder .slip-confirm")

    page.wait_for_selector(".fold-row[aria-current] >> text=DOUBTED SHOP")
    page.wait_for_selector("#folder .slip >> text=DOUBTED SHOP")
    expect(page.locator(".fold-tab").nth(0)).to_have_text("To check 2")
    page.click(".fold-tab >> nth=1")
    confirmed = page.locator(".fold-row", has_text="WRONG SHOP")
    expect(confirmed).to_have_attribute("data-state", "confirmed")


def test_the_last_that_looks_right_ends_the_review(page):
    read(page)
    page.click(".fold-row >> nth=0")

    for merchant in ("WRONG SHOP", "DOUBTED SHOP", "SURE SHOP"):
        page.wait_for_selector(f"#folder .slip >> text={merchant}")
        page.click("#folder .slip-confirm")

    page.wait_for_selector(".fold-none >> text=All of them are checked")


def test_a_correction_is_seen_in_the_list(page):
    read(page)
    page.click(".fold-row >> nth=1")
    total = "#folder .slip-value[data-path='receipts.0.total']"
    page.click(f"{total} >> nth=0")
    page.click(f"{total} >> nth=0")

    page.fill("#folder .slip-input", "99.10")
    page.press("#folder .slip-input", "Enter")

    page.wait_for_selector(".fold-row >> text=99.10")


def test_each_receipt_is_a_conversation_under_its_merchants_name(page, store):
    read(page)

    named_after(store, "DOUBTED SHOP", "SURE SHOP", "WRONG SHOP")


def test_the_list_of_conversations_has_one_entry_for_all_of_them(page):
    read(page)
    page.click(".fold-close")

    page.wait_for_selector(".sl-item[data-folder] .sl-item-title >> text='Trip'")
    page.wait_for_selector(".sl-item[data-folder] .sl-item-about >> text='3 receipts'")
    expect(page.locator(".sl-item")).to_have_count(1)


def test_a_folder_opens_from_the_list_after_a_reload(page):
    read(page)
    page.reload()

    page.click(".sl-item[data-folder]")

    page.wait_for_selector("#folder .slip-head")
    lists(page, "WRONG SHOP", "DOUBTED SHOP", "SURE SHOP")


def test_reading_goes_on_while_the_view_is_closed(page, script):
    open_folders(page)
    script.may.clear()
    choose(page, *(picture(width) for width in READINGS))
    page.wait_for_selector(".fold-pause")
    page.keyboard.press("Escape")
    page.wait_for_selector(".fold-chip")
    expect(page.locator(".fold-chip")).to_have_text(re.compile("^Trip · 0 of "))

    script.may.set()

    page.wait_for_selector(".fold-chip", state="hidden")
    page.wait_for_selector(".sl-item[data-folder] >> text=3 receipts")


def test_the_chip_leads_back(page, script):
    open_folders(page)
    script.may.clear()
    choose(page, picture(40))
    page.wait_for_selector(".fold-pause")
    page.click(".fold-close")

    page.click(".fold-chip")

    page.wait_for_selector("#folder h2 >> text='Trip'")


def test_pausing_holds_the_others_back_until_it_goes_on(page, script):
    open_folders(page)
    script.may.clear()
    choose(page, *(picture(width) for width in READINGS))
    page.wait_for_selector(".fold-told >> text=0 of 3")
    page.click(".fold-pause")
    page.wait_for_selector(".fold-told >> text=Paused")

    script.may.set()
    page.wait_for_selector(".fold-told >> text=1 of 3")
    page.wait_for_selector(".fold-row")
    assert len(script.widths) == 1
    page.click(".fold-pause")

    until_read(page)
    assert len(script.widths) == 3


def test_stopping_keeps_what_was_read(page, script, store):
    open_folders(page)
    choose(page, picture(40))
    until_read(page, 1)
    script.may.clear()
    page.set_input_files(".fold-pictures", [picture(41), picture(42)])
    page.wait_for_selector(".fold-told >> text=1 of 3")
    until(lambda: script.widths == [40, 41])

    stop(page)

    until_read(page, 1)
    named_after(store, "SURE SHOP")


def test_a_press_is_not_lost_to_a_look_at_how_far_it_is(page, script):
    script.may.clear()
    open_folders(page)
    choose(page, *(picture(width) for width in READINGS))
    page.hover(".fold-pause")
    page.mouse.down()
    for _ in range(2):  # the first may have been on its way before
        with page.expect_response("**/folder/now"):
            pass

    page.mouse.up()

    expect(page.locator(".fold-pause")).to_have_text("Go on")


def uploads_held(page, after=0):
    return held(page, "**/folder/files?*", "POST", after=after)


def test_a_file_on_its_way_when_one_stops_is_not_read(page, script, store):
    open_folders(page)
    with page.expect_response("**/folder/stop"), uploads_held(page, after=1):
        choose(page, picture(40), picture(41))
        page.wait_for_selector(".fold-row >> text=SURE SHOP")
        page.once("dialog", lambda dialog: dialog.accept())
        with page.expect_response("**/folder/pause*"):
            page.click(".fold-stop")

    page.wait_for_selector(".fold-add")
    named_after(store, "SURE SHOP")
    assert script.widths == [40]


def test_files_for_another_folder_wait_until_those_under_way_are_added(page, store):
    open_folders(page)
    choose(page, picture(40))
    until_read(page, 1)
    page.click(".fold-back")
    page.wait_for_selector(".fold-drop")
    with uploads_held(page):
        choose(page, picture(41), picture(42), name="Second")
        page.wait_for_selector(".fold-told >> text=Adding 1 of 2")
        page.click(".fold-back")
        page.click(".fold-earlier >> text=Trip")
        page.wait_for_selector(".fold-add")

        page.set_input_files(".fold-pictures", [picture(43)])

        page.wait_for_selector(".sl-toast >> text=Second is still being added: 2 left.")
    page.evaluate("secondLook.folder.open('Second/')")
    page.wait_for_selector("#folder h2 >> text=Second")
    until_read(page, 2)
    named_after(store, "DOUBTED SHOP", "SURE SHOP", "WRONG SHOP")


def test_files_that_cannot_be_read_are_named(page):
    open_folders(page)
    bad = {"name": "<b>bad</b>.png", "mimeType": "image/png", "buffer": b"nothing"}
    choose(page, bad, picture(40))
    until_read(page, 1)

    page.click(".fold-failures summary")

    page.wait_for_selector(
        ".fold-failures li >> text=<b>bad</b>.png This is a file of the kind TXT"
    )


def test_a_failing_engine_says_why_it_paused(page, script):
    script.readings[40] = [EngineFailed(), receipt("AFTER ALL")]
    open_folders(page)
    choose(page, picture(40))

    page.wait_for_selector(".fold-problem")
    page.click(".fold-pause")

    until_read(page, 1)
    lists(page, "AFTER ALL")


def test_a_file_read_before_is_left_out(page, script):
    read(page)

    page.set_input_files(".fold-pictures", [picture(40)])

    page.wait_for_selector(".fold-told >> text=1 read already")
    assert script.widths == [40, 41, 42]


def test_files_that_are_no_pictures_are_not_sent(page):
    open_folders(page)
    page.set_input_files(
        ".fold-pictures", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"}]
    )

    page.wait_for_selector(".sl-toast >> text=no picture and no PDF")
    expect(page.locator(".fold-drop")).to_be_visible()


def test_a_whole_folder_is_chosen_with_its_own_name(page, tmp_path):
    (tmp_path / "Lisbon" / "taxi").mkdir(parents=True)
    for width, name in ((40, "a.png"), (41, "taxi/b.png"), (42, ".hidden.png")):
        (tmp_path / "Lisbon" / name).write_bytes(picture(width)["buffer"])
    (tmp_path / "Lisbon" / "notes.txt").write_text("no picture")
    open_folders(page)

    page.set_input_files(".fold-folder", str(tmp_path / "Lisbon"))

    expect(page.locator(".fold-name input")).to_have_value("Lisbon")
    page.click(".fold-go")
    until_read(page, 2)
    lists(page, "DOUBTED SHOP", "SURE SHOP")


def test_what_is_dropped_is_taken(page):
    open_folders(page)
    transfer = page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], 'a.png', {type: 'image/png'}));
            return transfer;
        }""",
        list(picture(40)["buffer"]),
    )

    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.dispatch_event("#folder .fold-drop", "drop", {"dataTransfer": transfer})

    page.click(".fold-name:has-text('1 file') .fold-go")
    until_read(page, 1)
    assert not any("upload" in url for url in asked)  # the composer left it alone


def test_a_folder_under_uploads_is_read_where_it_lies(page, tmp_path):
    (tmp_path / "uploads" / "march").mkdir(parents=True)
    (tmp_path / "uploads" / "march" / "a.png").write_bytes(picture(41)["buffer"])
    open_folders(page)

    page.click(".fold-place")

    until_read(page, 1)
    expect(page.locator("#folder h2")).to_have_text("march")


def test_the_table_is_downloaded(page, tmp_path):
    read(page)

    with page.expect_download() as download:
        page.click(".fold-table >> text=CSV")

    download.value.save_as(tmp_path / "table.csv")
    head, *rows = csv.reader((tmp_path / "table.csv").read_text("utf-8-sig").splitlines())
    assert download.value.suggested_filename == "Trip.csv"
    assert sorted(row[head.index("merchant")] for row in rows) == [
        "DOUBTED SHOP",
        "SURE SHOP",
        "WRONG SHOP",
    ]


def test_arrow_keys_move_through_the_list(page):
    read(page)
    page.focus(".fold-row >> nth=0")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_selector("#folder .slip >> text=DOUBTED SHOP")


def test_another_conversation_takes_the_views_place(page):
    read(page)

    page.click(".sl-new")

    page.wait_for_selector("#folder", state="hidden")
    expect(page.locator(".sl-welcome")).to_be_visible()


def test_on_a_phone_list_and_receipt_take_turns(page_with):
    page = page_with(**PHONE)
    read(page)

    page.click(".fold-row >> nth=0")
    page.wait_for_selector("#folder .slip-head")
    expect(page.locator(".fold-list")).to_be_hidden()
    expect(page.locator("html")).to_have_js_property("scrollWidth", 390)
    page.click(".fold-list-again")

    expect(page.locator(".fold-row").nth(0)).to_be_visible()


def test_the_view_speaks_chinese(page_with):
    page = page_with(locale="zh-CN")
    page.evaluate("secondLook.folder.open()")

    expect(page.locator("#folder .fold-drop")).to_contain_text("选择文件夹")
