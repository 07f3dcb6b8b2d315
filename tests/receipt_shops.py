"""Twenty shops, and how each of them prints what was bought: in eight currencies."""

import random
from collections.abc import Callable
from decimal import Decimal

from tests.receipt_sheets import END, Sheet

Money = Callable[[int], str]  # from the smallest coin
Bought = list[tuple[str, int, int]]  # name, how many, price of one in the smallest coin

FOOD = [
    "Green Tea",
    "Shiro Ramen",
    "Unagi Don",
    "Chicken Rice",
    "Fried Noodle",
    "Iced Coffee",
    "Roti",
]
HARDWARE = [
    "PAINT BRUSH 2IN",
    "COTTON GLOVE",
    "WELDING GLASS",
    "BROOM HANDLE",
    "PVC TAPE BLACK",
    "DUST PAN",
]
GROCERY = ["MILK 2% GAL", "WHITE BREAD", "BANANAS", "CHEDDAR CHEESE", "ORANGE JUICE", "PAPER TOWEL"]
GERMAN = ["Brötchen", "Kaffee gemahlen", "Vollmilch", "Butter", "Apfelsaft"]
FRENCH = ["Café crème", "Croissant", "Salade niçoise", "Plat du jour"]
CHINESE = ["可口可乐", "方便面", "纯牛奶", "薯片", "矿泉水", "面包"]
DISHES = ["宫保鸡丁", "麻婆豆腐", "米饭", "青岛啤酒", "酸辣汤"]
JAPANESE = ["おにぎり", "緑茶", "弁当", "牛乳"]


def cents(mark: str = ".", thousands: str = ",") -> Money:
    def text(coins: int) -> str:
        sign, coins = "-" if coins < 0 else "", abs(coins)
        return f"{sign}{coins // 100:,}".replace(",", thousands) + f"{mark}{coins % 100:02}"

    return text


EN, DE, FR = cents(), cents(",", "."), cents(",", " ")


def whole(thousands: str = ",") -> Money:
    return lambda coins: f"{coins:,}".replace(",", thousands)


def bought(
    rng: random.Random, names: list[str], least: int = 150, most: int = 3_000, step: int = 5
) -> Bought:
    """Return a few things; their prices, in coins, are all different."""
    chosen = rng.sample(names, rng.randint(2, min(4, len(names))))
    prices = rng.sample(range(least, most, step), len(chosen))
    return [(name, rng.randint(1, 4), price) for name, price in zip(chosen, prices, strict=True)]


def begun(sheet: Sheet, goods: Bought, scale: int = 100) -> int:
    """Note the items of ``goods``; return what they come to."""
    sheet.items = [(name, Decimal(count * price) / scale) for name, count, price in goods]
    return sum(count * price for _, count, price in goods)


def ended(sheet: Sheet, total: int, scale: int = 100) -> Sheet:
    sheet.total = Decimal(total) / scale
    return sheet


