"""Versions of a conversation: a past prompt sent again, and the way back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import Store, TurnNotFound
from history.head import Choice
from history.turn import encode
from history.versions import Tree


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "history")
    yield store
    store.close()


@pytest.fixture
def conversation(store):
    return store.create().id


def say(store, conversation, *prompts, instead_of=None):
    for prompt in prompts:
        turn = store.append(conversation, prompt=prompt, instead_of=instead_of)
        store.finish(conversation, replace(turn, finish_reason="stop"))
        instead_of = None


def shown(store, conversation):
    return "".join(turn.prompt for turn in Store(store.root).turns(conversation))


def test_a_prompt_sent_again_takes_the_place_of_the_later_turns(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", "C", instead_of=2)

    assert shown(store, conversation) == "aBC"
    assert store.versions(conversation) == {4: (2, 4)}


def test_the_first_prompt_can_be_sent_again(store, conversation):
    say(store, conversation, "a", "b")
    say(store, conversation, "A", instead_of=1)

    assert shown(store, conversation) == "A"
    assert store.versions(conversation) == {3: (1, 3)}


def test_one_can_go_back_to_an_earlier_version(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", "C", instead_of=2)

    store.choose(conversation, 2)
    assert shown(store, conversation) == "abc"
    store.choose(conversation, 4)
    assert shown(store, conversation) == "aBC"


def test_a_version_that_one_went_back_to_goes_on(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", "C", instead_of=2)
    store.choose(conversation, 2)

    say(store, conversation, "d", "e")

    assert shown(store, conversation) == "abcde"
    assert store.versions(conversation) == {2: (2, 4)}


def test_a_third_version_stands_beside_the_two(store, conversation):
    say(store, conversation, "a", "b")
    say(store, conversation, "B", instead_of=2)
    say(store, conversation, "3", instead_of=3)

    assert store.versions(conversation) == {4: (2, 3, 4)}


def test_a_version_can_have_versions(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "C", instead_of=3)
    say(store, conversation, "B", instead_of=2)

    assert store.versions(conversation) == {5: (2, 5)}
    store.choose(conversation, 3)
    assert shown(store, conversation) == "abc"
    assert store.versions(conversation) == {2: (2, 5), 3: (3, 4)}


def test_the_prompt_for_a_turn_is_made_of_its_own_version(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", "C", instead_of=2)
    store.choose(conversation, 2)

    assert "".join(turn.prompt for turn in store.turns(conversation, to=5)) == "aBC"


def test_turns_in_a_row_say_nothing_of_what_they_follow(store, conversation):
    say(store, conversation, "a", "b")

    for name in ("0001.json", "0002.json"):
        assert b"follows" not in (store.root / conversation / name).read_bytes()


def test_another_program_that_appends_meanwhile_hides_nothing(store, conversation):
    say(store, conversation, "a")
    other = Store(store.root)
    say(other, conversation, "b")
    say(store, conversation, "c")

    assert shown(store, conversation) == "abc"


def test_a_turn_that_is_not_there_has_no_version(store, conversation):
    say(store, conversation, "a")

    for use in (
        lambda: store.choose(conversation, 7),
        lambda: store.append(conversation, prompt="x", instead_of=7),
    ):
        with pytest.raises(TurnNotFound):
            use()


def test_a_broken_conversation_file_costs_only_the_choice(store, conversation):
    say(store, conversation, "a", "b")
    say(store, conversation, "B", instead_of=2)
    store.choose(conversation, 2)
    (store.root / conversation / "conversation.json").write_bytes(b"{")

    assert shown(store, conversation) == "aB"


# With turns deleted


def test_the_turns_behind_a_deleted_one_close_up(store, conversation):
    say(store, conversation, "a", "b", "c")

    store.trash.delete_turn(conversation, 2)
    say(store, conversation, "d")

    assert shown(store, conversation) == "acd"


def test_deleting_the_last_turn_of_a_version_shows_the_one_before_it(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", instead_of=2)

    store.trash.delete_turn(conversation, 4)

    assert shown(store, conversation) == "abc"


def test_a_deleted_turn_comes_back_between_its_neighbours(store, conversation):
    say(store, conversation, "a", "b", "c")
    store.trash.delete_turn(conversation, 3)
    say(store, conversation, "d")

    store.trash.undo()

    assert shown(store, conversation) == "abcd"
    assert store.versions(conversation) == {}


def test_a_version_of_a_deleted_turn_keeps_its_place(store, conversation):
    say(store, conversation, "a", "b", "c")
    say(store, conversation, "B", instead_of=2)
    store.trash.delete_turn(conversation, 2)

    store.choose(conversation, 3)

    assert shown(store, conversation) == "ac"
    assert store.versions(conversation) == {3: (3, 4)}


# Trees from files that anyone may have written


trees = st.dictionaries(
    st.integers(1, 30), st.tuples(st.booleans(), st.none() | st.integers(-3, 40)), max_size=20
)


@settings(deadline=None)
@given(trees, st.none() | st.builds(Choice, st.integers(-3, 40), st.integers(-3, 40)))
def test_every_tree_has_a_way_that_ends(turns, choice):
    live = {turn_id: follows for turn_id, (there, follows) in turns.items() if there}
    gone = {turn_id: follows for turn_id, (there, follows) in turns.items() if not there}
    tree = Tree(live, gone)

    path = tree.path(tree.tip(choice))

    assert path == sorted(set(path))
    assert set(path) <= live.keys()
    assert bool(path) == bool(live)
    for turn_id, versions in tree.versions(path).items():
        assert turn_id in versions
        assert set(versions) <= live.keys()


@settings(deadline=None)
@given(trees)
def test_every_turn_can_be_reached_by_going_from_version_to_version(turns):
    tree = Tree({turn_id: follows for turn_id, (_, follows) in turns.items()}, {})
    seen, wanted = set(), [tree.path(tree.tip(None))]
    while wanted:
        path = wanted.pop()
        seen.update(path)
        for versions in tree.versions(path).values():
            wanted += [tree.path(tree.end(each)) for each in versions if each not in seen]

    assert seen == turns.keys()


def test_a_file_that_says_what_it_follows_can_be_read_again(store, conversation):
    say(store, conversation, "a", "b")
    say(store, conversation, "B", instead_of=2)

    content = (store.root / conversation / "0003.json").read_bytes()
    assert store.turn(conversation, 3).follows == 1
    assert encode(store.turn(conversation, 3)) == content
