"""How paper lay when it was photographed, and its lines' boxes as if it lay level and flat.

Lines of text are level and parallel on paper. In a photo they are turned, and where the camera was
not above the paper they run together. Each line is read well as it is, since it is cut out along
its own slant; what breaks is which lines make a row. So nothing is warped and read once more: the
boxes are carried to where they would be on flat paper, and rows and columns are told from those.

The lines say where levels run together, long ones and what stands in one row best: the detector's
boxes slant less than their text does. Where uprights do is said by the left and the right edge of
the paper, if they are seen against what it lies on; else uprights are taken to stand square.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.reader.detect import Quad, quad_size

Matrix = NDArray[np.float64]  # (3, 3): from the picture's pixels to level ones
Points = NDArray[np.float64]  # (..., 2)
Edges = NDArray[np.float64]  # (N, 2, 2): straight edges of the paper, from end to end
Spines = NDArray[np.float64]  # (N, 2, 2): the left and the right end of each line

LONG = 2.0  # heights of a line; shorter ones do not say how they slant
SAME_ROW = 0.3  # heights of a line; how far apart, once carried, two surely of one row may be
FEW = 4  # long lines and edges; fewer do not say that they run together
PARALLEL = np.deg2rad(0.6)  # half of the lines that are no further from level are parallel
BETTER = 0.6  # of that; what is left of it at most if lines do run together
ROW_ROUNDS = 3  # of finding rows, and how they slant
ROUNDS = 10  # of fitting, each with less weight on what did not fit before
STEEPEST = 0.6  # what an edge of the paper leans at most, once the lines are level
EDGE = 0.35  # of the paper's height that its left or right edge is at least
NOTABLE = np.deg2rad(1.0)  # what the picture is turned by; less is as good as level


def level_matrix(quads: Sequence[Quad], edges: Edges) -> Matrix:
    """Return the matrix that carries pixels of a picture to where they lie on level, flat paper.

    ``edges`` are the paper's, as far as they are seen. Around the middle of the text the scale
    stays about one.
    """
    own = spines_of(quads)
    turned = turning(own)
    spines = np.concatenate([own, lying(edges)])
    if len(spines) < FEW or slanting(spines, turned) < PARALLEL:
        return turned
    told, parallel = spines, running_together(spines)
    for _ in range(ROW_ROUNDS):
        told = np.concatenate([spines, row_spines(quads, parallel)])
        parallel = running_together(told)
    if slanting(told, parallel) > BETTER * slanting(told, turned):
        return turned
    return standing(carried(edges, parallel)) @ parallel


def is_notable(matrix: Matrix) -> bool:
    """Tell whether boxes are elsewhere once they were carried, but for a shift."""
    return bool(abs(matrix[0, 1]) > np.sin(NOTABLE) or np.any(matrix[2, :2]))


def carried(points: NDArray[np.floating], matrix: Matrix) -> Points:
    """Return ``points`` where ``matrix`` takes them."""
    ends = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1) @ matrix.T
    result: Points = ends[..., :2] / ends[..., 2:]
    return result


def spines_of(quads: Sequence[Quad]) -> Spines:
    """Return the middle lines of long boxes that do not stand."""
    found = []
    for quad in quads:
        wide, high = quad_size(quad)
        left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
        if wide > LONG * high and right[0] - left[0] > abs(right[1] - left[1]):
            found.append((left, right))
    return np.array(found, np.float64).reshape(-1, 2, 2)


def lying(edges: Edges) -> Spines:
    """Return the paper's upper and lower edges, from left to right: they are level, too."""
    across = edges[:, 1] - edges[:, 0]
    level = np.abs(across[:, 1]) < STEEPEST * np.abs(across[:, 0])
    forth = edges[level & (across[:, 0] > 0)]
    back = edges[level & (across[:, 0] < 0)][:, ::-1]
    return np.concatenate([forth, back])


def row_spines(quads: Sequence[Quad], matrix: Matrix) -> Spines:
    """Return what reaches from the middle of each box to that of the next in its row.

    It says better how a row slants than the short lines in it do. ``matrix`` says what a row is;
    where it is not sure, there is none.
    """
    middles = np.array([quad.mean(axis=0) for quad in quads], np.float64)
    places = carried(middles, matrix)
    near = SAME_ROW * float(np.median([quad_size(quad)[1] for quad in quads]))
    found = []
    for i, (x, y) in enumerate(places):
        beside = np.flatnonzero((places[:, 0] > x) & (np.abs(places[:, 1] - y) < near))
        if len(beside):
            found.append((middles[i], middles[beside[np.argmin(places[beside, 0])]]))
    return np.array(found, np.float64).reshape(-1, 2, 2)