def paid(sheet: Sheet, total: int, money: Money, cash: str, change: str, coin: int = 1_000) -> None:
    given = (total // coin + 1) * coin
    sheet.pair(cash, money(given), "paid")
    sheet.pair(change, money(given - total), "change")


def nearest_five(coins: int) -> int:
    """Return what Malaysia's rounding to five sen adds."""
    return (coins + 2) // 5 * 5 - coins


def head(sheet: Sheet, merchant: str, *rest: str) -> None:
    sheet.merchant = merchant
    sheet.centre(merchant, *rest)


def added_tax(rng: random.Random) -> Sheet:
    """Malaysia: a row an item, GST added, rounded to five sen."""
    sheet, goods = Sheet(currency="MYR", date="2018-03-12"), bought(rng, FOOD)
    head(
        sheet,
        "SERI PAGI CORNER SDN BHD",
        "(812345-K)",
        "NO 7, JALAN MERANTI 3/2",
        "40150 SHAH ALAM, SELANGOR",
        "TEL: 03-5519 0823",
        "GST ID: 001005957120",
        "TAX INVOICE",
    )
    sheet.put(("Invoice No: CS-20243", 0), ("Date: 12/03/2018 18:12", END))
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.pair(f"{count} {name}", EN(count * price), f"item{i}")
    tax = round(net * 0.06)
    rounding = nearest_five(net + tax)
    sheet.pair("Subtotal", EN(net), "subtotal")
    sheet.pair("GST 6%", EN(tax), "tax")
    if rounding:
        sheet.pair("Rounding Adj", EN(rounding), "rounding")
    sheet.pair("Total (RM)", EN(net + tax + rounding), "total")
    paid(sheet, net + tax + rounding, EN, "Cash", "Change")
    return ended(sheet, net + tax + rounding)


def numbers_below(rng: random.Random) -> Sheet:
    """Malaysia: the name, then its numbers in the next row; service charge; a table of taxes."""
    sheet, goods = Sheet(currency="", date="2018-03-31"), bought(rng, FOOD)
    head(
        sheet,
        "MIZU TERAS SDN. BHD.",
        "NO: 1-1&2 GROUND FLOOR,",
        "JLN TEMENGGUNG 13/9,",
        "43200 CHERAS SELANGOR.",
        "(GST Reg. No : 001375580160)",
        "Tax Invoice",
    )
    sheet.left("Table 9", "Bill#:V042-513777", "Date : 31-03-2018 18:12:41", "Cashier: SOFYA")
    sheet.put(("Description", 0), ("Qty", 20), ("U.price", 28), ("Total TAX", END))
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.left(name)
        sheet.put(
            (f"{count}x", 20),
            (EN(price), -35),
            (EN(count * price), -42),
            ("SR", END),
            key=f"item{i}",
        )
    service = round(net * 0.1)
    tax = round((net + service) * 0.06)
    rounding = nearest_five(net + service + tax)
    total = net + service + tax + rounding
    sheet.pair("Total (Excluding GST):", EN(net), "subtotal")
    sheet.pair("Serv. Charge (10%):", EN(service), "service")
    sheet.pair("GST Payable:", EN(tax), "tax")
    sheet.pair("Total (Inclusive of GST):", EN(net + service + tax))
    sheet.pair("Rounding Adj:", EN(rounding), "rounding" if rounding else "")
    sheet.pair("TOTAL:", EN(total), "total")
    sheet.pair("VISA", EN(total))
    sheet.put(("GST Summary", 0), ("Amount(RM)", -34), ("Tax(RM)", END))
    sheet.put(("SR", 0), ("(@ 6%)", 10), (EN(net + service), -34), (EN(tax), END))
    return ended(sheet, total)


def codes_above(rng: random.Random) -> Sheet:
    """Malaysia: code and numbers first, the name below; tax included."""
    sheet, goods = Sheet(currency="", date="2017-12-13"), bought(rng, HARDWARE)
    head(
        sheet,
        "AIK SENG HARDWARE ENTERPRISE",
        "002065464-X",
        "NO. 42, JALAN PBS 14/11,",
        "43300 SERI KEMBANGAN,",
        "TEL: 03-89433143 FAX: 03-89433144",
        "GST NO: 001663156224",
        "TAX INVOICE",
    )
    sheet.put(("RECEIPT #: CS00031180", 0), ("DATE: 13/12/2017", END))
    sheet.put(("CASHIER: USER", 0), ("TIME: 15:14:00", END))
    sheet.put(("ITEM", 0), ("QTY", 18), ("U/P", 28), ("AMOUNT", END))
    gross = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (str(12_089 + i), 0),
            (str(count), 19),
            (EN(price), -33),
            (EN(count * price), END),
            key=f"item{i}",
        )
        sheet.left(f"SR:{name}")
    tax = round(gross * 6 / 106)
    sheet.pair("TOTAL QUANTITY", str(sum(count for _, count, _ in goods)))
    sheet.pair("SUB-TOTAL", EN(gross - tax), "subtotal")
    sheet.pair("DISC", EN(0))
    sheet.pair("GST", EN(tax), "tax")
    sheet.pair("ROUNDING", EN(0))
    sheet.pair("TOTAL", EN(gross), "total")
    paid(sheet, gross, EN, "CASH", "CHANGE")
    return ended(sheet, gross)


def in_columns(rng: random.Random) -> Sheet:
    """Malaysia: columns with a head; the tax is in the prices and in a table below."""
    sheet, goods = Sheet(currency="MYR", date="2018-02-06"), bought(rng, HARDWARE)
    head(
        sheet,
        "SYARIKAT MAJU JAYA SDN BHD",
        "LOT 276 JALAN BANTING",
        "43800 DENGKIL, SELANGOR",
        "TEL: 03-87686092",
        "GST ID: 000781500416",
        "TAX INVOICE",
    )
    sheet.left("Doc No.: CS00012330", "Date: 06/02/2018", "Time: 13:01:00")
    sheet.put(("Item", 0), ("Qty", 22), ("Price", 29), ("Amount", END))
    gross = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (name, 0), (str(count), 23), (EN(price), -34), (EN(count * price), END), key=f"item{i}"
        )
    tax = round(gross * 6 / 106)
    sheet.pair("Total Qty:", str(sum(count for _, count, _ in goods)))
    sheet.pair("Total Incl. GST @6%", f"RM {EN(gross)}", "total")
    sheet.pair("CASH", f"RM {EN(gross + 500)}", "paid")
    sheet.pair("CHANGE", f"RM {EN(500)}", "change")
    sheet.put(("GST Summary", 0), ("Amt(RM)", -34), ("Tax(RM)", END))
    sheet.put(("SR 6%", 0), (EN(gross - tax), -34), (EN(tax), END), key="tax")
    return ended(sheet, gross)


