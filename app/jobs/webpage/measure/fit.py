"""Which typeface a text is set in: the one whose letters would stand where the ink stands.

The height of letters against their width, how much ink they have, and where each word and letter
begins, differ between typefaces. Together they tell them apart, even two as alike as a sans serif
and its monospaced sister.
"""

from collections.abc import Sequence
from math import log

from app.jobs.webpage.measure.ink import Ink
from app.jobs.webpage.measure.typefaces import Face, extent, faces, glyph

LIGHT = 0.74  # times the ink of regular, up to which it is light
SERIFS = ("serif", "slab")
RARE = 0.02  # of misfit that a typeface with serifs must make good: they are rarer on screens
GRID = 0.08  # of misfit, and em of skew, that such a typeface has at most
NEVER = 1.0  # of misfit
TINY = 0.4  # the same, for each pixel that the letters are lower
ODD = 0.03  # the same for one whose letters are all as wide
ROUGH = 1.1  # pixels that the height of ink may be off: browsers round it up
SMALL = 0.2  # of a misfit that small counts still
TELLING = 8  # letters that tell a typeface
FEW = 4  # letters that do where they stand apart
OFF = 0.07  # of misfit that the page's typeface may have before others are tried
BETTER = 0.04  # of misfit that another must then make good

Named = Sequence[tuple[str, Ink]]  # the words of a line, and the ink that each is


def misfit(text: str, ink: Ink, face: Face, rough: float = ROUGH) -> tuple[float, bool]:
    """Return how badly size and ink of a text fit a typeface, and whether it is bold."""
    tried = []
    for bold in (False, True):
        e = extent(text, face, bold=bold)
        size = ink.width / max(e.width, 0.01)
        # Height is only known to a pixel or so.
        tall = abs(log(size / (ink.height / max(e.above + e.below, 0.1))))
        tall = max(0.0, tall - rough / ink.height) + SMALL * tall
        dark = log(max(float(ink.cover.sum()), 0.1) / max(size * size * e.ink, 0.1))
        if not bold and dark < log(LIGHT):
            dark -= log(LIGHT)
        tried.append((tall + 0.25 * abs(dark), bold))
    return min(tried)


def skew(named: Named, face: Face, *, bold: bool) -> float:
    """Return how far letters and words stand from where a typeface would put them, in em."""
    whole = extent(" ".join(text for text, _ in named), face, bold=bold)
    x0 = named[0][1].box[0]
    scale = (named[-1][1].box[2] - x0) / max(whole.width, 0.05)
    first = named[0][0][0]
    pen = -glyph(first, face, bold=bold)[4]
    off: list[float] = []
    for text, ink in named:
        letters = ink.columns
        apart = len(letters) == len(text) and " " not in text
        for i, char in enumerate(text):
            g = glyph(char, face, bold=bold)
            middle = pen + (g[4] + g[0] - g[5]) / 2
            if apart:
                left, right = letters[i]
                off.append((ink.box[0] - x0 + (left + right) / 2) / scale - middle)
            elif i == 0:
                off.append((ink.box[0] - x0) / scale - (pen + g[4]))
            pen += g[0]
        pen += extent(" ", face, bold=bold).advance
    return sum(map(abs, off)) / len(off)


def fits(text: str, ink: Ink, named: Named, face: Face) -> float:
    """Return how badly a typeface fits a text in all."""
    off, bold = misfit(text, ink, face)
    aside = skew(named, face, bold=bold)
    rare = RARE if face.name in SERIFS else 0.0
    if face.is_fixed:
        # The smaller, the less can be seen of where letters stand.
        rare = ODD + TINY / max(1.0, ink.height)
        # Such letters stand on a grid: what does not is set in another typeface.
        rare += NEVER if off > GRID or aside > GRID else 0.0
    return off + aside + rare


def common_face(lines: Sequence[tuple[str, Ink, Named]]) -> Face:
    """Return the typeface that fits most of the lines best."""
    votes = dict.fromkeys(faces(), 0.0)
    for text, ink, named in lines:
        letters = sum(char.isascii() and char.isalpha() for char in text)
        if letters >= TELLING:
            for name, face in faces().items():
                votes[name] += min(fits(text, ink, named, face), 0.5) * min(letters, 40)
    return faces()[min(votes, key=lambda name: votes[name])]


def face_of(text: str, ink: Ink, named: Named, usual: Face) -> Face | None:
    """Return the typeface of a text: the page's, unless another fits clearly better.

    None where there are too few letters to tell.
    """
    letters = sum(char.isascii() and char.isalnum() for char in text)
    apart = all(len(i.columns) == len(t) for t, i in named)
    if letters < (FEW if apart else TELLING):
        return None
    # That letters are all as wide is only seen where they, or words, begin.
    seen = apart or len(named) > 1
    found = {
        name: fits(text, ink, named, face)
        for name, face in faces().items()
        if seen or face is usual or not face.is_fixed
    }
    best = min(found, key=lambda name: found[name])
    worse = found[usual.name] - found[best] > BETTER and found[usual.name] > OFF
    return faces()[best] if worse else usual


def fixed_face(text: str, ink: Ink, named: Named, usual: Face, usually_named: Named) -> Face | None:
    """Return the typeface of letters that are all as wide, if one fits better than ``usual``."""
    if sum(char.isascii() and char.isalnum() for char in text) < TELLING:
        return None
    if len(named) <= 1 and len(ink.columns) != len(text):
        return None
    found = {f.name: fits(text, ink, named, f) for f in faces().values() if f.is_fixed}
    best = min(found, key=lambda name: found[name])
    whole = " ".join(part for part, _ in usually_named)
    worse = fits(whole, ink, usually_named, usual)
    return faces()[best] if worse - found[best] > BETTER and worse > OFF else None
