"""Looks made alike that were meant alike: measured sizes and colours differ by a hair."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.pieces import Piece
from app.jobs.webpage.measure.surfaces import distance

HALF = 0.3  # of a half pixel; what is as near to halves is meant so
WHOLLY = 1.02  # of the contrast, give or take
SAME_SIZE = 0.045  # of a size; what differs less is the same size
WHOLE = 0.02  # of a size; what is as near to a whole number of pixels is meant so
ROW = 1.5  # pixels; baselines of one row
ROW_LETTERS = 8  # letters; the size of a longer text is known well
ROW_SIZE = 0.13  # of a size; sizes in a row that differ less may be one
SHORT = 3  # letters; the size of a shorter text is known less exactly
SHORT_SIZE = 0.09  # of such a size
SAME_COLOUR = 9  # levels
MIXED = 0.86  # of the contrast; thin letters are not mixed more with what is behind

Seen = tuple[Colour, Colour]  # of a word, and of its ground


def alike(pieces: Sequence[Piece], surfaces: Sequence[Colour]) -> list[Piece]:
    """Return pieces whose words have the sizes and the colours of the page."""
    pieces = [evened(piece, pieces) for piece in pieces]
    sizes = common_sizes(pieces)
    colours = common_colours(pieces, surfaces)
    return [
        replace(
            piece,
            words=tuple(
                replace(
                    word,
                    look=replace(
                        word.look,
                        size=nearest_size(word.look.size, piece.text, sizes),
                        colour=colours[word.look.colour, piece.ground],
                        spacing=round(word.look.spacing, 1),
                    ),
                )
                for word in piece.words
            ),
        )
        for piece in pieces
    ]


def evened(piece: Piece, pieces: Sequence[Piece]) -> Piece:
    """Return a short text with the size that is usual in its row, where that is about its own."""
    size = piece.look.size
    if len(piece.text) > ROW_LETTERS:
        return piece
    row = [
        p.look.size
        for p in pieces
        if abs(p.baseline - piece.baseline) <= ROW
        and (p.look.bold == piece.look.bold or len(piece.text) <= SHORT)
        and abs(p.look.size - size) <= ROW_SIZE * size
    ]
    usual = median(row)
    bold = piece.look.bold
    if len(piece.text) < SHORT:
        # The ink of one letter does not tell its weight.
        beside = [p.look.bold for p in pieces if abs(p.baseline - piece.baseline) <= ROW]
        bold = sum(beside) * 2 > len(beside)
    words = (replace(w, look=replace(w.look, size=usual, bold=bold)) for w in piece.words)
    return replace(piece, words=tuple(words))


def common_sizes(pieces: Sequence[Piece]) -> list[float]:
    """Return the sizes of text on the page."""
    weights: dict[float, int] = {}
    long = [piece for piece in pieces if len(piece.text) > SHORT]
    for piece in long or pieces:
        size = piece.look.size
        weights[size] = weights.get(size, 0) + len(piece.text)
    found: list[tuple[float, int]] = []
    for size in sorted(weights, key=lambda s: (-weights[s], s)):
        near = next((i for i, (s, _) in enumerate(found) if abs(s - size) < SAME_SIZE * s), None)
        if near is None:
            found.append((size, weights[size]))
        else:
            # The middle of what is alike, by how much text says so.
            s, w = found[near]
            found[near] = ((s * w + size * weights[size]) / (w + weights[size]), w + weights[size])
    return [rounded(size) for size, _ in found]


def rounded(size: float) -> float:
    """Return the size that was meant; a speck that was read as text has one too."""
    size = max(1.0, size)
    if abs(size - round(size)) <= WHOLE * size:
        return float(round(size))
    return round(size * 2) / 2 if abs(size * 2 - round(size * 2)) < HALF else round(size, 1)


def nearest_size(size: float, text: str, sizes: Sequence[float]) -> float:
    """Return the page's size that a measured one is."""
    best = min(sizes, key=lambda s: abs(s - size), default=size)
    room = SAME_SIZE if len(text) > SHORT else SHORT_SIZE
    return best if abs(best - size) <= 1.3 * room * best else rounded(size)


def common_colours(pieces: Sequence[Piece], surfaces: Sequence[Colour]) -> dict[Seen, Colour]:
    """Return for each colour of a word, on its ground, the one that it is meant to be."""
    weights: dict[Seen, float] = {}
    for piece in pieces:
        for word in piece.words:
            # Large and bold letters have pixels that are covered wholly.
            sure = len(word.text) * word.look.size * (2 if word.look.bold else 1)
            seen = (word.look.colour, piece.ground)
            weights[seen] = weights.get(seen, 0) + sure
    painted = set(surfaces)
    meant: list[Colour] = []
    result: dict[Seen, Colour] = {}
    for seen in sorted(weights, key=lambda s: (s[0] not in painted, -weights[s], s)):
        near = [c for c in meant if is_same(seen[0], c, seen[1])]
        if near:
            result[seen] = min(near, key=lambda c: (distance(c, seen[0]), c))
        else:
            meant.append(seen[0])
            result[seen] = seen[0]
    return result


def is_same(colour: Colour, meant: Colour, ground: Colour) -> bool:
    """Tell whether a colour is another as thin letters show it: mixed with what is behind."""
    if distance(colour, meant) <= SAME_COLOUR:
        return True
    whole = [m - g for m, g in zip(meant, ground, strict=True)]
    part = [c - g for c, g in zip(colour, ground, strict=True)]
    length = sum(w * w for w in whole)
    share = sum(w * p for w, p in zip(whole, part, strict=True)) / max(1, length)
    aside = max(abs(p - share * w) for w, p in zip(whole, part, strict=True))
    return MIXED <= share <= WHOLLY and aside <= SAME_COLOUR
