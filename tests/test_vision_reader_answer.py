"""The reader's replies, from lines given as values."""

import pytest

from vision.engine import Line
from vision.reader.answer import Reply, quote
from vision.reader.intents import intent_of
from vision.reader.phrases import CHINESE, ENGLISH, phrases_for

CELLS = [
    ("CORNER CAFE",),
    ("Order No", "114105"),
    ("Cashier: SOFYA",),
    ("Date", "31-03-2018"),
    ("Green Tea", "2.00"),
    ("Shiro Ramen",),
    ("1x", "12.80"),
    ("Total", "14.80"),
]
PICTURE = tuple(
    Line(text, (20 + 400 * k, 40 * i, 20 + 400 * k + 12 * len(text), 40 * i + 24), 0.99)
    for i, row in enumerate(CELLS)
    for k, text in enumerate(row)
)
TEXT = "\n".join(" ".join(row) for row in CELLS)


def pieces(prompt, *pictures, job=None):
    reply = Reply(intent_of(prompt, job), len(pictures), phrases_for(prompt))
    on_pictures = [piece for n in reply.pictures for piece in reply.on(n, pictures[n - 1])]
    without = [n for n in reply.pictures if not pictures[n - 1]]
    return [*on_pictures, *reply.without_text(without)] or [reply.alone()]


def answer(prompt, *pictures, job=None):
    return "".join(pieces(prompt, *(pictures or (PICTURE,)), job=job))


def test_the_text_comes_a_row_on_each_line():
    assert answer("") == f"~~~~\n{TEXT}\n~~~~"


def test_the_text_comes_in_pieces_of_a_row():
    assert len(pieces("", PICTURE)) == len(CELLS) + 2


def test_a_value_is_given_with_the_line_it_stands_in():
    assert answer("What is the total?") == "The total is **14.80**: line 8 says `Total 14.80`."


def test_a_chinese_question_gets_a_chinese_reply():
    assert answer("合计是多少？") == "合计是 **14.80**：第 8 行写着 `Total 14.80`。"


def test_several_fields_are_given_in_the_order_of_the_question():
    assert answer("What is the total and the date?") == (
        "The total is **14.80**: line 8 says `Total 14.80`.\n\n"
        "The date is **31-03-2018**: line 4 says `Date 31-03-2018`."
    )


def test_any_label_in_the_picture_can_be_asked_for():
    assert answer("Who is the cashier?") == (
        "The cashier is **SOFYA**: line 3 says `Cashier: SOFYA`."
    )


def test_a_label_may_stand_left_of_its_value():
    assert "**114105**" in answer("What is the order number?")


def test_a_price_may_stand_below_its_name():
    assert answer("What is the price of Shiro Ramen?") == (
        "“Shiro Ramen” is priced at **12.80**: line 6 says `Shiro Ramen`; line 7 says `1x 12.80`."
    )


def test_a_misread_name_is_found_still():
    assert "**12.80**" in answer("What is the price of Shiro Rarnen?")


def test_what_is_not_there_is_said_not_to_be():
    reply_text = answer("What is the phone number?")

    assert reply_text.startswith(
        "I find no phone number in this picture. What I do find: merchant, "
    )
    assert "Labels I see in it: `Cashier`." in reply_text


def test_a_phrase_is_found_with_its_lines():
    assert answer("Which line contains tea?") == (
        "I find “tea” in 1 of the lines: line 5 says `Green Tea 2.00`."
    )


def test_a_phrase_that_is_nowhere_is_said_to_be_nowhere():
    assert answer("Does it mention parking?") == "None of the 8 lines I read mentions “parking”."


def test_a_short_word_is_not_found_inside_another():
    assert answer("Does it mention ram?") == "None of the 8 lines I read mentions “ram”."


def test_a_line_is_given_by_its_number():
    assert answer("line 3") == "Line 3 says `Cashier: SOFYA`"


def test_a_line_past_the_end_is_said_not_to_be_there():
    assert answer("line 99") == "There is no line 99: I read 8."


def test_lines_are_counted():
    assert answer("how many lines?") == "I read 8 lines of text in this picture."


def test_a_table_comes_as_markdown():
    assert "| Total | 14.80 |" in answer("as a table")


def test_the_receipt_job_gives_fields_with_their_lines_before_the_text():
    fields, _, text = answer("", job="receipt").partition(ENGLISH.text)

    assert "| Total | 14.80 | 8 |" in fields
    assert TEXT in text


