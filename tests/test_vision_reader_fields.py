"""The fields of a receipt, found among rows of lines."""

import pytest

from vision.engine import Line
from vision.reader.fields import find, find_all


def rows(*texts):
    """Make one row for each text; cells of a row are separated by two spaces."""
    return [
        [
            Line(cell, (600 * k, 30 * i, 600 * k + 12 * len(cell), 30 * i + 20), 0.99)
            for k, cell in enumerate(text.split("  "))
        ]
        for i, text in enumerate(texts)
    ]


RECEIPT = rows(
    "GREEN LANE PHARMACY SDN BHD",
    "(763621-P)",
    "No 33, Jalan Besar",
    "12300 Penang",
    "Tel: 04-1234 5678  Fax: 04-8765 4321",
    "TAX INVOICE",
    "Invoice No: CS-20243  Date: 12/03/2018 18:12",
    "Panadol  4.80",
    "Vitamin C  11.20",
    "Subtotal  16.00",
    "Total Qty  2",
    "GST 6%  0.96",
    "Rounding Adj  -0.01",
    "Total (RM)  16.95",
    "Cash  20.00",
    "Change  3.05",
    "GST Summary  Amount  Tax",
    "Total:  16.00  0.96",
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("merchant", "GREEN LANE PHARMACY SDN BHD"),
        ("address", "No 33, Jalan Besar 12300 Penang"),
        ("phone", "04-1234 5678"),
        ("date", "12/03/2018"),
        ("time", "18:12"),
        ("number", "CS-20243"),
        ("subtotal", "16.00"),
        ("tax", "0.96"),
        ("rounding", "-0.01"),
        ("total", "16.95"),
        ("cash", "20.00"),
        ("change", "3.05"),
    ],
)
def test_a_field_is_found_by_its_label(name, value):
    field = find(name, RECEIPT)

    assert field is not None
    assert field.value == value


def test_a_field_says_which_lines_it_was_found_in():
    assert [line.text for line in find("total", RECEIPT).lines] == ["Total (RM)", "16.95"]


def test_a_field_that_is_not_there_is_not_made_up():
    assert find_all(rows("Dear Sir", "thank you for your letter")) == []


@pytest.mark.parametrize(
    ("texts", "total"),
    [
        (("Total  10.00", "Grand Total  9.00"), "9.00"),
        (("Total Incl. GST  65.53", "Rounding  0.02", "TOTAL  65.55"), "65.55"),
        (("Total Sales Incl GST  88.97", "Rounding Adj  -0.02", "lotal after  88.95"), "88.95"),
        (("TOTAL QTY  28.00", "TOTAL  12.00"), "12.00"),
        (("TOTAL DISCOUNT  5.00", "TOTAL  12.00"), "12.00"),
        (("TOTAL GST  0.72", "TOTAL  12.00"), "12.00"),
        (("Total  9.90", "Net Total  8.00", "Cash  10.00", "Change  0.10"), "9.90"),
        (("Sub Total  68.87", "GST  4.13", "T0TL : RM 73.00"), "RM 73.00"),
        (("小计  80.00", "优惠  8.00", "实付  ¥72.00"), "¥72.00"),
        (("金额  100.00", "税额  6.00", "价税合计  ¥106.00"), "¥106.00"),
        (("TOTAL", "12.00"), "12.00"),
    ],
)
def test_the_total_is_told_from_amounts_with_similar_labels(texts, total):
    field = find("total", rows(*texts))

    assert field is not None
    assert field.value == total


@pytest.mark.parametrize(
    "label",
    ["Tel/Fax : ", "TEL & FAX: ", "Telephone / Fax No: ", "Tel No./Fax No. ", "电话/传真："],
)
def test_a_phone_number_that_is_also_the_fax_number_is_found(label):
    assert find("phone", rows(f"{label}603-7877 9712")).value == "603-7877 9712"


def test_a_subtotal_alone_is_given_as_the_total_with_its_line():
    field = find("total", rows("Subtotal  4.00"))

    assert [line.text for line in field.lines] == ["Subtotal", "4.00"]


def test_a_name_over_two_rows_is_one_name():
    field = find("merchant", rows("AIK HUAT HARDWARE", "ENTERPRISE (SETIA ALAM) SDN BHD", "No 1"))

    assert field.value == "AIK HUAT HARDWARE ENTERPRISE (SETIA ALAM) SDN BHD"


def test_an_address_beside_a_name_is_not_part_of_it():
    field = find("merchant", rows("LIGHTROOM GALLERY SDN BHD  No: 28, JALAN ASTANA"))

    assert field.value == "LIGHTROOM GALLERY SDN BHD"


def test_a_date_with_a_label_goes_before_one_without():
    assert find("date", rows("Exp 01/01/2030", "Date: 02/03/2018")).value == "02/03/2018"


def test_a_chinese_receipt_has_its_fields():
    found = find_all(
        rows(
            "好邻居超市",
            "电话：0571-8765 4321",
            "单号：20240305001",
            "日期：2024-03-05 12:30",
            "合计  ￥35.50",
            "实收  ￥50.00",
            "找零  ￥14.50",
        )
    )

    assert {field.name: field.value for field in found} == {
        "merchant": "好邻居超市",
        "phone": "0571-8765 4321",
        "number": "20240305001",
        "date": "2024-03-05",
        "time": "12:30",
        "total": "￥35.50",
        "cash": "￥50.00",
        "change": "￥14.50",
    }


@pytest.mark.parametrize(
    ("said", "merchant"),
    [
        (("CAFÉ DE LA GARE SARL", "12 RUE DE L'ÉGLISE", "Crème brûlée  6,50", "Total  6,50"),
         "CAFÉ DE LA GARE SARL"),
        (("CÓRNER SHOP SDN BHD", "12 LONG STREET", "Milk  6.50", "Total  6.50"),
         "CORNER SHOP SDN BHD"),
    ],
)  # fmt: skip
def test_an_accent_is_a_stain_where_the_page_has_no_others(said, merchant):
    assert find("merchant", rows(*said)).value == merchant