def pub(rng: random.Random) -> Sheet:
    """Malaysia: quantity first, service charge, tax and rounding; cash."""
    sheet, goods = Sheet(currency="", date="2018-03-03"), bought(rng, FOOD)
    head(
        sheet,
        "THREE LANTERNS",
        "109, SS21/1A,",
        "DAMANSARA UTAMA",
        "GST ID : 001661886464",
        "TAX INVOICE",
    )
    sheet.left(
        "TABLE : G7", "INV NO: POS01/00012379", "INV DT: 03/03/2018 10:58:51 PM", "CASHIER: AMIR"
    )
    sheet.put(("QTY ITEM", 0), ("AMOUNT", END))
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put((str(count), 0), (name, 4), (EN(count * price), END), key=f"item{i}")
    service = round(net * 0.1)
    tax = round((net + service) * 0.06)
    rounding = nearest_five(net + service + tax)
    sheet.pair("SUB TOTAL", EN(net), "subtotal", at=4)
    sheet.pair("SERVICE CHARGE 10%", EN(service), "service", at=4)
    sheet.pair("GST 6%", EN(tax), "tax", at=4)
    sheet.pair("ROUNDING ADJ", EN(rounding), at=4)
    total = net + service + tax + rounding
    sheet.pair("NET TOTAL", EN(total), "total", at=4)
    paid(sheet, total, EN, "CASH", "CHANGE", 5_000)
    return ended(sheet, total)


def grocery(rng: random.Random) -> Sheet:
    """America: a row an item with a tax flag, two taxes, paid by card."""
    sheet, goods = Sheet(currency="", date="2016-04-25"), bought(rng, GROCERY)
    goods = [(name, 1, price) for name, _, price in goods]
    head(sheet, "HARVEST FARM MARKET", "1420 Oak Street", "Springfield, IL 62704", "(217) 555-0142")
    sheet.put(("04/25/16", 0), ("3:42 PM", 12), ("REG 04", END))
    net = begun(sheet, goods)
    for i, (name, _, price) in enumerate(goods):
        sheet.put((name, 0), (f"{EN(price)} {'T' if i % 2 else 'F'}", END), key=f"item{i}")
    state, city = round(net * 0.0625), round(net * 0.01)
    sheet.pair("SUBTOTAL", EN(net), "subtotal")
    sheet.pair("TAX 1  6.25%", EN(state), "tax")
    sheet.pair("TAX 2  1%", EN(city), "tax2" if city != state else "")
    sheet.pair("TOTAL", EN(net + state + city), "total")
    sheet.pair("VISA", EN(net + state + city))
    sheet.left("CARD # ************4116", "APPROVAL 012345")
    return ended(sheet, net + state + city)


def diner(rng: random.Random) -> Sheet:
    """America: a restaurant's check with a tip."""
    sheet, goods = Sheet(currency="USD", date="2019-11-02"), bought(rng, FOOD)
    head(sheet, "BLUE PLATE DINER", "88 Main St", "Austin, TX 78701", "512-555-0199")
    sheet.left("Server: Ann", "Table 12", "Check #: 4471", "11/02/2019 12:35 PM")
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.pair(f"{count} {name}", f"${EN(count * price)}", f"item{i}")
    tax, tip = round(net * 0.0825), round(net * 0.18)
    sheet.pair("Subtotal", f"${EN(net)}", "subtotal")
    sheet.pair("Tax", f"${EN(tax)}", "tax")
    sheet.pair("Tip", f"${EN(tip)}", "tip")
    sheet.pair("Total", f"${EN(net + tax + tip)}", "total")
    return ended(sheet, net + tax + tip)


