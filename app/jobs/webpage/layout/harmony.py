"""Lengths made alike that were meant alike: cards of one make have one class, not four."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from app.jobs.webpage.layout.frame import NEAR
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.page import Node, mapped, walk

HAIR = 2.0  # pixels; lengths of elements of one kind that differ less are one


def harmonised(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes, in groups of one make, with lengths that differ by a hair made alike."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, node in enumerate(nodes):
        groups.setdefault(shape(node), []).append(i)
    result = list(nodes)
    for members in groups.values():
        alike = evened([nodes[i] for i in members])
        for i, node in zip(members, alike, strict=True):
            result[i] = node
    return result


def evened(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes of one make with lengths that differ by a hair made alike."""
    if len(nodes) <= 1:
        return list(nodes)
    looks = [dict(node.css) for node in nodes]
    for key in looks[0]:
        said = [lengths(look[key]) for look in looks]
        if len({len(values) for values in said}) != 1 or not said[0]:
            continue
        sides = list(zip(*said, strict=True))
        if all(max(side) - min(side) <= NEAR for side in sides):
            for look in looks:
                look[key] = " ".join(px(median(side)) for side in sides)
    children = []
    for group in zip(*(node.children for node in nodes), strict=True):
        elements = [child for child in group if isinstance(child, Node)]
        children.append(evened(elements) if len(elements) == len(group) else list(group))
    return [
        replace(node, css=tuple(look.items()), children=tuple(group[i] for group in children))
        for i, (node, look) in enumerate(zip(nodes, looks, strict=True))
    ]


def length(value: str) -> float | None:
    """Return a length in pixels; None for any other value."""
    return float(value[:-2]) if value.endswith("px") and " " not in value else None


def lengths(value: str) -> tuple[float, ...]:
    """Return the lengths that a value is made of, in pixels; () for any other value."""
    found = [0.0 if said == "0" else length(said) for said in value.split(" ")]
    known = [number for number in found if number is not None]
    return tuple(known) if len(known) == len(found) else ()


def shape(node: Node) -> tuple[object, ...]:
    """Return of what elements a node is made, and what is said of their looks."""
    inner = tuple(shape(c) if isinstance(c, Node) else "" for c in node.children)
    return (node.tag, node.name, tuple(key for key, _ in node.css), inner)


def settled(body: Node) -> Node:
    """Return a page in which elements that differ by a hair are alike."""
    groups: dict[tuple[object, ...], list[Node]] = {}
    for node in walk(body):
        if node.css:
            groups.setdefault(kind(node), []).append(node)
    values: dict[tuple[tuple[object, ...], str, str], str] = {}
    for group, members in groups.items():
        for key in dict(members[0].css):
            found = [v for v in (length(node.value(key)) for node in members) if v is not None]
            for low, high, meant in clusters(found):
                for value in found:
                    if low <= value <= high:
                        values[group, key, px(value)] = px(meant)

    def alike(node: Node) -> Node:
        group = kind(node)
        css = tuple((key, values.get((group, key, value), value)) for key, value in node.css)
        return replace(node, css=css)

    return mapped(body, alike)


def kind(node: Node) -> tuple[object, ...]:
    """Return what an element is, and what is said of its look but for lengths."""
    said = tuple((k, v if length(v) is None else "") for k, v in node.css)
    return (node.tag, node.name, said, node.narrow)


def clusters(values: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return the ranges of values that are nearly one, and the value that each is."""
    found: list[list[float]] = []
    for value in sorted(values):
        if found and value - found[-1][0] <= HAIR:
            found[-1].append(value)
        else:
            found.append([value])
    return [(group[0], group[-1], median(group)) for group in found]
