import pytest

from app.clear import Receipt
from app.memory import Gauge
from app.page import clear_panel
from app.page.i18n import Words
from app.page.panels import tray
from vision.engine import TokenCount

EN, ZH = Words("en"), Words("zh")
MIB = 1 << 20


def test_a_receipt_shows_what_went_and_what_was_kept():
    done = Receipt(
        "light", {"kv": 3 * MIB, "vision": MIB, "pixels": 0}, {"kv": 0, "vision": MIB}, 0.0021
    )

    card = clear_panel.receipt(done, EN)

    assert card["summary"] == "3.0 MiB given back in 2.1 ms"
    assert [(row["label"], row["before"], row["after"]) for row in card["rows"]] == [
        ("KV caches", "3.0 MiB", "0 B"),
        ("Picture embeddings", "1.0 MiB", "kept"),
    ]


def test_a_receipt_of_nothing_says_so():
    summary = clear_panel.receipt(Receipt("deep", {}, {}, 0.001), EN)["summary"]

    assert "Nothing could be given back" in summary


def test_a_receipt_names_what_is_in_use_and_the_wait():
    left = tuple(f"run-1/exports/{name}.zip" for name in "abcde")
    done = Receipt("deep", {}, {}, 0.5, waited_s=12.34, files=1, left=left)

    assert clear_panel.receipt(done, EN)["notes"] == [
        "1 file deleted from ./tmp",
        "In use, so left: a.zip, b.zip, c.zip +2",
        "Waited 12.3 s for a reply to end",
    ]


def test_an_engines_own_bucket_is_shown_by_its_name():
    done = Receipt("light", {"attention_maps": MIB}, {"attention_maps": 0}, 0.1)

    assert clear_panel.receipt(done, ZH)["rows"][0]["label"] == "attention_maps"


def test_the_menu_says_what_each_level_would_give_back():
    sizes = {"kv": 2 * MIB, "vision": MIB, "snapshots": 5 * MIB, "tmp": MIB, "weights": 900 * MIB}

    assert clear_panel.held(sizes, EN) == {
        "light": "up to 2.0 MiB",
        "medium": "3.0 MiB",
        "deep": "9.0 MiB",
        "unload": "903 MiB",
    }


def test_the_menu_says_where_nothing_is_held():
    assert clear_panel.held({"kv": 0}, EN)["light"] == "nothing held"


def test_advice_has_a_button_only_where_its_level_is_offered():
    full = Gauge("host", 1_000 * MIB, 950 * MIB, {"kv": 300 * MIB})

    offered = clear_panel.gauges([full], ("light", "medium"), EN)["gauges"][0]
    turned_off = clear_panel.gauges([full], ("light",), EN)["gauges"][0]

    assert (offered["advice"], offered["action"]) == ("Clear pictures", "medium")
    assert turned_off["action"] == ""


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (150 << 20, "150 MiB"),
        (1_500 << 30, "1,500 GiB"),
    ],
)
def test_bytes_are_shown_in_the_unit_that_suits_them(amount, shown):
    assert clear_panel.size(amount) == shown


def test_a_draft_that_does_not_fit_the_memory_is_warned_of_before_it_is_sent():
    count = TokenCount(10, (20,), 100, bytes=600 * MIB)

    fits = tray("auto", EN, count=count, room_bytes=700 * MIB)
    short = tray("auto", EN, count=count, room_bytes=500 * MIB)

    assert not fits["tight"]
    assert short["tight"]
    assert short["cost"] == "needs about 600 MiB of memory: 500 MiB are free"