def quantity_above(rng: random.Random) -> Sheet:
    """America: "2 @ 1.50" in a row of its own, above what it is of."""
    sheet, goods = Sheet(currency="", date="2017-08-14"), bought(rng, GROCERY)
    goods = [(name, max(2, count), price) for name, count, price in goods]
    head(sheet, "CORNER PANTRY #112", "301 Pine Avenue", "Portland, OR 97205")
    sheet.left("08/14/2017 09:12 AM  TRAN# 8841")
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.left(f"   {count} @ {EN(price)}")
        sheet.pair(name, EN(count * price), f"item{i}")
    tax = round(net * 0.07)
    sheet.pair("SUB TOTAL", EN(net), "subtotal")
    sheet.pair("SALES TAX", EN(tax), "tax")
    sheet.pair("TOTAL DUE", EN(net + tax), "total")
    paid(sheet, net + tax, EN, "CASH TENDERED", "CHANGE DUE", 2_000)
    return ended(sheet, net + tax)


def coupons(rng: random.Random) -> Sheet:
    """America: coupons among the items take something off."""
    sheet, goods = Sheet(currency="", date="2018-12-05"), bought(rng, GROCERY, 400)
    goods = [(name, 1, price) for name, _, price in goods]
    head(sheet, "VALLEY DRUG STORE", "77 Hill Road", "Denver, CO 80202", "TEL 303-555-0110")
    sheet.left("12/05/2018 17:40", "CASHIER: 7")
    gross = begun(sheet, goods)
    for i, (name, _, price) in enumerate(goods):
        sheet.pair(name, EN(price), f"item{i}")
        if not i:
            sheet.pair("COUPON", EN(-125), "discount")
    tax = round((gross - 125) * 0.08)
    sheet.pair("SUBTOTAL", EN(gross - 125), "subtotal")
    sheet.pair("TAX", EN(tax), "tax")
    sheet.pair("TOTAL", EN(gross - 125 + tax), "total")
    sheet.pair("MASTERCARD", EN(gross - 125 + tax))
    return ended(sheet, gross - 125 + tax)


def invoice(rng: random.Random) -> Sheet:
    """America: an invoice with a buyer, in columns."""
    sheet, goods = Sheet(currency="USD", date="2020-01-31"), bought(rng, HARDWARE, 1_000, 90_000)
    head(sheet, "NORTHWIND SUPPLY LLC", "500 Harbor Blvd, Suite 20", "Seattle, WA 98101")
    sheet.left("INVOICE", "Invoice #: 10045", "Date: Jan 31, 2020", "Bill To: ACME CORP")
    sheet.put(("Qty", 0), ("Description", 6), ("Unit Price", 28), ("Amount", END))
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (str(count), 0), (name, 6), (EN(price), -37), (EN(count * price), END), key=f"item{i}"
        )
    tax = round(net * 0.095)
    sheet.pair("Subtotal", f"${EN(net)}", "subtotal", at=20)
    sheet.pair("Sales Tax", f"${EN(tax)}", "tax", at=20)
    sheet.pair("Balance Due", f"${EN(net + tax)}", "total", at=20)
    return ended(sheet, net + tax)


def supermarkt(rng: random.Random) -> Sheet:
    """Germany: decimal commas, tax in the prices, cash."""
    sheet, goods = Sheet(currency="EUR", date="2021-05-07"), bought(rng, GERMAN, 89, 1_500, 10)
    head(sheet, "Sonnenmarkt GmbH", "Lindenstrasse 12", "10115 Berlin", "UID Nr. DE812345678")
    sheet.left("07.05.2021 14:22  Bon-Nr. 4412")
    gross = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (name, 0),
            (f"{count} x {DE(price)}", -32),
            (f"{DE(count * price)} A", END),
            key=f"item{i}",
        )
    tax = round(gross * 19 / 119)
    sheet.pair("SUMME EUR", DE(gross), "total")
    paid(sheet, gross, DE, "BAR", "RÜCKGELD", 5_000)
    sheet.put(("MwSt", 0), ("Netto", -26), ("Steuer", END))
    sheet.put(("A 19,00%", 0), (DE(gross - tax), -26), (DE(tax), END), key="tax")
    return ended(sheet, gross)


