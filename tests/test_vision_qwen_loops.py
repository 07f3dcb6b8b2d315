"""The guard against real documents that repeat themselves, and against replies that loop."""

import random
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from bench.lookup import real_tokenizer
from vision.qwen.loops import LONGEST_PERIOD, SUSPECT_AFTER, LoopGuard, patience

GOODS = ["Latte", "Bagel", "COCA COLA 0.5L", "可口可乐", "Käsebrötchen", "Plastic bag", "Water"]
VALUES = ["", "0", "0.00", "-", "N/A", "✓", "1", "100%", "\u00a0"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return real_tokenizer()


def stopped_at(tokenizer: Tokenizer, ids: list[int]) -> tuple[int, int] | None:
    """Return how many tokens came before the guard stopped, and how many it keeps."""
    guard = LoopGuard(tokenizer.decode)
    for count, token_id in enumerate(ids, start=1):
        keep = guard.push(token_id)
        if keep is not None:
            return count, keep
    return None


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


# Real documents. Each maker draws its own sizes, up to the largest that is still realistic.


def markdown_with_equal_rows(draw: random.Random) -> str:
    columns, rows = draw.randint(2, 14), draw.randint(8, 40)
    cell = draw.choice(VALUES)
    head = "| " + " | ".join(f"Day {i}" for i in range(columns)) + " |\n"
    rule = "|" + draw.choice(["---|", " :---: |", "-----------|"]) * columns + "\n"
    return head + rule + (f"| {cell} " * columns + "|\n") * rows + "\nThe rest is empty.\n"


def markdown_with_a_wide_rule(draw: random.Random) -> str:
    columns = draw.randint(20, 40)
    return "|" + " a |" * columns + "\n|" + " --- |" * columns + "\n|" + "  |" * columns + "\n"


def html_form_with_blank_rows(draw: random.Random) -> str:
    end = draw.choice(["\n", ""])
    cell = draw.choice(["<td></td>", "<td>&nbsp;</td>", "<td> </td>"])
    row = f"<tr>{cell * draw.randint(2, 8)}</tr>{end}"
    return f"<table>{end}<tr><th>Name</th></tr>{end}" + row * draw.randint(8, 40) + "</table>"


def html_with_styled_zeros(draw: random.Random) -> str:
    cell = f'<td class="{draw.choice(["num", "text-right border"])}">{draw.choice(VALUES)}</td>'
    rows = (f"<tr><td>{name} {i}</td>{cell * 12}</tr>" for i, name in enumerate(GOODS * 3))
    return "<table>" + draw.choice(["\n", ""]).join(rows) + "</table>"


def html_month_of_empty_days(draw: random.Random) -> str:
    names = (f"<tr><td>{draw.choice(GOODS)}</td>{'<td></td>' * 31}</tr>\n" for _ in range(15))
    return "<table>" + "".join(names) + "</table>"


def receipt_with_equal_lines(draw: random.Random) -> str:
    goods = draw.choice(GOODS)
    price = f"{draw.randint(1, 9)}.{draw.choice(['00', '50', '99'])}"
    gap = draw.choice([" ", "    ", " " * 20, "\t"])
    lines = f"{goods}{gap}{price}\n" * draw.randint(8, 28)
    return f"CORNER SHOP\n{'-' * 32}\n{lines}{'=' * 32}\nTOTAL{gap}123.45\n"


def receipt_as_html_with_equal_rows(draw: random.Random) -> str:
    row = f"<tr><td>{draw.choice(GOODS)}</td><td>1</td><td>$1.50</td></tr>\n"
    return "<table>\n" + row * draw.randint(8, 28) + "</table>"


def receipt_as_json_with_equal_items(draw: random.Random) -> str:
    item = f'    {{"name": "{draw.choice(GOODS)}", "quantity": 1, "price": 1.5}}'
    return '{\n  "items": [\n' + ",\n".join([item] * draw.randint(8, 28)) + "\n  ]\n}"


def contents_with_leaders(draw: random.Random) -> str:
    dot = draw.choice([".", " .", "·", "_"])
    return "".join(f"Chapter {i} {dot * draw.randint(20, 70)} {i * 7}\n" for i in range(1, 30))


def form_with_lines(draw: random.Random) -> str:
    line = draw.choice(
        ["_" * 40, "☐ Yes  ☐ No", "Name: ________  Date: ____", "Yes / No", "☐ " * 20]
    )
    return "Please fill in.\n" + (line + "\n") * draw.randint(8, 36) + "Thank you."


def matrix(draw: random.Random) -> str:
    size = draw.randint(8, 20)
    row = draw.choice([" ", ", ", "\t"]).join([draw.choice("01")] * size)
    return "A =\n" + f"{draw.choice(['', '[', '  '])}{row}\n" * size


def page_with_a_grid(draw: random.Random) -> str:
    kind = draw.choice(["cell", "seat", "square dark"])
    end = draw.choice(["\n", "", "\n    "])
    return "<div class='board'>" + f'<div class="{kind}"></div>{end}' * 64 + "</div>"


def page_with_equal_cards(draw: random.Random) -> str:
    card = '<div class="card">\n  <h3>Product</h3>\n  <p>Lorem ipsum dolor.</p>\n</div>\n'
    return "<main>\n" + card * draw.randint(8, 16) + "</main>"


def page_with_spaces(draw: random.Random) -> str:
    return "<p>" + "&nbsp;" * draw.randint(10, 60) + "Total</p>" + "<br>\n" * draw.randint(8, 30)


def code_with_zeros(draw: random.Random) -> str:
    row = " " * 4 + "0x00, " * 8
    return f"static const uint8_t table[{draw.randint(64, 160)}] = {{\n" + f"{row}\n" * 20 + "};\n"


def code_with_deep_indentation(draw: random.Random) -> str:
    depth = draw.randint(8, 16)
    opened = "".join(f"{'    ' * i}if (x) {{\n" for i in range(depth))
    return opened + "".join(f"{'    ' * i}}}\n" for i in reversed(range(depth)))


def hex_dump(draw: random.Random) -> str:
    return "".join(f"{i * 16:08x}  {'00 ' * 16} |{'.' * 16}|\n" for i in range(draw.randint(8, 40)))


def chorus(draw: random.Random) -> str:
    line = draw.choice(["Hallelujah, hallelujah,\n", "Na na na na na na na\n", "La la la "])
    return "Song\n" + (line * draw.randint(4, 10) + "And so we sing.\n") * 4


MAKERS = [
    markdown_with_equal_rows,
    markdown_with_a_wide_rule,
    html_form_with_blank_rows,
    html_with_styled_zeros,
    html_month_of_empty_days,
    receipt_with_equal_lines,
    receipt_as_html_with_equal_rows,
    receipt_as_json_with_equal_items,
    contents_with_leaders,
    form_with_lines,
    matrix,
    page_with_a_grid,
    page_with_equal_cards,
    page_with_spaces,
    code_with_zeros,
    code_with_deep_indentation,
    hex_dump,
    chorus,
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_no_real_document_is_stopped(tokenizer, make: Callable[[random.Random], str]):
    for seed in range(25):
        text = make(random.Random(seed))

        assert stopped_at(tokenizer, ids_of(tokenizer, text)) is None, text


LOOPS = {
    "a sentence": "The image shows a blank page with no visible text or objects. ",
    "a short sentence on lines": "The image is blank.\n",
    "one word": " very",
    "one character": "哈",
    "one letter apart": "a ",
    "line breaks": "\n",
    "numbers": "1. ",
    "empty cells": "<td></td>",
    "a row with words": "<tr><td>Espresso</td><td>1</td><td>$4.50</td></tr>\n",
    "a row of empty cells": "<tr><td></td><td></td><td></td></tr>\n",
    "markdown cells": "| 0.00 ",
    "a list item": "- Item: see above\n",
    "a chinese sentence": "图片是空白的，没有文字。",
    "open brackets": "<div>",
    "json items": '{"name": "", "price": null}, ',
}
BEFORE = "Here is what the picture shows, as far as I can read it:\n\n"


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_is_stopped_within_its_patience(tokenizer, loop):
    before, period = ids_of(tokenizer, BEFORE), ids_of(tokenizer, loop)

    count, _ = stopped_at(tokenizer, before + period * 2_000)

    assert count <= len(before) + patience(loop, len(period)) + LONGEST_PERIOD
    assert count < 1_024


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_what_came_before_a_loop_is_kept(tokenizer, loop):
    ids = ids_of(tokenizer, BEFORE) + ids_of(tokenizer, loop) * 2_000

    _, keep = stopped_at(tokenizer, ids)

    kept = tokenizer.decode(ids[:keep])
    assert kept.startswith(BEFORE.rstrip())
    assert len(kept) <= len(BEFORE) + 3 * len(loop) + 32


def test_a_table_that_loops_is_kept_up_to_the_end_of_a_row(tokenizer):
    rows = "".join(f"| {name} | 1 | 2.50 |\n" for name in GOODS)
    loop = "| Total | 0 | 0.00 |\n"

    ids = ids_of(tokenizer, rows + loop * 500)
    _, keep = stopped_at(tokenizer, ids)

    assert tokenizer.decode(ids[:keep]) in (rows + loop, rows + loop * 2)


def test_a_loop_with_a_run_of_equal_cells_inside_is_stopped(tokenizer):
    row = "| sum |" + " 0 |" * 20 + "\n"

    count, _ = stopped_at(tokenizer, ids_of(tokenizer, row * 500))

    assert count < 1_400


def test_a_loop_after_a_long_reply_is_stopped(tokenizer):
    text = "".join(f"Line {i} of the letter says something else.\n" for i in range(400))
    ids = ids_of(tokenizer, text)

    count, keep = stopped_at(tokenizer, [*ids, *ids_of(tokenizer, "I am sorry, I am lost. " * 99)])

    assert count < len(ids) + 300
    assert keep >= len(ids)


def naive(ids: list[int], decode) -> int | None:
    """Say after how many tokens any period up to 64 exceeds its patience, checking each anew."""
    for count in range(1, len(ids) + 1):
        for period in range(1, min(LONGEST_PERIOD, count // SUSPECT_AFTER) + 1):
            filled = period
            while filled < count and ids[count - filled - 1] == ids[count - filled - 1 + period]:
                filled += 1
            needed = patience(decode(ids[count - period : count]), period)
            if filled >= max(needed, SUSPECT_AFTER * period):
                return count
    return None


def spelled(ids) -> str:
    return " ".join("abc"[i] * 3 for i in ids)


@given(
    st.lists(st.integers(0, 2), max_size=30),
    st.lists(st.integers(0, 2), min_size=1, max_size=12),
)
@settings(deadline=None, max_examples=40)
def test_every_loop_is_found_soon_after_a_search_of_all_periods_finds_it(before, period):
    ids = (before + period * 400)[:420]

    found = next(
        (
            n
            for n, keep in enumerate(map(LoopGuard(spelled).push, ids), start=1)
            if keep is not None
        ),
        None,
    )

    # The guard may take up a period only when another has ended, at most a few periods late.
    assert found is not None
    assert naive(ids, spelled) <= found <= naive(ids, spelled) + 3 * LONGEST_PERIOD


@given(st.lists(st.integers(0, 50_000), max_size=300, unique=True))
@settings(deadline=None)
def test_tokens_that_never_come_again_are_no_loop(ids):
    guard = LoopGuard(lambda _: pytest.fail("nothing is suspect"))

    assert all(guard.push(token_id) is None for token_id in ids)


def test_a_token_costs_the_same_at_the_end_of_a_long_reply(tokenizer):
    ids = ids_of(tokenizer, html_form_with_blank_rows(random.Random(3)))
    guard = LoopGuard(tokenizer.decode)

    def seconds() -> float:
        start = process_time()
        for token_id in ids:
            guard.push(token_id)
        guard.push(-1)  # no document follows another without a break
        return process_time() - start

    first = min(seconds() for _ in range(3))
    for _ in range(30):
        seconds()

    assert min(seconds() for _ in range(3)) < 4 * first
