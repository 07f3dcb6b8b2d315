"""What is to be exported: conversations, turns of them, or everything; read one at a time."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from history import files, names
from history.errors import NotFound, StorageFailed, TurnNotFound
from history.head import decode_head
from history.listing import read_turn
from history.store import Store
from history.turn import Conversation, ImageRef, Turn
from history.versions import decode_gone

log = logging.getLogger(__name__)

# A conversation's id, and its turns that are wanted; None for all, those of other versions too.
Selection = Mapping[str, Collection[int] | None]

_TRIES = 3  # at reading a conversation of which turns are being deleted


@dataclass(frozen=True, slots=True)
class Part:
    """A conversation, so far as it was selected."""

    conversation: Conversation
    shown: tuple[Turn, ...]  # in order; of the version shown, unless turns were selected
    turns: tuple[Turn, ...]  # those of other versions too
    files: Mapping[str, bytes]  # name: bytes, of what is whole; the head, turns, marks of deleted
    left_out: tuple[str, ...]  # files that are not whole, and why

    @property
    def images(self) -> tuple[ImageRef, ...]:
        """The pictures that its turns refer to, each once."""
        return tuple({image.sha256: image for turn in self.turns for image in turn.images}.values())


def everything(store: Store) -> Selection:
    """Select all conversations."""
    return dict.fromkeys(sorted(each.id for each in store.conversations()))


def parts(store: Store, selection: Selection) -> Iterator[Part]:
    """Read what is selected. Raise ``NotFound`` where it is not there."""
    for conversation_id, wanted in selection.items():
        yield _part(store, conversation_id, wanted)


def parts_there(store: Store) -> Iterator[Part]:
    """Read everything, but for what is deleted meanwhile."""
    for conversation_id in everything(store):
        for _ in range(_TRIES):
            try:
                part = _part(store, conversation_id, None)
            except (NotFound, FileNotFoundError):
                continue  # a turn of it, and the rest is there; or all of it
            except StorageFailed as failed:  # the same, met by the store
                if not isinstance(failed.__cause__, FileNotFoundError):
                    raise
                continue
            yield part
            break


def _part(store: Store, conversation_id: str, wanted: Collection[int] | None) -> Part:
    conversation = store.conversation(conversation_id)
    folder = store.root / conversation_id
    listed = [path.name for path in folder.iterdir()]
    ids = names.turn_ids(listed) if wanted is None else sorted(set(wanted))
    turns = tuple(read_turn(folder, turn_id) for turn_id in ids)
    marks = names.gone_ids(listed) if wanted is None else []
    wholes, left_out = _whole(folder, turns, marks)
    whole_turns = tuple(turn for turn in turns if not turn.damaged)
    shown = store.turns(conversation_id) if wanted is None else whole_turns
    return Part(
        conversation,
        tuple(turn for turn in shown if not turn.damaged),
        whole_turns,
        wholes,
        tuple(left_out),
    )


def _whole(
    folder: Path, turns: tuple[Turn, ...], marks: list[int]
) -> tuple[dict[str, bytes], list[str]]:
    found: dict[str, bytes] = {}
    left_out = [str(turn.error["text"]) for turn in turns if turn.damaged]
    wanted = [names.turn_name(turn.id) for turn in turns if not turn.damaged]
    for name in (names.HEAD, *wanted, *map(names.gone_name, marks)):
        try:
            content = files.read(folder / name)
            if name == names.HEAD:
                decode_head(content)
            elif names.GONE.fullmatch(name):
                decode_gone(content)
        except FileNotFoundError as error:
            if names.TURN.fullmatch(name):
                number = int(name.partition(".")[0])
                raise TurnNotFound(conversation=folder.name, turn=number) from error
        except (OSError, ValueError) as error:
            left_out.append(f"{folder.name}/{name}: {error}")
        else:
            found[name] = content
    return found, left_out