def slopes(spines: Spines) -> NDArray[np.float64]:
    """Return how far each line falls on its way to the right."""
    across = spines[:, 1] - spines[:, 0]
    result: NDArray[np.float64] = across[:, 1] / np.maximum(1e-9, across[:, 0])
    return result


def slanting(spines: Spines, matrix: Matrix) -> float:
    """Return how far from level, in radians, half of the lines are at most once carried."""
    return float(np.median(np.abs(slopes(carried(spines, matrix))))) if len(spines) else 0.0


def turning(spines: Spines) -> Matrix:
    """Return the rotation that levels the middle one of the lines' slopes."""
    return rotation(float(np.arctan(np.median(slopes(spines))))) if len(spines) else np.eye(3)


def rotation(angle: float) -> Matrix:
    """Return the matrix that turns what falls to the right at ``angle`` level."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def running_together(spines: Spines) -> Matrix:
    """Return the matrix that makes the lines level and parallel, all that fit.

    x / (1 + p x), y / (1 + p x) makes of a line y = m x + c one with the slope m - p c. So
    m = t + p c is fitted, by least absolute distances, and t is turned away.
    """
    middle = spines.reshape(-1, 2).mean(axis=0)
    size = float(np.abs(spines - middle).max())
    shrunk = np.diag([1 / size, 1 / size, 1.0]) @ moved(-middle)
    matrix = shrunk
    weight = lengths = np.linalg.norm(spines[:, 1] - spines[:, 0], axis=1)
    for _ in range(ROUNDS):
        ends = carried(spines, matrix)
        slope = slopes(ends)
        foot = ends[:, 0, 1] - slope * ends[:, 0, 0]
        unknown = np.stack([np.ones_like(foot), foot], axis=1)
        root = np.sqrt(weight)
        (turn, pull), *_ = np.linalg.lstsq(unknown * root[:, None], slope * root, rcond=None)
        pull = float(np.clip(pull, -0.5, 0.5))  # with more, they would meet within the text
        off = np.abs(slope - turn - pull * foot)
        weight = lengths / np.maximum(off, PARALLEL / 5)
        matrix = np.array([[1.0, 0, 0], [0, 1.0, 0], [pull, 0, 1.0]]) @ rotation(turn) @ matrix
    result: Matrix = np.linalg.inv(shrunk) @ matrix
    return result


def moved(by: Points) -> Matrix:
    """Return the matrix of a shift."""
    return np.array([[1.0, 0.0, by[0]], [0.0, 1.0, by[1]], [0.0, 0.0, 1.0]])


def standing(edges: Edges) -> Matrix:
    """Return the matrix that stands the paper's left and right edge up; level lines stay level."""
    if not len(edges):
        return np.eye(3)
    middle = edges.reshape(-1, 2).mean(axis=0)
    sides = [side for sign in (-1, 1) if (side := _side(edges - middle, sign)) is not None]
    # A side is x = a + b y. x + s y, all by 1 + q y, makes it upright where b + s = a q.
    pull, shear = 0.0, -sides[0][1] if sides else 0.0
    if len(sides) == 2:  # noqa: PLR2004  left and right
        (left, lean_left), (right, lean_right) = sides
        pull = (lean_left - lean_right) / (left - right)
        shear = left * pull - lean_left
    upright = np.array([[1.0, shear, 0], [0, 1.0, 0], [0, pull, 1.0]])
    result: Matrix = moved(middle) @ upright @ moved(-middle)
    return result


def _side(edges: Edges, sign: int) -> tuple[float, float] | None:
    """Return the longest edge left (-1) or right (1) of 0: x at y = 0, and how it leans."""
    upright = [
        (abs(y1 - y0), float(x0 - (x1 - x0) / (y1 - y0) * y0), float((x1 - x0) / (y1 - y0)))
        for (x0, y0), (x1, y1) in edges
        if abs(x1 - x0) < STEEPEST * abs(y1 - y0)
    ]
    of_side = [each for each in upright if sign * each[1] > 0]
    length, place, lean = max(of_side, default=(0.0, 0.0, 0.0))
    return (place, lean) if length > EDGE * np.ptp(edges[..., 1]) else None
