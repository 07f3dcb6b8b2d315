"""What a prompt wants of a picture's text."""

import pytest

from vision.reader import vocabulary
from vision.reader.intents import HEAD, TAIL, Intent, intent_of


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "  ?",
        "read this",
        "OCR",
        "What does it say?",
        "Extract all the text",
        "识别文字",
        "请提取图片中的文字",
        "写了什么？",
    ],
)
def test_a_prompt_without_a_question_wants_the_text(prompt):
    assert intent_of(prompt).kind == "text"


@pytest.mark.parametrize(
    "prompt",
    ["as a table", "Extract the table as Markdown", "table", "把它做成表格", "give me a CSV"],
)
def test_a_table_is_asked_for_in_many_ways(prompt):
    assert intent_of(prompt).kind == "table"


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("What is the total?", ("total",)),
        ("How much is it?", ("total",)),
        ("the amount due", ("total",)),
        ("How much is the total tax?", ("tax",)),
        ("What is the subtotal and the date?", ("subtotal", "date")),
        ("What is the Invoice No?", ("number",)),
        ("Who is the merchant?", ("merchant",)),
        ("which company?", ("merchant",)),
        ("When was it issued?", ("date",)),
        ("change?", ("change",)),
        ("合计是多少？", ("total",)),
        ("请问这张收据的日期是哪天", ("date",)),
        ("电话", ("phone",)),
        ("订单号是多少", ("number",)),
        ("收款方是谁", ("merchant",)),
    ],
)
def test_a_question_names_its_fields(prompt, fields):
    assert (intent_of(prompt).kind, intent_of(prompt).fields) == ("fields", fields)


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("What are the totals?", ("total",)),
        ("and the dates?", ("date",)),
        ("What about the taxes?", ("tax",)),
        ("and how about the addresses", ("address",)),
        ("the invoice numbers and the companies", ("number", "merchant")),
        ("subtotals, discounts, times, phone numbers", ("subtotal", "discount", "time", "phone")),
    ],
)
def test_fields_are_known_by_their_plural(prompt, fields):
    assert intent_of(prompt).fields == fields


@pytest.mark.parametrize(
    ("prompt", "intent"),
    [
        ("Total of the second receipt", Intent("fields", ("total",), picture=2)),
        ("What is the date on the 3rd page?", Intent("fields", ("date",), "date", picture=3)),
        ("image 2", Intent("text", picture=2)),
        ("and the second one?", Intent("text", picture=2)),
        ("the last line of the last picture", Intent("line", number=-1, picture=-1)),
        ("What's in the third photo?", Intent("cannot", refusal="describe", picture=3)),
        ("第二张", Intent("text", picture=2)),
        ("第二张呢？", Intent("text", picture=2)),
        ("第二张收据的合计", Intent("fields", ("total",), picture=2)),
        ("图2的日期", Intent("fields", ("date",), picture=2)),
        ("最后一张的电话", Intent("fields", ("phone",), picture=-1)),
    ],
)
def test_an_ordinal_names_a_picture(prompt, intent):
    assert intent_of(prompt) == intent


@pytest.mark.parametrize(
    "prompt",
    [
        "What is the total?",
        "Totals of the first and the second receipt",
        "Totals of the first picture and the second picture",
        "Totals of image 1 and image 2",
        "Totals of image 1 and 2",
        "the second line",
        "invoice 114105",
        "第一张和第二张的合计",
        "第一和第二张的合计",
        "图1和2的合计",
        "这张图一共多少钱",
        "第二行",
    ],
)
def test_a_prompt_that_names_no_picture_or_several_is_about_all(prompt):
    assert intent_of(prompt).picture == 0


PASTE = "lorem ipsum, 牛奶, " * 4_000


@pytest.mark.parametrize("paste", [PASTE, "x" * 74_000, "？" * 74_000, " \n" * 37_000])
def test_of_a_long_prompt_the_patterns_see_only_both_ends(paste, monkeypatch):
    seen = []
    pattern = vocabulary.ALL_TEXT
    monkeypatch.setattr(
        vocabulary,
        "ALL_TEXT",
        type("", (), {"search": lambda t: seen.append(t) or pattern.search(t)}),
    )

    intent_of(f"a{paste}b")

    assert 0 < len(seen[0]) <= HEAD + TAIL + 1


@pytest.mark.parametrize("prompt", [f"What is the total?\n{PASTE}", f"{PASTE}\nWhat is the total?"])
def test_a_question_before_or_behind_a_long_paste_is_found(prompt):
    assert intent_of(prompt).fields == ("total",)


def test_a_long_paste_without_spaces_is_no_label():
    assert intent_of("x" * 74_000) == Intent("cannot")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("what's the price of MILK", "MILK"),
        ("How much is the milk?", "milk"),
        ("How much does the “Green Tea” cost?", "Green Tea"),
        ("牛奶多少钱？", "牛奶"),
    ],
)
def test_a_price_is_asked_for_something(prompt, words):
    assert intent_of(prompt) == Intent("price", words=words)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Who is the cashier?", "cashier"),
        ("What is the table number on this receipt?", "table number"),
        ("GST ID", "GST ID"),
        ("姓名是什么？", "姓名"),
    ],
)
def test_any_other_label_can_be_asked_for(prompt, words):
    assert intent_of(prompt) == Intent("label", words=words)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Which line contains GST?", "GST"),
        ("Does it mention parking?", "parking"),
        ('Is there a "No refund"?', "No refund"),
        ("有没有提到停车？", "停车"),
    ],
)
def test_a_phrase_can_be_looked_for(prompt, words):
    assert intent_of(prompt) == Intent("find", words=words)


@pytest.mark.parametrize(
    ("prompt", "number"),
    [
        ("line 3", 3),
        ("What is on line 12?", 12),
        ("the last line", -1),
        ("2nd line", 2),
        ("第三行是什么", 3),
        ("第 10 行", 10),
    ],
)
def test_a_line_is_asked_for_by_its_number(prompt, number):
    assert intent_of(prompt) == Intent("line", number=number)


@pytest.mark.parametrize("prompt", ["How many lines are there?", "一共多少行"])
def test_the_lines_can_be_counted(prompt):
    assert intent_of(prompt).kind == "count"


@pytest.mark.parametrize(
    ("prompt", "refusal"),
    [
        ("Describe this picture", "describe"),
        ("What is in this picture?", "describe"),
        ("What colour is the car?", "describe"),
        ("Translate it into French", "translate"),
        ("Summarise the letter", "reason"),
        ("Why is the total so high?", "reason"),
        ("Turn this screenshot into HTML", "html"),
        ("Compare the two pictures", "compare"),
        ("Tell me a joke about a cat and a dog", "chat"),
        ("描述这张图片", "describe"),
        ("翻译成英文", "translate"),
        ("总结一下", "reason"),
        ("两张图有什么不同", "compare"),
    ],
)
def test_what_the_reader_cannot_do_is_known_as_such(prompt, refusal):
    assert intent_of(prompt) == Intent("cannot", refusal=refusal)


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        ("text", "text"),
        ("table", "table"),
        ("receipt", "receipt"),
        ("describe", "cannot"),
        ("html", "cannot"),
        ("compare", "cannot"),
    ],
)
def test_a_job_goes_before_the_words(job, kind):
    assert intent_of("What is the total?", job).kind == kind