def bistrot(rng: random.Random) -> Sheet:
    """France: thousands apart, the price before and with tax."""
    sheet, goods = Sheet(currency="EUR", date="2022-09-17"), bought(rng, FRENCH, 20_000, 90_000)
    head(sheet, "LE PETIT BISTROT SARL", "14 rue des Lilas", "75011 Paris", "SIRET 12345678900012")
    sheet.left("17/09/2022 20:31  Ticket: 118")
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.pair(f"{count} {name}", f"{FR(count * price)} €", f"item{i}")
    tax = round(net * 0.1)
    sheet.pair("SOUS TOTAL", f"{FR(net)} €", "subtotal")
    sheet.pair("TVA 10%", f"{FR(tax)} €", "tax")
    sheet.pair("TOTAL TTC", f"{FR(net + tax)} €", "total")
    sheet.pair("CARTE", f"{FR(net + tax)} €")
    return ended(sheet, net + tax)


def british(rng: random.Random) -> Sheet:
    """Britain: pounds, a weight, tax in the prices."""
    sheet, goods = Sheet(currency="GBP", date="2023-06-21"), bought(rng, GROCERY)
    head(sheet, "ASHFORD FOODS LTD", "3 Station Road", "Ashford TN23 1PJ", "VAT NO: 123456789")
    sheet.left("21/06/2023 08:15", "Receipt No: 55120")
    gross = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (name, 0),
            (f"{count} x £{EN(price)}", -34),
            (f"£{EN(count * price)}", END),
            key=f"item{i}",
        )
    sheet.pair("TOTAL", f"£{EN(gross)}", "total")
    paid(sheet, gross, lambda coins: f"£{EN(coins)}", "CASH", "CHANGE", 5_000)
    return ended(sheet, gross)


def hawker(rng: random.Random) -> Sheet:
    """Singapore: service charge and GST on top."""
    sheet, goods = Sheet(currency="SGD", date="2024-02-09"), bought(rng, FOOD)
    head(
        sheet,
        "LAU PA KITCHEN PTE LTD",
        "18 Raffles Quay #01-05",
        "Singapore 048582",
        "GST REG NO: 201912345K",
    )
    sheet.left("Receipt No: R-8841", "Date: 09 Feb 2024", "Time: 19:05")
    net = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.pair(f"{count} x {name}", f"S${EN(count * price)}", f"item{i}")
    service = round(net * 0.1)
    tax = round((net + service) * 0.09)
    sheet.pair("Subtotal", f"S${EN(net)}", "subtotal")
    sheet.pair("Svc Chg 10%", f"S${EN(service)}", "service")
    sheet.pair("GST 9%", f"S${EN(tax)}", "tax")
    sheet.pair("Grand Total", f"S${EN(net + service + tax)}", "total")
    return ended(sheet, net + service + tax)


def convenience(rng: random.Random) -> Sheet:
    """China: a till slip in columns, cash."""
    sheet, goods = Sheet(currency="CNY", date="2024-03-05"), bought(rng, CHINESE)
    head(sheet, "好邻居便利店", "地址：杭州市西湖区文三路18号", "电话：0571-8765 4321")
    sheet.left("单号：20240305001", "收银员：小王", "日期：2024-03-05 12:30")
    sheet.put(("品名", 0), ("数量", 18), ("单价", 27), ("金额", END))
    total = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (name, 0), (str(count), 19), (EN(price), -32), (EN(count * price), END), key=f"item{i}"
        )
    sheet.pair("合计", f"￥{EN(total)}", "total")
    paid(sheet, total, lambda coins: f"￥{EN(coins)}", "实收", "找零", 5_000)
    return ended(sheet, total)


def supermarket(rng: random.Random) -> Sheet:
    """China: names above their numbers, a discount, paid by phone."""
    sheet, goods = Sheet(currency="CNY", date="2025-01-18"), bought(rng, CHINESE, 400)
    head(sheet, "华联超市有限公司", "上海市徐汇区漕溪路120号")
    sheet.left("交易号：88012345", "2025-01-18 18:20:05")
    gross = begun(sheet, goods)
    for i, (name, count, price) in enumerate(goods):
        sheet.left(name)
        sheet.put((f"{count} x {EN(price)}", 8), (EN(count * price), END), key=f"item{i}")
    sheet.pair("小计", EN(gross), "subtotal")
    sheet.pair("优惠", EN(-300), "discount")
    sheet.pair("应付金额", f"¥{EN(gross - 300)}", "total")
    sheet.pair("微信支付", f"¥{EN(gross - 300)}")
    return ended(sheet, gross - 300)


