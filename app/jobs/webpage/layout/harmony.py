"""Lengths made alike that were meant alike: cards of one make have one class, not four."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from app.jobs.webpage.layout.frame import NEAR
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.page import Node


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
    if len(nodes) < 2:
        return list(nodes)
    looks = [dict(node.css) for node in nodes]
    for key in looks[0]:
        lengths = [length(look[key]) for look in looks]
        known = [value for value in lengths if value is not None]
        if len(known) == len(nodes) and max(known) - min(known) <= NEAR:
            for look in looks:
                look[key] = px(median(known))
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


def shape(node: Node) -> tuple[object, ...]:
    """Return of what elements a node is made, and what is said of their looks."""
    inner = tuple(shape(c) if isinstance(c, Node) else "" for c in node.children)
    return (node.tag, node.name, tuple(key for key, _ in node.css), inner)
