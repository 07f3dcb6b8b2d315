"""Which turns of a conversation are shown, and which are other versions of them.

A turn comes after the one numbered before it, unless its file says another with ``follows``. So
the turns form a tree, and a version is a way through it. The one shown is that with the newest
turn; where the user went back to another, ``conversation.json`` holds that choice until the next
turn is appended. A deleted turn leaves a mark that says what it followed: those behind it close
up, and its number is not given again.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from history import files, names
from history.errors import TurnNotFound
from history.head import Choice, read_head
from history.listing import read_turns
from history.record import SCHEMA, seal, unseal
from history.turn import Turn


@dataclass(frozen=True, slots=True)
class Tree:
    """What each turn follows as its file says it: None for the one numbered before it."""

    live: Mapping[int, int | None]
    gone: Mapping[int, int | None]

    def follows(self, turn_id: int) -> int:
        """Return the turn that one comes after, deleted or not; 0 for none."""
        said = self.live.get(turn_id, self.gone.get(turn_id))
        # Whatever a file says, the way leads to lower numbers, so it ends.
        return self._known(said if said is not None and 0 <= said < turn_id else turn_id - 1)

    def standing(self, turn_id: int) -> int:
        """Return the turn, or the one before it that was not deleted; 0 for none."""
        turn_id = self._known(turn_id)
        while turn_id and turn_id not in self.live:
            turn_id = self.follows(turn_id)
        return turn_id

    def path(self, tip: int) -> list[int]:
        """Return the turns of the version that ends with ``tip``, in order."""
        found: list[int] = []
        tip = self.standing(tip)
        while tip:
            found.append(tip)
            tip = self.standing(self.follows(tip))
        return found[::-1]

    def tip(self, choice: Choice | None) -> int:
        """Return the last turn of the version shown; 0 where there is no turn."""
        newest = max(self.live, default=0)
        if choice and newest <= choice.of and self._known(choice.tip) == choice.tip:
            return self.end(self.standing(choice.tip))
        return newest

    def end(self, turn_id: int) -> int:
        """Return the last turn of the newest version that leads through one."""
        children = self._children()
        while turn_id in children:
            turn_id = children[turn_id][-1]
        return turn_id

    def versions(self, path: Iterable[int]) -> dict[int, tuple[int, ...]]:
        """Return, for each turn of a version that has others in its place, all of them."""
        children = self._children()
        before, found = 0, {}
        for turn_id in path:
            if len(children[before]) > 1:
                found[turn_id] = tuple(children[before])
            before = turn_id
        return found

    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for turn_id in sorted(self.live):
            children.setdefault(self.standing(self.follows(turn_id)), []).append(turn_id)
        return children

    def _known(self, turn_id: int) -> int:
        """Return the turn, or the one numbered before it where there is no trace of it."""
        if turn_id in self.live or turn_id in self.gone:
            return turn_id
        known = sorted(self.live.keys() | self.gone.keys())
        place = bisect_right(known, turn_id)
        return known[place - 1] if place else 0


def tree_of(folder: Path, turns: Iterable[Turn]) -> Tree:
    """Return the tree of a conversation whose ``turns`` were read, all of them."""
    live = {turn.id: turn.follows for turn in turns}
    gone = names.gone_ids(path.name for path in folder.iterdir())
    return Tree(live, {each: _gone_follows(folder / names.gone_name(each)) for each in gone})


def choice_in(folder: Path) -> Choice | None:
    """Return the version that the user went back to, if so and if it can be read."""
    try:
        return read_head(folder).choice
    except (OSError, ValueError):
        return None


def next_place(folder: Path, instead_of: int | None) -> tuple[int, int | None]:
    """Return the number of the next turn, and what its file is to say that it follows."""
    listed = [path.name for path in folder.iterdir()]
    live, gone = names.turn_ids(listed), names.gone_ids(listed)
    newest = max(*live, *gone, 0, 0)
    choice = choice_in(folder)
    if instead_of is None and newest in live and not (choice and newest <= choice.of):
        return newest + 1, None  # as nearly always: without a look into the others
    tree = tree_of(folder, read_turns(folder))
    if instead_of is not None:
        if instead_of not in tree.live:
            raise TurnNotFound(conversation=folder.name, turn=instead_of)
        return newest + 1, tree.follows(instead_of)
    tip = tree.tip(choice)
    # Without a mark where it would not matter: then a deleted turn comes back to its place.
    return newest + 1, None if tree.standing(newest) == tip else tip


def encode_gone(turn: Turn) -> bytes:
    """Return the bytes of the mark that a deleted turn leaves."""
    follows = {} if turn.follows is None else {"follows": turn.follows}
    return seal({"schema": SCHEMA, "id": turn.id, **follows})


def decode_gone(content: bytes) -> int | None:
    """Return what a deleted turn followed. Raise ``ValueError`` where the mark is no mark."""
    follows = unseal(content).get("follows")
    if follows is not None and type(follows) is not int:
        raise ValueError("its follows is wrong")
    return follows


def _gone_follows(path: Path) -> int | None:
    try:
        return decode_gone(files.read(path))
    except (OSError, ValueError):
        return None  # it still keeps the number from being given again