@pytest.mark.parametrize(
    "prompt",
    ["Describe it", "Translate it", "Why?", "Write HTML", "Compare both", "描述这张图片", "翻译"],
)
def test_what_it_cannot_do_it_says_with_the_way_out(prompt):
    assert "`python -m app --engine qwen`" in answer(prompt)


def test_what_it_cannot_do_comes_with_the_text_it_read():
    assert TEXT in answer("Describe it")


def test_without_a_picture_it_says_what_it_needs():
    assert pieces("hello") == [f"{ENGLISH.no_picture} {ENGLISH.instead}"]


def test_a_picture_without_text_is_said_to_have_none():
    assert answer("What is the total?", ()) == "I find no text in this picture."


def test_several_pictures_have_a_heading_each():
    assert answer("total?", PICTURE, PICTURE) == (
        "**Image 1**\n\nThe total is **14.80**: line 8 says `Total 14.80`.\n\n"
        "**Image 2**\n\nThe total is **14.80**: line 8 says `Total 14.80`."
    )


def test_pictures_without_text_are_named_once():
    assert answer("total?", PICTURE, (), ()) == (
        "**Image 1**\n\nThe total is **14.80**: line 8 says `Total 14.80`.\n\n"
        "I find no text in Image 2, Image 3."
    )


def test_where_no_picture_holds_text_that_is_all_there_is_to_say():
    assert answer("total?", (), ()) == "I find no text in these pictures."


@pytest.mark.parametrize(
    "prompt",
    ["Total of the second receipt", "total of image 2", "第二张的合计", "total on the last"],
)
def test_a_picture_named_by_its_number_is_the_only_one_in_the_reply(prompt):
    said = answer(prompt, (), PICTURE)

    assert said.startswith(
        ("**Image 2**\n\nThe total is **14.80**", "**图 2**\n\n合计是 **14.80**")
    )


def test_a_picture_that_was_not_sent_is_said_not_to_be_there():
    assert answer("Total of the third receipt", PICTURE, PICTURE) == (
        "There is no image 3 here: I have 2."
    )


@pytest.mark.parametrize("prompt", ["which one is the most expensive?", "Describe them", "翻译"])
def test_a_refusal_on_several_pictures_offers_their_text_instead_of_printing_it(prompt):
    phrases = phrases_for(prompt)
    refusal = phrases.cannot[intent_of(prompt).refusal]

    assert answer(prompt, PICTURE, PICTURE) == phrases.space.join(
        (refusal, phrases.instead, phrases.or_text)
    )


@pytest.mark.parametrize(("phrases", "offered"), [(ENGLISH, "the text"), (CHINESE, "读出文字")])
def test_what_a_refusal_offers_is_a_prompt_that_gives_the_text(phrases, offered):
    assert offered in phrases.or_text
    assert intent_of(offered).kind == "text"


def test_a_refusal_on_one_of_several_pictures_comes_with_the_text_of_that_one():
    said = answer("Describe the second picture", (), PICTURE)

    assert said.endswith(f"\n\n**Image 2**\n\n{ENGLISH.text}\n\n~~~~\n{TEXT}\n~~~~")


@pytest.mark.parametrize("words", ["thanks", "asdkjh qwe"])
def test_words_that_are_nowhere_are_not_claimed_to_be_a_field(words):
    said = answer(words)

    assert said.startswith(f"No line here says “{words}”, and it is not something I can answer")
    assert "I find no" not in said


def test_a_word_that_is_no_label_is_given_with_its_line():
    closed = (Line("CLOSED ON SUNDAYS", (20, 20, 220, 44), 0.99),)

    assert answer("sundays", closed) == (
        "I find “sundays” in 1 of the lines: line 1 says `CLOSED ON SUNDAYS`."
    )


@pytest.mark.parametrize(
    ("prompt", "start"),
    [("What are the totals?", "The total is **14.80**"), ("and the dates?", "The date is **31-03")],
)
def test_a_field_asked_for_in_the_plural_is_found(prompt, start):
    assert answer(prompt).startswith(start)


@pytest.mark.parametrize("phrases", [ENGLISH, CHINESE])
def test_a_refusal_recommends_no_server_while_there_is_no_engine_for_one(phrases):
    assert "url" not in phrases.instead


def test_several_pictures_are_numbered_in_chinese():
    assert answer("合计", PICTURE, ()).startswith("**图 1**\n\n合计是")


def test_both_languages_have_every_sentence():
    for english, chinese in ((ENGLISH, CHINESE),):
        assert english.names.keys() == chinese.names.keys()
        assert english.cannot.keys() == chinese.cannot.keys()


def test_a_quote_shows_backticks():
    assert quote("a `b`") == "`` a `b` ``"
