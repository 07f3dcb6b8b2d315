"""Receipts of twenty shops, laid out by hand: what they say, where it stands, and what is true."""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from vision.engine import Line
from vision.reader.script import CJK

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")  # only to draw Chinese
WIDTH = 46  # characters in a row
CHARACTER, HEIGHT, PITCH, MARGIN = 12, 26, 38, 30  # pixels
SHARP = 22  # pixels of the letters, as they are drawn
END = -WIDTH  # the right edge, for what ends there


@dataclass
class Sheet:
    """Rows of cells: each a text, and where it begins, or as a negative number where it ends."""

    rows: list[tuple[str, list[tuple[str, int]]]] = field(default_factory=list)
    merchant: str = ""
    date: str = ""
    currency: str = ""
    total: Decimal = Decimal()
    items: list[tuple[str, Decimal]] = field(default_factory=list)
    plants: list[str] = field(default_factory=list)  # rows whose amount is part of a sum

    def put(self, *cells: tuple[str, int], key: str = "") -> None:
        self.rows.append((key, list(cells)))
        if key:
            self.plants.append(key)

    def centre(self, *texts: str) -> None:
        for text in texts:
            self.put((text, max(0, (WIDTH - width(text)) // 2)))

    def left(self, *texts: str) -> None:
        for text in texts:
            self.put((text, 0))

    def pair(self, label: str, value: str, key: str = "", at: int = 0) -> None:
        self.put((label, at), (value, END), key=key)

    def lines(self) -> tuple[Line, ...]:
        """Return the lines as a reader without fault would."""
        return tuple(
            Line(text, box(text, at, i), 0.999)
            for i, (_, cells) in enumerate(self.rows)
            for text, at in cells
        )

    def misread(self, key: str, rng: random.Random) -> tuple[Line, ...]:
        """Return the lines with another digit in the last amount of row ``key``."""
        lines = list(self.lines())
        index = self.line_of(key)
        lines[index] = Line(other_digit(lines[index].text, rng), lines[index].box, 0.93)
        return tuple(lines)

    def line_of(self, key: str) -> int:
        """Return the index of the line with the amount of row ``key``."""
        count = 0
        for name, cells in self.rows:
            count += len(cells)
            if name == key:
                digits = [any(map(str.isdigit, text)) for text, _ in cells]
                return count - len(cells) + max(i for i, has in enumerate(digits) if has)
        raise KeyError(key)

    def drawn(self, size: int = 22, blur: float = 0.0) -> Image.Image:
        """Return the picture, with letters of ``size`` pixels, as out of focus as ``blur``."""
        chinese = any(CJK.search(text) for _, cells in self.rows for text, _ in cells)
        font = ImageFont.truetype(FONT, SHARP) if chinese else ImageFont.load_default(SHARP)
        whole = (2 * MARGIN + WIDTH * CHARACTER, 2 * MARGIN + PITCH * len(self.rows))
        picture = Image.new("L", whole, 255)
        draw = ImageDraw.Draw(picture)
        for i, (_, cells) in enumerate(self.rows):
            for text, at in cells:
                x0, y0, x1, _ = box(text, at, i)
                place, anchor = ((x0, y0), "la") if at >= 0 else ((x1, y0), "ra")
                draw.text(place, text, 0, font, anchor)
        wide, high = (round(side * size / SHARP) for side in whole)
        soft = picture.filter(ImageFilter.GaussianBlur(blur))
        return soft.resize((wide, high), Image.Resampling.BILINEAR).convert("RGB")


def width(text: str) -> int:
    return len(text) + len(CJK.findall(text))


def box(text: str, at: int, row: int) -> tuple[int, int, int, int]:
    left = at if at >= 0 else -at - width(text)
    x, y = MARGIN + CHARACTER * left, MARGIN + PITCH * row
    return x, y, x + CHARACTER * width(text), y + HEIGHT


def other_digit(text: str, rng: random.Random) -> str:
    """Return ``text`` with one digit of its last number changed, by two or more, not its cents."""
    at = [i for i, c in enumerate(text) if c.isdigit()]
    last = [i for i in at if all(c.isdigit() or c in ".,' " for c in text[i : at[-1]])]
    whole = last[:-2] if len(last) > 2 and text[last[-2] - 1] in ".," else last
    i = rng.choice(whole or last)
    digits = [d for d in "123456789" if abs(int(d) - int(text[i])) > 1]
    return text[:i] + rng.choice(digits) + text[i + 1 :]
