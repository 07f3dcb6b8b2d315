"""Conversations on disk: one folder each, one JSON file a turn, pictures once under their hash.

The files are the truth; the index beside them is made from them, and again where they disagree.
A call that writes returns when the disk has it, and a reader, in this process or another, sees
whole files only.

Several processes may use one root at once. A turn's number is taken by making its file, which
only one of them can. A turn that is still open is locked by the process that will finish it; the
lock ends with that process, so ``close_open_turns`` knows a turn under way from one whose program
was killed, whoever else is running.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from history import files, names
from history.blobs import Blobs
from history.corrections import Changes, Correcting, changed_by
from history.errors import (
    MIN_FREE_MIB,
    NotFound,
    StorageFull,
    StorageReadOnly,
    TurnNotFound,
    TurnOpen,
    free_bytes,
    reading,
    writing,
)
from history.head import Choice, Head, encode_head
from history.heads import Heads
from history.index import Index
from history.listing import Listing, damage_of, read_turn, read_turns, too_new, turn_ids
from history.open_turns import OpenTurns
from history.record import SCHEMA
from history.search import LIMIT, Filters, Hit, Search
from history.title import title_from
from history.trash import KEPT_DAYS, Trash
from history.turn import Conversation, ImageRef, Turn
from history.unused import GRACE_S, Unused, adding, remove_unused
from history.versions import choice_in, next_place, tree_of


class Store:
    """The conversations and pictures under ``root``, which is made when first written to.

    Safe to use from any thread. A turn has one writer at a time: whoever appended it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._stage = self.root / names.STAGE
        self._listing = Listing(self.root)
        self._blobs = Blobs(self.root)
        self._open = OpenTurns(self._stage)
        self._heads = Heads(self.root, self._listing)
        self.trash = Trash(self.root, self._heads.changing)
        self.index = Index(self.root, self._listing)

    # Conversations

    def create(
        self,
        title: str = "",
        system_prompt: str = "",
        settings: Mapping[str, Any] | None = None,  # whatever JSON can hold
    ) -> Conversation:
        """Begin a conversation. Without a title it is shown under its first prompt."""
        self.check_writable()
        created_at = names.now()
        head = Head(title, created_at, system_prompt, settings=settings or {})
        with writing(self.root):
            while (folder := self.root / names.new_conversation_id()).exists():
                pass
            content = encode_head(folder.name, head)
            files.publish_folder({names.HEAD: content}, folder, self._stage)
        return self.conversation(folder.name)

    def conversations(self) -> list[Conversation]:
        """Return all conversations, the one last written to first."""
        with reading(self.root):
            self.index.recall()
            return self._listing.all()

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation as a list shows it."""
        with reading(self.root):
            return self._listing.conversation(conversation_id)

    def search(self, query: str, filters: Filters | None = None, limit: int = LIMIT) -> list[Hit]:
        """Return the newest turns, names and tags that hold every word of ``query``."""
        with reading(self.root):
            return self.index.ask(Search(query, filters or Filters(), limit))

    def rename(self, conversation_id: str, title: str) -> None:
        """Name a conversation; an empty title shows it under its first prompt again."""
        self._heads.change(conversation_id, title=title.strip())

    def set_settings(
        self,
        conversation_id: str,
        system_prompt: str,
        settings: Mapping[str, Any],  # whatever JSON can hold
    ) -> None:
        """Keep what a conversation is answered with, in place of what was kept."""
        self._heads.change(conversation_id, system_prompt=system_prompt, settings=dict(settings))

    def pin(self, conversation_id: str, pinned: bool = True) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        self._heads.change(conversation_id, pinned=pinned)

    def tag(self, conversation_id: str, tags: Iterable[str]) -> None:
        """Give a conversation these tags, each once, in place of those it had."""
        given = dict.fromkeys(title_from(tag) for tag in tags)
        self._heads.change(conversation_id, tags=tuple(tag for tag in given if tag))

    # Turns

    def turns(self, conversation_id: str, to: int | None = None) -> list[Turn]:
        """Return the turns of the version shown, in order, or of the one that ends with ``to``.

        In place of one whose file is damaged stands a turn with ``damaged`` set, an empty prompt
        and an ``error`` that says so: a gap that nobody explains would look like a loss.
        """
        with reading(self.root):
            folder = self._listing.folder(conversation_id)
            turns = {turn.id: turn for turn in read_turns(folder)}
            tree = tree_of(folder, turns.values())
            tip = tree.tip(choice_in(folder)) if to is None else to
            return [turns[turn_id] for turn_id in tree.path(tip)]

    def versions(self, conversation_id: str) -> dict[int, tuple[int, ...]]:
        """Return, for each turn shown that has other versions, all of them, itself included."""
        with reading(self.root):
            folder = self._listing.folder(conversation_id)
            tree = tree_of(folder, read_turns(folder))
            return tree.versions(tree.path(tree.tip(choice_in(folder))))

    def choose(self, conversation_id: str, turn_id: int) -> None:
        """Show the version that leads through a turn, until the next turn is appended."""
        with self.changing(conversation_id) as folder:
            tree = tree_of(folder, read_turns(folder))
            if turn_id not in tree.live:
                raise TurnNotFound(conversation=conversation_id, turn=turn_id)
            choice = Choice(tree.end(turn_id), max(tree.live))
            self._heads.change_held(folder, choice=choice)

    def turn(self, conversation_id: str, turn_id: int) -> Turn:
        """Return one turn, or the placeholder for a damaged one."""
        with reading(self.root):
            return read_turn(self._listing.folder(conversation_id), turn_id)

    def append(
        self,
        conversation_id: str,
        *,
        prompt: str,
        images: Iterable[ImageRef] = (),
        job: str | None = None,
        engine: str = "",
        model: str = "",
        revision: str = "",
        params: Mapping[str, Any] | None = None,  # whatever the engine was told
        fields: Mapping[str, Any] | None = None,  # whatever the job knows
        notices: Iterable[str] = (),
        instead_of: int | None = None,
    ) -> Turn:
        """Write an open turn at the end of the version shown; return it once it is on the disk.

        ``instead_of`` begins a new version, of which it is the last turn: an edited prompt takes
        the place of that turn and of all behind it, which stay as they are. It is this process's
        to ``finish``. Refused where there is too little room to end it.
        """
        self.check_writable()
        folder = self._listing.folder(conversation_id)
        turn = Turn(
            id=0,
            timestamp=names.now(),
            prompt=prompt,
            images=tuple(images),
            job=job,
            engine=engine,
            model=model,
            revision=revision,
            params=params or {},
            fields=fields or {},
            notices=tuple(notices),
        )
        while True:
            # Another process may take the number first: then the next one is tried.
            turn_id, follows = next_place(folder, instead_of)
            turn = replace(turn, id=turn_id, follows=follows)
            with writing(self.root), suppress(FileExistsError):
                self._open.append(folder, turn)
                return turn

    def finish(self, conversation_id: str, turn: Turn) -> None:
        """Write a turn again, whole. With a ``finish_reason`` it is closed; without, still open.

        Raise ``TurnNotFound`` where it was deleted meanwhile: it does not come back. After any
        other error it is on disk whole, as it was or as given, and this can be tried again.
        """
        names.check_conversation_id(conversation_id)
        path = self.root / conversation_id / names.turn_name(turn.id)
        if turn.schema > SCHEMA:
            raise too_new(path, turn.schema)
        try:
            with self.changing(conversation_id):
                if not path.exists():
                    raise TurnNotFound(conversation=conversation_id, turn=turn.id)
                self._open.replace(path, turn)
        except NotFound:
            self._open.forget(path)
            raise

    def correct(self, conversation_id: str, turn_id: int, changes: Changes | Correcting) -> Turn:
        """Keep what the user says a job should have found; what was found stays.

        A function is asked for the changes while nobody else can make any. Raise ``TurnOpen``
        before the reply has ended.
        """
        with self.changing(conversation_id) as folder:
            turn = read_turn(folder, turn_id)
            if turn.damaged:
                raise damage_of(turn)
            if turn.schema > SCHEMA:
                raise too_new(folder / names.turn_name(turn_id), turn.schema)
            if turn.finish_reason is None:
                raise TurnOpen(turn=turn_id)
            changed = changed_by(turn, changes(turn) if callable(changes) else changes)
            if changed != turn:
                self._open.replace(folder / names.turn_name(turn_id), changed)
            return changed

    def close_open_turns(self) -> int:
        """Close, as errors, the turns whose programs ended before the reply; return how many.

        For the start of a program: reads every turn's file, and sweeps what was left staged. A
        turn that another running process has open is left to it.
        """
        closed = 0
        with writing(self.root):
            files.sweep(self._stage)
            for conversation_id in self._listing.ids():
                with suppress(NotFound):  # deleted meanwhile
                    folder = self._listing.folder(conversation_id)
                    closed += sum(self._open.close_dead(folder, each) for each in turn_ids(folder))
        return closed

    # Pictures

    def put_image(self, data: bytes, sha256: str, format: str) -> Path:  # noqa: A002  field's word
        """Keep a picture, durably, and return where. It is kept once; a hit is verified."""
        self.check_writable()
        return self._blobs.put(data, sha256, format)

    def image_path(self, sha256: str, format: str) -> Path:  # noqa: A002  the field's own word
        """Return where a picture lies, or would: see ``has_image``."""
        return self._blobs.path(sha256, format)

    def has_image(self, image: ImageRef) -> bool:
        """Tell whether a picture is there; someone may have removed its file."""
        return self._blobs.path(image.sha256, image.format).is_file()

    def put_thumbnail(self, sha256: str, data: bytes, suffix: str = ".webp") -> Path:
        """Keep a picture's thumbnail beside it, and return where."""
        return self._blobs.put_thumbnail(sha256, data, suffix)

    def thumbnail_path(self, sha256: str, suffix: str = ".webp") -> Path:
        """Return where a picture's thumbnail lies, or would."""
        return self._blobs.thumbnail_path(sha256, suffix)

    def adding(self) -> AbstractContextManager[None]:
        """Keep pictures that are put inside from being removed before a turn refers to them."""
        self.check_writable()
        return adding(self.root)

    def remove_unused_pictures(self, grace_s: float = GRACE_S, *, dry_run: bool = False) -> Unused:
        """Remove pictures that no turn, version or trash refers to. Not inside ``adding``."""
        return remove_unused(self.root, grace_s=grace_s, dry_run=dry_run)

    def purge(self, older_than_days: float = KEPT_DAYS, trash_id: str | None = None) -> int:
        """Empty the trash of what is that old, or of one thing; return how many went.

        With them go the pictures that nothing else refers to. Not inside ``adding``.
        """
        entries = self.trash.expired(older_than_days) if trash_id is None else self.trash.entries()
        gone = [each for each in entries if trash_id in (None, each.id)]
        hashes = self.trash.destroy(gone)
        remove_unused(self.root, hashes, grace_s=0)
        if gone:
            self.index.forget()
        return len(gone)

    # Room

    def free_bytes(self) -> int:
        """Return the room on the store's disk."""
        return free_bytes(self.root)

    def check_writable(self) -> None:
        """Raise ``StorageReadOnly`` or ``StorageFull`` if no turn should begin now.

        Also makes the root, if there is none. Done by all that begins something; ``finish`` is
        not refused, because there is room left for it.
        """
        with writing(self.root):
            files.ensure_folder(self.root)
            if not files.is_writable(self.root):
                raise StorageReadOnly(folder=self.root)
            free_mib = self.free_bytes() >> 20
        if free_mib < MIN_FREE_MIB:
            raise StorageFull(folder=self.root, free_mib=free_mib, needed_mib=MIN_FREE_MIB)

    def changing(self, conversation_id: str) -> AbstractContextManager[Path]:
        """Hold a conversation's folder: its files are changed by one thread of one process."""
        return self._heads.changing(conversation_id)

    def close_dead(self, conversation_id: str, turn_id: int) -> bool:
        """Close a turn that is open and whose program has ended; tell whether that was so."""
        with writing(self.root):
            return self._open.close_dead(self._listing.folder(conversation_id), turn_id)

    def close(self) -> None:
        """Let go of open turns, as the end of the process does; they stay open on disk."""
        self._open.let_go()
