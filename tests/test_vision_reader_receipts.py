"""Receipts as American shops print them: everything that is no item, and no total, left aside."""

import re
from decimal import Decimal
from typing import NamedTuple

import pytest

from vision.engine import Line
from vision.reader.fields import facts_of
from vision.reader.layout import rows


class Printed(NamedTuple):
    """What a receipt says, and what of it is true."""

    text: str
    merchant: str
    date: str
    total: str
    amounts: tuple[str, ...]


SUPERSTORE = Printed(
    """
              Bigmart
       Low prices. Every day.
          ( 423 ) 555 - 1234
          MANAGER ANN LEE
          2110 MAPLE ST NW
         CLEVELAND TN 37311
ST# 5483 OP# 00009044 TE# 44 TR# 01396
TOWEL        002840015533 F         3.98 X
HAND MIXER   007874211433          9.88 X
PUSH PINS    001376402801 F         1.24
DOG TREAT    007119013654           2.92 X
                  SUBTOTAL         18.02
        TAX 1     9.750 %           1.64
                     TOTAL         19.66
                 VISA TEND         19.66
ACCOUNT # **** **** **** 8877 S
APPROVAL # 037831
                CHANGE DUE          0.00
            # ITEMS SOLD 4
          07/28/17      02:39:48
""",
    "Bigmart",
    "2017-07-28",
    "19.66",
    ("3.98", "9.88", "1.24", "2.92"),
)
COFFEE = Printed(
    """
       STARLIGHT Store #10208
      11302 Elm Avenue
      Cleveland, OH (216) 555-0149

          CHK 664290
     12/07/2014 06:43 PM
  1912003    Drawer: 2   Reg: 2

Vt Pep Mocha                        4.95
Star Card                           4.95
XXXXXXXXXXXX3228

Subtotal                           $4.95
Total                              $4.95
Change Due                         $0.00

----------- Check Closed -----------
      12/07/2014 06:43 PM
""",
    "STARLIGHT Store #10208",
    "2014-12-07",
    "4.95",
    ("4.95",),
)
RESTAURANT = Printed(
    """
          THE GOLDEN FORK
         123 Main Street
        Boston, MA 02110
         (617) 555-0188
Server: Mike            05/14/2016
Table 21/1                 7:48 PM
Guests: 2                    20031

Caesar Salad                       9.50
2 Iced Tea                         5.00
Ribeye Steak                      32.00
  Medium Rare
Add Shrimp                         6.00

Subtotal                          52.50
Tax                                3.68
Total                             56.18
Balance Due                       56.18

Suggested Gratuity
15% = 7.88   18% = 9.45   20% = 10.50
     Thank you for dining with us!
""",
    "THE GOLDEN FORK",
    "2016-05-14",
    "56.18",
    ("9.50", "5.00", "32.00", "6.00"),
)
GROCER = Printed(
    """
          FARMER JOHN'S
         2001 Green Ave
          Dallas TX 75206
   Store #403 - 469 555-0114
OPEN 8:00AM TO 9:00PM DAILY
R-CARROTS SHREDDED 10 OZ            1.29
R-CUCUMBERS PERSIAN 1 LB            1.99
TOMATOES CRUSHED NO SALT            1.59
ORGANIC OLD FASHIONED OATMEAL       2.69
MINI-PEARL TOMATOES
    2 @ 2.49                        4.98
A-AVOCADOS HASS BAG 4CT             3.99
SUBTOTAL                          $16.53
TOTAL                             $16.53
CASH                              $20.00
CHANGE                             $3.47
ITEMS 7            Smith, Ann
06-28-2014 12:34PM 0403 04 1346 4683
""",
    "FARMER JOHN'S",
    "2014-06-28",
    "16.53",
    ("1.29", "1.99", "1.59", "2.69", "4.98", "3.99"),
)
PETROL = Printed(
    """
    PELICAN
    4520 HWY 6
    HOUSTON TX 77084
DATE 03/21/18  10:11
INVOICE 0045123
PUMP# 04
UNLEADED                       9.412G
PRICE/GAL                      $2.399
FUEL TOTAL                    $ 22.58
TOTAL                         $ 22.58
CREDIT                        $ 22.58
""",
    "PELICAN",
    "2018-03-21",
    "22.58",
    (),
)
PHARMACY = Printed(
    """
            ACE/pharmacy
     1016 MEADOW AVE.
     CAMBRIDGE, MA 02138
      REG#03 TRN#5731 CSHR#0876543
 1 ADVIL TABLETS 100CT          10.99T
      1 @ 2/5.00
 2 GATORADE LIME                 5.00F
     COUPON SAVINGS              2.00-
 3 ITEMS
   SUBTOTAL                     13.99
   MA 6.25% TAX                   .69
   TOTAL                        14.68
   CHARGE                       14.68
 ***********1234
 Returns with receipt through 07/12/2016
 MAY 13, 2016              8:21 AM
""",
    "ACE/pharmacy",
    "2016-05-13",
    "14.68",
    ("10.99", "5.00"),
)
TIP = Printed(
    """
        JOE'S PIZZA
  MERCHANT COPY
Date: 11/20/2017   Time: 19:22
Card: VISA ****1111
Amount:          $ 38.40
Tip:             $  7.00
Total:           $ 45.40
""",
    "JOE'S PIZZA",
    "2017-11-20",
    "45.40",
    (),
)
BURGERS = Printed(
    """
   BURGER BARN
   555 W 5th St
   Ticket # 221
1 Burger          $8.99
1 Fries           $2.99
1 Shake           $4.49
Items total      $16.47
Tax 8.5%          $1.40
Grand Total      $17.87
Paid Cash        $20.00
Change            $2.13
4/5/19 1:05 PM
""",
    "BURGER BARN",
    "2019-04-05",
    "17.87",
    ("8.99", "2.99", "4.49"),
)
ALL = {
    "superstore": SUPERSTORE,
    "coffee": COFFEE,
    "restaurant": RESTAURANT,
    "grocer": GROCER,
    "petrol": PETROL,
    "pharmacy": PHARMACY,
    "tip": TIP,
    "burgers": BURGERS,
}


