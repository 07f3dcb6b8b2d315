"""Amounts, dates, times and phone numbers in a line of text."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.reader.values import amounts, dates, packed_dates, phones, times


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TOTAL 12.50", "12.50"),
        ("Total: RM1,063.90", "1063.90"),
        ("Summe 1.234,56 EUR", "1234.56"),
        ("TOTAL 6. 60", "6.60"),
        ("合计：￥88", "88"),
        ("总价 120元", "120"),
        ("¥1,200", "1200"),
        ("Rounding 0.01-", "-0.01"),
        ("Discount -0.89", "-0.89"),
        ("Refund (5.00)", "-5.00"),
    ],
)
def test_an_amount_is_read_as_its_country_writes_it(text, value):
    assert [amount.value for amount in amounts(text)] == [Decimal(value)]


@pytest.mark.parametrize(
    "text", ["6.00%", "31.12.2017", "12/03/2018", "Qty 3", "Tel 03-9019 9450", "18:12:41", "57000"]
)
def test_what_is_no_money_is_no_amount(text):
    assert amounts(text) == []


def test_an_amount_keeps_the_text_it_was_read_from():
    [amount] = amounts("Total RM 9.00 SR")

    assert amount.text == "RM 9.00"


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_both_ways_of_writing_thousands_give_one_value(cents):
    english = f"{cents / 100:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))

    assert amounts(english)[0].value == amounts(german)[0].value == Decimal(cents) / 100


@pytest.mark.parametrize(
    "text",
    [
        "2018-03-05", "2018/3/5", "05/03/2018", "5.3.18", "05-MAR-2018", "5 March 2018",
        "Mar 5, 2018", "开票日期：2018年3月5日", "DATE: 05/03/2018 18:12:41",
    ],
)  # fmt: skip
def test_a_date_is_read_in_any_common_form(text):
    assert [found.day for found in dates(text)] == [date(2018, 3, 5)]


def test_month_and_day_change_places_where_the_calendar_wants_it():
    assert dates("12/25/2016")[0].day == date(2016, 12, 25)


def test_a_day_that_no_calendar_has_is_no_date():
    assert dates("99/99/2018 31/02/2018 1.2.3.4") == []


def test_a_date_without_marks_is_told_from_other_numbers():
    assert [found.text for found in packed_dates("25032018 99032018 9556405112205")] == ["25032018"]


def test_a_time_keeps_its_seconds_and_half_of_day():
    assert times("Bill Start: 20/12/2017 07:10:35 PM") == ["07:10:35 PM"]


def test_a_phone_number_has_at_least_seven_digits():
    assert phones("Tel: 03-9019 9450 ext 12") == ["03-9019 9450"]
