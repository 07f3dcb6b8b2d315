"""Mend what ``verify`` found. Nothing is deleted: what is not as it should be is set aside."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from history import files, names
from history.errors import HistoryError, writing
from history.head import Head, encode_head
from history.record import SCHEMA, seal
from history.store import Store
from history.verify import Fault, Kind

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done about a fault, or would be."""

    fault: Fault
    done: str  # a sentence
    mended: bool


def repair(store: Store, faults: Iterable[Fault], *, dry_run: bool = True) -> list[Mended]:
    """Mend what can be mended, and say of each fault what that means."""
    return [_mended(store, fault, dry_run) for fault in faults]


def _mended(store: Store, fault: Fault, dry_run: bool) -> Mended:
    sentence, mend = _WAYS[fault.kind]
    if mend is None:
        return Mended(fault, sentence, mended=False)
    if not dry_run:
        try:
            with writing(store.root):
                mend(store, fault.file)
        except (HistoryError, ValueError) as error:
            return Mended(fault, str(error), mended=False)
        log.info("mended file=%s", fault.file)
    return Mended(fault, sentence, mended=True)


def _set_aside(store: Store, file: str) -> None:
    name = file.replace("/", "-").lstrip(".")
    files.set_aside(store.root / file, store.root / names.QUARANTINE, name)


def _turn(store: Store, file: str) -> None:
    conversation, _, name = file.partition("/")
    with store.changing(conversation):
        _mark(store, conversation, names.turn_ids([name])[0])
        _set_aside(store, file)


def _gone(store: Store, file: str) -> None:
    conversation, _, name = file.partition("/")
    with store.changing(conversation):
        _set_aside(store, file)
        _mark(store, conversation, names.gone_ids([name])[0])


def _follows(store: Store, file: str) -> None:
    conversation, _, name = file.partition("/")
    turn = store.turn(conversation, names.turn_ids([name])[0])
    with store.changing(conversation):
        if turn.follows is not None and 0 < turn.follows < turn.id:
            _mark(store, conversation, turn.follows)
        else:
            raise ValueError(
                "Its file says that it follows a later turn; it is shown in its place."
            )


def _head(store: Store, file: str) -> None:
    conversation = file.partition("/")[0]
    with store.changing(conversation) as folder:
        path = folder / names.HEAD
        if path.exists() or path.is_symlink():
            _set_aside(store, file)
        head = Head(created_at=names.created_at(conversation))
        files.write(path, encode_head(conversation, head), store.root / names.STAGE)


def _open(store: Store, file: str) -> None:
    conversation, _, name = file.partition("/")
    store.close_dead(conversation, names.turn_ids([name])[0])


def _left_over(store: Store, _file: str) -> None:
    files.sweep(store.root / names.STAGE)


def _mark(store: Store, conversation: str, turn_id: int) -> None:
    path = store.root / conversation / names.gone_name(turn_id)
    files.write(path, seal({"schema": SCHEMA, "id": turn_id}), store.root / names.STAGE)


_ASIDE = f"It is set aside in {names.QUARANTINE}."
_WAYS: Mapping[Kind, tuple[str, Callable[[Store, str], None] | None]] = {
    "turn damaged": (f"{_ASIDE} The turns behind it close up.", _turn),
    "turn open": ("It is closed with the reply there is.", _open),
    "turn follows nothing": ("A mark takes the place of the turn that it follows.", _follows),
    "conversation damaged": (f"{_ASIDE} A new one is written, without the name.", _head),
    "conversation without its file": ("A new one is written, without the name.", _head),
    "mark damaged": (f"{_ASIDE} A new one is written.", _gone),
    "picture damaged": (f"{_ASIDE} Add the picture again, and it is whole.", _set_aside),
    "picture missing": ("Only a backup has it. Put it back, or add the picture again.", None),
    "not ours": (_ASIDE, _set_aside),
    "left over": ("It is removed.", _left_over),
}