def facts(printed):
    lines = [
        Line(m.group(), (30 + 12 * m.start(), 38 * i, 30 + 12 * m.end(), 38 * i + 26), 0.99)
        for i, row in enumerate(printed.text.strip("\n").split("\n"))
        for m in re.finditer(r"\S+(?: \S+)*", row)
    ]
    return facts_of(rows(lines))


@pytest.mark.parametrize("name", ALL)
def test_the_shop_is_told_from_its_slogan(name):
    assert facts(ALL[name]).merchant.value == ALL[name].merchant


@pytest.mark.parametrize("name", ALL)
def test_the_month_comes_first_in_a_date(name):
    assert facts(ALL[name]).date.value == ALL[name].date


@pytest.mark.parametrize("name", ALL)
def test_the_total_is_told_from_what_is_suggested(name):
    assert facts(ALL[name]).sums.total.value == Decimal(ALL[name].total)


@pytest.mark.parametrize("name", ALL)
def test_only_what_was_bought_is_an_item(name):
    items = facts(ALL[name]).basket.items

    assert [str(item.amount.amount.value) for item in items] == list(ALL[name].amounts)


def test_a_name_is_without_its_code():
    items = facts(SUPERSTORE).basket.items

    assert [item.name for item in items] == ["TOWEL", "HAND MIXER", "PUSH PINS", "DOG TREAT"]


def test_a_quantity_below_its_name_is_read_with_it():
    item = facts(GROCER).basket.items[4]

    assert item.name == "MINI-PEARL TOMATOES"
    assert (item.numbers.quantity.amount.value, item.numbers.unit_price.amount.value) == (
        2,
        Decimal("2.49"),
    )


def test_an_address_ends_where_the_till_begins():
    assert facts(SUPERSTORE).address.value == "2110 MAPLE ST NW CLEVELAND TN 37311"


def test_a_coupon_is_taken_off():
    assert [one.value for one in facts(PHARMACY).sums.discounts] == [Decimal("-2.00")]
