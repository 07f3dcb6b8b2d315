"""Import of an export: everything is checked before anything is written; nothing is overwritten.

A conversation keeps its id where that is free. Where all of its turns are here already, nothing
is added, be it that they went out without their pictures' metadata (``leaving``). Where another one
has its id, it gets one that is made from its content, so that the same file imported twice adds
nothing the second time either.
"""

import hashlib
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from history import files, names
from history.archive import Contents, Skipped, read_archive, read_picture
from history.errors import MIN_FREE_MIB, ImportRefused, PictureDiffers, StorageFull, writing
from history.head import decode_head, encode_head
from history.leaving import as_they_leave
from history.store import Store
from history.turn import ImageRef, decode

_LETTERS = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import added, or would."""

    conversations: Mapping[str, str]  # id in the file: id here
    turns: int
    pictures: tuple[ImageRef, ...]  # stored; their thumbnails are still to be made
    missing: tuple[ImageRef, ...]  # referred to, but neither in the file nor here
    skipped: tuple[Skipped, ...]


def import_file(store: Store, path: Path, *, dry_run: bool = False) -> Imported:
    """Take over what is in ``path`` and not yet here. Raise ``ImportRefused``, with no change."""
    contents = read_archive(path)
    wanted = _wanted(contents)
    _check_room(store, contents, wanted)
    skipped = list(contents.skipped)
    places = dict(_places(store, contents, skipped))
    wanted = _images(contents)
    if dry_run:
        there = [
            image
            for name, image in sorted(wanted.items())
            if name in contents.pictures and not store.has_image(image)
        ]
        return _report(store, contents, places, there, skipped)
    with store.adding():
        stored = list(_pictures(store, path, contents, wanted, skipped))
        for conversation, place in places.items():
            _write(store, conversation, place, contents.conversations[conversation])
        return _report(store, contents, places, stored, skipped)


def _wanted(contents: Contents) -> dict[str, ImageRef]:
    """Return the pictures that the turns refer to; say which others there are."""
    wanted = _images(contents)
    for name in contents.pictures.keys() - wanted.keys():
        contents.skipped.append(Skipped(f"{names.IMAGES}/{name}", "no turn refers to it"))
    return wanted


def _images(contents: Contents) -> dict[str, ImageRef]:
    turns = (
        decode(content)
        for records in contents.conversations.values()
        for name, content in records.items()
        if names.TURN.fullmatch(name)
    )
    return {_name(image): image for turn in turns for image in turn.images}


def _check_room(store: Store, contents: Contents, wanted: Mapping[str, ImageRef]) -> None:
    needed = sum(
        len(content) for records in contents.conversations.values() for content in records.values()
    )
    needed += sum(size for name, size in contents.pictures.items() if name in wanted)
    needed_mib = MIN_FREE_MIB + (needed >> 20)
    free_mib = store.free_bytes() >> 20
    if free_mib < needed_mib:
        raise StorageFull(folder=store.root, free_mib=free_mib, needed_mib=needed_mib)


def _places(store: Store, contents: Contents, skipped: list[Skipped]) -> Iterator[tuple[str, str]]:
    """Yield each conversation that is to be added, with the id it gets.

    One whose pictures are here with their metadata is taken out of ``contents``.
    """
    taken: set[str] = set()
    for conversation, records in sorted(contents.conversations.items()):
        if not any(name == names.HEAD or names.TURN.fullmatch(name) for name in records):
            skipped.append(Skipped(conversation, "it has no turn"))
            continue
        for place in _candidates(conversation, records):
            if place not in taken and not (store.root / place).exists():
                taken.add(place)
                yield conversation, place
                break
            here = _here(store.root / place, records)
            if here == _turns(records):
                skipped.append(Skipped(conversation, "it is here already"))
                break
            if _left(store, here) == _turns(records):
                reason = "it is here already, and its pictures with their metadata"
                skipped.append(Skipped(conversation, reason))
                del contents.conversations[conversation]
                break


def _candidates(conversation: str, records: Mapping[str, bytes]) -> Iterator[str]:
    yield conversation
    content = b"".join(
        name.encode() + hashlib.sha256(record).digest()
        for name, record in sorted(records.items())
        if name != names.HEAD
    )
    for attempt in range(1_000):
        number = int.from_bytes(hashlib.sha256(b"%d" % attempt + content).digest()[:8])
        tail = "".join(_LETTERS[number // 36**place % 36] for place in range(4))
        yield f"{conversation[:-4]}{tail}"


def _turns(records: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {name: content for name, content in records.items() if names.TURN.fullmatch(name)}


def _here(folder: Path, records: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """Return the turns that a conversation has in place of these; None where it lacks some."""
    try:
        return {name: files.read(folder / name) for name in _turns(records)}
    except (OSError, ValueError):
        return None


def _left(store: Store, here: Mapping[str, bytes] | None) -> Mapping[str, bytes] | None:
    try:
        return None if here is None else as_they_leave(store, here)
    except ValueError:  # a damaged one
        return None


def _pictures(
    store: Store,
    path: Path,
    contents: Contents,
    wanted: Mapping[str, ImageRef],
    skipped: list[Skipped],
) -> Iterator[ImageRef]:
    for name, image in sorted(wanted.items()):
        if name not in contents.pictures:
            continue
        there = store.has_image(image)
        try:
            # One that is here is put as well: if it was damaged, it is whole then.
            store.put_image(read_picture(path, name), image.sha256, image.format)
        except (PictureDiffers, ImportRefused) as error:
            skipped.append(Skipped(f"{names.IMAGES}/{name}", str(error)))
        else:
            if not there:
                yield image


def _write(store: Store, conversation: str, place: str, records: Mapping[str, bytes]) -> None:
    given = dict(records)
    if place != conversation and names.HEAD in given:
        given[names.HEAD] = encode_head(place, decode_head(given[names.HEAD]))
    with writing(store.root):
        files.publish_folder(given, store.root / place, store.root / names.STAGE)


def _report(
    store: Store,
    contents: Contents,
    places: Mapping[str, str],
    stored: list[ImageRef],
    skipped: list[Skipped],
) -> Imported:
    turns = [
        decode(record)
        for conversation in places
        for name, record in contents.conversations[conversation].items()
        if names.TURN.fullmatch(name)
    ]
    images = {_name(image): image for turn in turns for image in turn.images}
    have = {_name(each) for each in stored}
    missing = tuple(
        image for name, image in images.items() if name not in have and not store.has_image(image)
    )
    return Imported(places, len(turns), tuple(stored), missing, tuple(skipped))


def _name(image: ImageRef) -> str:
    return f"{image.sha256}.{image.format}"
