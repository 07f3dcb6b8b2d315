"""Create, edit, delete, undo, purge in any order: the store agrees with a model of it.

Conversations are drawn in the order they were made: their names end at random, and hypothesis
must find the same again.
"""

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from history import ImageRef, Store
from history.verify import verify

PICTURES = [f"picture {number}".encode() for number in range(4)]
pictures = st.none() | st.sampled_from(PICTURES)


def ref(picture):
    return ImageRef(hashlib.sha256(picture).hexdigest(), "png", 1, 1)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder / "history")
        self.live = {}  # conversation: turn: (prompt, picture)
        self.given = {}  # conversation: numbers that were ever given
        self.trash = []  # (conversation, turn or None, what it was), the last deleted last
        self.count = 0

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    def conversation(self, data):
        return data.draw(st.sampled_from(list(self.live)))

    def say(self, conversation, picture, instead_of=None):
        self.count += 1
        prompt, images = f"prompt {self.count}", []
        if picture:
            images = [ref(picture)]
            self.store.put_image(picture, images[0].sha256, "png")
        turn = self.store.append(conversation, prompt=prompt, images=images, instead_of=instead_of)
        self.store.finish(conversation, replace(turn, reply="x", finish_reason="stop"))
        assert turn.id not in self.given[conversation]
        self.given[conversation].add(turn.id)
        self.live[conversation][turn.id] = (prompt, picture)
        assert self.store.turns(conversation)[-1].id == turn.id

    @rule(picture=pictures)
    def create(self, picture):
        conversation = self.store.create().id
        self.live[conversation], self.given[conversation] = {}, set()
        self.say(conversation, picture)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), picture=pictures)
    def append(self, data, picture):
        self.say(self.conversation(data), picture)

    @precondition(lambda self: any(self.live.values()))
    @rule(data=st.data(), picture=pictures)
    def edit(self, data, picture):
        conversation = data.draw(st.sampled_from([c for c, t in self.live.items() if t]))
        turn = data.draw(st.sampled_from(sorted(self.live[conversation])))
        before = [t.id for t in self.store.turns(conversation, to=turn)][:-1]
        self.say(conversation, picture, instead_of=turn)
        assert [t.id for t in self.store.turns(conversation)][:-1] == before

    @precondition(lambda self: any(self.live.values()))
    @rule(data=st.data())
    def choose(self, data):
        conversation = data.draw(st.sampled_from([c for c, t in self.live.items() if t]))
        turn = data.draw(st.sampled_from(sorted(self.live[conversation])))
        self.store.choose(conversation, turn)
        assert turn in [t.id for t in self.store.turns(conversation)]

    @precondition(lambda self: any(self.live.values()))
    @rule(data=st.data())
    def delete_turn(self, data):
        conversation = data.draw(st.sampled_from([c for c, t in self.live.items() if t]))
        turn = data.draw(st.sampled_from(sorted(self.live[conversation])))
        self.store.trash.delete_turn(conversation, turn)
        self.trash.append((conversation, turn, self.live[conversation].pop(turn)))

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def delete_conversation(self, data):
        conversation = self.conversation(data)
        self.store.trash.delete_conversation(conversation)
        self.trash.append((conversation, None, self.live.pop(conversation)))

    @precondition(lambda self: self.trash)
    @rule()
    def undo(self):
        conversation, turn, what = self.trash[-1]
        if turn is not None and conversation not in self.live:
            return  # its conversation was purged on its own
        self.store.trash.undo()
        self.trash.pop()
        if turn is None:
            self.live[conversation] = what
        else:
            self.live[conversation][turn] = what

    @precondition(lambda self: self.trash)
    @rule(data=st.data())
    def purge_one(self, data):
        place = data.draw(st.integers(0, len(self.trash) - 1))
        entries = self.store.trash.entries()
        self.store.purge(trash_id=entries[len(entries) - 1 - place].id)
        self.trash.pop(place)

    @rule()
    def purge(self):
        self.store.purge(older_than_days=0)
        self.trash.clear()

    @rule()
    def remove_pictures(self):
        self.store.remove_unused_pictures(grace_s=0)
        assert {path.stem for path in (self.store.root / "images").glob("*")} == {
            ref(picture).sha256 for picture in self.used()
        }

    def used(self):
        for what in (*self.live.values(), *(what for _, turn, what in self.trash if turn is None)):
            yield from (picture for _, picture in what.values() if picture)
        yield from (what[1] for _, turn, what in self.trash if turn is not None and what[1])

    @invariant()
    def every_turn_is_as_it_was_said(self):
        assert {each.id for each in self.store.conversations()} == self.live.keys()
        for conversation, turns in self.live.items():
            for turn_id, (prompt, picture) in turns.items():
                turn = self.store.turn(conversation, turn_id)
                assert turn.prompt == prompt
                assert turn.images == ((ref(picture),) if picture else ())
            shown = [turn.id for turn in self.store.turns(conversation)]
            assert shown == sorted(shown)
            assert set(shown) <= turns.keys()
            assert bool(shown) == bool(turns)

    @invariant()
    def no_picture_left_too_early(self):
        for picture in self.used():
            assert self.store.image_path(ref(picture).sha256, "png").read_bytes() == picture

    @invariant()
    def search_knows_the_same(self):
        found = {
            (hit.conversation_id, hit.turn_id) for hit in self.store.search("prompt", limit=999)
        }
        assert found == {(c, turn) for c, turns in self.live.items() for turn in turns}

    @invariant()
    def all_is_well(self):
        assert verify(self.store).faults == ()

    @invariant()
    def what_can_be_brought_back_is_listed(self):
        listed = [(each.conversation_id, each.turn_id) for each in self.store.trash.entries()]
        assert listed == [(c, turn) for c, turn, _ in reversed(self.trash)]


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