def fapiao(rng: random.Random) -> Sheet:
    """China: an electronic invoice, the price without tax, the tax, and both."""
    sheet, goods = Sheet(currency="CNY", date="2024-06-12"), bought(rng, CHINESE, 1_000, 9_000, 100)
    sheet.merchant = "杭州云杉科技有限公司"
    sheet.centre("电子发票（普通发票）")
    sheet.left("发票号码：24332000000123456789", "开票日期：2024年06月12日")
    sheet.left("购买方名称：上海远山贸易有限公司", "统一社会信用代码：91310000123456789A")
    sheet.left("销售方名称：杭州云杉科技有限公司", "纳税人识别号：91330100987654321B")
    sheet.put(("项目名称", 0), ("数量", 16), ("单价", 24), ("金额", -39), ("税额", END))
    net, tax = begun(sheet, goods), 0
    for i, (name, count, price) in enumerate(goods):
        part = round(count * price * 0.06)
        tax += part
        cells = (
            (name, 0),
            (str(count), 17),
            (EN(price), -29),
            (EN(count * price), -39),
            (EN(part), END),
        )
        sheet.put(*cells)
        sheet.items[i] = (name, Decimal(count * price) / 100)
    sheet.put(("合　　计", 0), (f"¥{EN(net)}", -39), (f"¥{EN(tax)}", END))
    sheet.put(("价税合计（小写）", 0), (f"¥{EN(net + tax)}", END), key="total")
    return ended(sheet, net + tax)


def restaurant(rng: random.Random) -> Sheet:
    """China: a restaurant with a service charge, whole yuan without zeros."""
    sheet, goods = Sheet(currency="CNY", date="2023-10-01"), bought(rng, DISHES, 8, 90, 1)
    head(sheet, "川香阁酒楼", "结账单")
    sheet.left("台号：A12", "日期：2023-10-01 19:45")
    sheet.put(("菜名", 0), ("数量", 20), ("金额", END))
    net = begun(sheet, goods, 1)
    for i, (name, count, price) in enumerate(goods):
        sheet.put((name, 0), (str(count), 21), (f"{count * price}元", END), key=f"item{i}")
    sheet.pair("小计", f"{net}元", "subtotal")
    sheet.pair("服务费", "15元", "service")
    sheet.pair("应收", f"{net + 15}元", "total")
    return ended(sheet, net + 15, 1)


def konbini(rng: random.Random) -> Sheet:
    """Japan: yen, whole, consumption tax on top."""
    sheet, goods = Sheet(currency="JPY", date="2024-11-03"), bought(rng, JAPANESE, 100, 1_900, 1)
    money = whole()
    head(sheet, "みどりマート株式会社", "東京都渋谷区神南1-2-3")
    sheet.left("2024年11月03日 10:15", "レシート番号: 0042")
    net = begun(sheet, goods, 1)
    for i, (name, count, price) in enumerate(goods):
        sheet.pair(name, f"¥{money(count * price)}", f"item{i}")
    tax = round(net * 0.08)
    sheet.pair("小計", f"¥{money(net)}", "subtotal")
    sheet.pair("消費税 8%", f"¥{money(tax)}", "tax")
    sheet.pair("合計", f"¥{money(net + tax)}", "total")
    paid(sheet, net + tax, lambda coins: f"¥{money(coins)}", "お預り", "お釣り", 10_000)
    return ended(sheet, net + tax, 1)


def warung(rng: random.Random) -> Sheet:
    """Indonesia: rupiah with points between thousands, no decimals, tax and service."""
    sheet, goods = Sheet(currency="IDR", date="2022-07-30"), bought(rng, FOOD, 12_000, 95_000, 500)
    money = whole(".")
    head(sheet, "WARUNG SARI RASA", "Jalan Kebon 9", "Telp: 021-5551234")
    sheet.left("30/07/2022 13:05", "Meja: 4")
    net = begun(sheet, goods, 1)
    for i, (name, count, price) in enumerate(goods):
        sheet.put(
            (name, 0),
            (f"{count} x {money(price)}", -34),
            (money(count * price), END),
            key=f"item{i}",
        )
    tax = round(net * 0.1)
    sheet.pair("Subtotal", f"Rp {money(net)}", "subtotal")
    sheet.pair("PPN 10%", f"Rp {money(tax)}", "tax")
    sheet.pair("TOTAL", f"Rp {money(net + tax)}", "total")
    return ended(sheet, net + tax, 1)


SHOPS: tuple[Callable[[random.Random], Sheet], ...] = (
    added_tax,
    numbers_below,
    codes_above,
    in_columns,
    pub,
    grocery,
    diner,
    quantity_above,
    coupons,
    invoice,
    supermarkt,
    bistrot,
    british,
    hawker,
    convenience,
    supermarket,
    fapiao,
    restaurant,
    konbini,
    warung,
)
