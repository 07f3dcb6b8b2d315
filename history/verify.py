"""A look at every file of a store: what is not as it should be, each with a sentence.

Reads only. Where a store's folder is the package's as well, files in the root itself are nobody's
concern; a file in a conversation's folder, among the pictures or in the trash should be ours.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from history import files, names
from history.archive import is_record
from history.listing import read_turn, too_new
from history.record import SCHEMA, TooNewError, unseal
from history.store import Store
from history.turn import ImageRef, Turn
from history.versions import decode_gone

Kind = Literal[
    "turn damaged", "turn open", "turn follows nothing", "conversation damaged",
    "conversation without its file", "mark damaged", "picture damaged", "picture missing",
    "not ours", "left over",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be."""

    kind: Kind
    file: str  # below the root
    text: str  # what is wrong with it


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what was found."""

    conversations: int
    turns: int
    pictures: int
    faults: tuple[Fault, ...]


def verify(store: Store) -> Report:
    """Look at every file. Raise ``OSError`` where the root cannot be read."""
    conversations = [each.id for each in store.conversations()]
    faults: list[Fault] = []
    turns: list[tuple[str, Turn]] = []
    for conversation in conversations:
        found = _Folder(store.root / conversation)
        faults += found.faults()
        turns += [(conversation, turn) for turn in found.turns]
    pictures = _pictures(store.root)
    faults += _damaged(store.root, pictures)
    faults += _missing(store, turns)
    faults += _misnamed(store.root)
    faults += _left_over(store.root / names.STAGE)
    return Report(len(conversations), len(turns), len(pictures), tuple(faults))


class _Folder:
    """A conversation's folder, read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed = sorted(path.name for path in folder.iterdir())
        self._ids = names.turn_ids(self._listed)
        self.turns = [read_turn(folder, turn_id) for turn_id in self._ids]

    def faults(self) -> Iterator[Fault]:
        for turn in self.turns:
            yield from self._of_turn(turn)
        for turn_id in names.gone_ids(self._listed):
            yield from self._of_mark(names.gone_name(turn_id))
        yield from self._of_head()
        for name in self._listed:
            if not is_record(name):
                yield self._fault("not ours", name, "it is no file of ours")

    def _of_turn(self, turn: Turn) -> Iterator[Fault]:
        name = names.turn_name(turn.id)
        if turn.damaged:
            if turn.error["code"] != too_new(self._folder, 0).code:
                yield self._fault("turn damaged", name, str(turn.error["values"]["reason"]))
        elif turn.finish_reason is None and turn.schema <= SCHEMA and self._is_dead(name):
            yield self._fault("turn open", name, "its program ended before the reply did")
        known = {0, *self._ids, *names.gone_ids(self._listed)}
        if turn.follows is not None and (turn.follows not in known or turn.follows >= turn.id):
            text = f"it follows turn {turn.follows}, of which there is no trace"
            yield self._fault("turn follows nothing", name, text)

    def _is_dead(self, name: str) -> bool:
        try:
            held = files.hold(self._folder / name)
        except OSError:
            return False  # read-only, so not to be known
        files.let_go(held)
        return held is not None

    def _of_mark(self, name: str) -> Iterator[Fault]:
        try:
            decode_gone(files.read(self._folder / name))
        except (OSError, ValueError) as error:
            yield self._fault("mark damaged", name, str(error))

    def _of_head(self) -> Iterator[Fault]:
        try:
            record = unseal(files.read(self._folder / names.HEAD))
            if record["schema"] <= SCHEMA and record.get("id") != self._folder.name:
                raise ValueError("its id is not that of its folder")  # noqa: TRY301  one of many
        except FileNotFoundError:
            kind: Kind = "conversation without its file"
            yield self._fault(kind, names.HEAD, "it is missing")
        except TooNewError:
            pass  # shown as far as it is understood
        except (OSError, ValueError) as error:
            yield self._fault("conversation damaged", names.HEAD, str(error))

    def _fault(self, kind: Kind, name: str, text: str) -> Fault:
        return Fault(kind, f"{self._folder.name}/{name}", text)


def _pictures(root: Path) -> list[Path]:
    return [
        path
        for path in _listed(root / names.IMAGES)
        if (match := names.PICTURE.fullmatch(path.name)) and not match[2]
    ]


def _damaged(root: Path, pictures: Iterable[Path]) -> Iterator[Fault]:
    for path in pictures:
        try:
            whole = hashlib.sha256(files.read(path)).hexdigest() == path.name[:64]
        except (OSError, ValueError):
            whole = False
        if not whole:
            text = "its bytes are not those of its name"
            yield Fault("picture damaged", f"{path.relative_to(root)}", text)


def _missing(store: Store, turns: Iterable[tuple[str, Turn]]) -> Iterator[Fault]:
    wanted: dict[ImageRef, str] = {}
    for conversation, turn in turns:
        for image in turn.images:
            wanted.setdefault(image, f"{conversation}/{names.turn_name(turn.id)}")
    told = set()
    for image, turn_name in wanted.items():
        path = store.image_path(image.sha256, image.format)
        # A link or a pipe in its place is there, and damaged.
        if not os.path.lexists(path) and path not in told:
            told.add(path)
            text = f"it is missing; {turn_name} refers to it"
            yield Fault("picture missing", f"{path.relative_to(store.root)}", text)


def _misnamed(root: Path) -> Iterator[Fault]:
    for folder, pattern in ((names.IMAGES, names.PICTURE), (names.TRASH, names.TRASHED)):
        for path in _listed(root / folder):
            if not pattern.fullmatch(path.name):
                yield Fault("not ours", f"{folder}/{path.name}", "it is no file of ours")
    for path in _listed(root):
        if names.CONVERSATION.fullmatch(path.name) and (path.is_symlink() or not path.is_dir()):
            yield Fault("not ours", path.name, "it is no conversation's folder")


def _left_over(stage: Path) -> Iterator[Fault]:
    for path in _listed(stage):
        if time.time() - path.stat(follow_symlinks=False).st_mtime > files.STAGE_GRACE_S:
            text = "a program that was killed left it; nothing refers to it"
            yield Fault("left over", f"{stage.name}/{path.name}", text)


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
