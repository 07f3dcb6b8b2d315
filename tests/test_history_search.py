"""Search: what is found, what it shows, and an index that nobody has to look after."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import history
from history import Filters, ImageRef, Store
from history.excerpt import Folding, excerpt, terms_of

IMAGE = ImageRef("a" * 64, "png", 4, 3)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history")


@pytest.fixture
def conversation(store):
    return store.create().id


def say(store, conversation, prompt, reply="", **values):
    images = values.pop("images", ())
    job = values.pop("job", None)
    turn = store.append(conversation, prompt=prompt, images=images, job=job)
    done = replace(turn, reply=reply, finish_reason="stop", **values)
    store.finish(conversation, done)
    return done


def found(store, query, **filters):
    return [(hit.turn_id, hit.where) for hit in store.search(query, Filters(**filters))]


# What is found


@pytest.mark.parametrize(
    "query",
    ["invoice", "INVOICE", "voic", "of March", "march invoice", '"the invoice"', "发票", "票",
     "三月", "１２", "12.50", "ＡＢＣ", "in", '"', "“quoted”", "*", "%"],
)  # fmt: skip
def test_a_turn_is_found_by_any_piece_of_its_text(store, conversation, query):
    say(
        store,
        conversation,
        "Show the invoice of March",
        '发票：三月，合计 12.50 abc “quoted” " * %',
    )
    say(store, conversation, "other")

    assert [hit.turn_id for hit in store.search(query)] == [1]


@pytest.mark.parametrize("query", ["invoices", "march april", '"invoice the"', "票发", "xyz", "_"])
def test_a_turn_without_the_words_is_not_found(store, conversation, query):
    say(store, conversation, "Show the invoice of March", "发票")

    assert store.search(query) == []


def test_the_newest_comes_first(store, conversation):
    for _ in range(3):
        say(store, conversation, "again")

    assert [hit.turn_id for hit in store.search("again")] == [3, 2, 1]
    assert [hit.turn_id for hit in store.search("again", limit=2)] == [3, 2]


def test_it_says_where_the_words_stand(store, conversation):
    store.rename(conversation, "Groceries")
    store.tag(conversation, ["food", "2026"])
    say(store, conversation, "prompt here", "reply here", fields={"total": {"value": "12.50"}})

    assert found(store, "groceries") == [(None, "name")]
    assert found(store, "food") == [(None, "tags")]
    assert found(store, "prompt") == [(1, "prompt")]
    assert found(store, "reply") == [(1, "reply")]
    assert found(store, "12.50") == [(1, "fields")]


def test_a_hit_has_the_conversations_title(store, conversation):
    say(store, conversation, "Hello there")

    [hit] = store.search("there")
    assert (hit.title, hit.conversation_id) == ("Hello there", conversation)


def test_the_excerpt_shows_the_words_in_it(store, conversation):
    say(store, conversation, "x" * 500 + "\nThe Invoice, and the invoice\n" + "y" * 500)

    [hit] = store.search("invoice")

    assert [hit.excerpt[start:end] for start, end in hit.highlights] == ["Invoice", "invoice"]
    assert hit.excerpt[0] == hit.excerpt[-1] == "…"
    assert "\n" not in hit.excerpt
    assert len(hit.excerpt) < 200


def test_without_words_the_filters_alone_choose(store, conversation):
    say(store, conversation, "a", job="receipt", fields={"total": "$1,234.50"}, engine="reader")
    say(store, conversation, "b", images=[IMAGE], fields={"total": 9.5}, engine="qwen")
    say(store, conversation, "c", timestamp="2020-02-14T09:30:12.345Z")

    def ids(**filters):
        return [hit.turn_id for hit in store.search("", Filters(**filters))]

    assert ids() == [2, 1, 3]
    assert ids(job="receipt") == ids(total_from=1000) == ids(engine="reader") == [1]
    assert ids(has_picture=True) == ids(total_to=10) == ids(engine="qwen") == [2]
    assert ids(has_picture=False) == [1, 3]
    assert ids(until="2020-02-14") == ids(since="2020-02", until="2020") == [3]
    assert ids(since="2020-02-15") == [2, 1]


def test_each_receipt_of_a_turn_is_found_by_its_total(store, conversation):
    receipts = [{"schema_version": 1, "total": {"value": each}} for each in ("5.00", "20.00")]
    say(store, conversation, "two", job="receipt", fields={"receipts": receipts})

    def is_found(**filters):
        return bool(store.search("", Filters(**filters)))

    assert is_found(total_from=20, total_to=20)
    assert is_found(total_to=5)
    assert not is_found(total_from=6, total_to=19)


def test_words_and_filters_count_together(store, conversation):
    say(store, conversation, "lunch", job="receipt")
    say(store, conversation, "lunch")

    assert found(store, "lunch", job="receipt") == [(1, "prompt")]


def test_naughty_text_can_be_searched_for(store, conversation):
    for text in ("\ud800 lone", "q\x00z w", "'; DROP TABLE doc; --", 'say "cheese"', "NEAR(a b)"):
        say(store, conversation, text)

    assert found(store, "lone") == [(1, "prompt")]
    assert found(store, "q\x00z") == [(2, "prompt")]
    assert found(store, "DROP TABLE") == [(3, "prompt")]
    assert found(store, '"cheese"') == [(4, "prompt")]
    assert found(store, "near(a") == [(5, "prompt")]
    assert found(store, "\ud800") is not None


texts = st.text(st.sampled_from("abAB 发票Éé１\n“\"'*%"), max_size=30)


@settings(deadline=None, max_examples=40)
@given(st.lists(texts, min_size=1, max_size=6), st.lists(texts, min_size=5, max_size=10))
def test_search_finds_what_looking_at_all_text_finds(tmp_path_factory, prompts, queries):
    store = Store(tmp_path_factory.mktemp("search") / "history")
    conversation = store.create().id
    for prompt in prompts:
        say(store, conversation, prompt)
    folding = Folding()

    for query in queries:
        terms = terms_of(query, folding)
        expected = [
            number for number, prompt in enumerate(prompts, 1)
            if all(term in folding.fold(prompt) for term in terms)
        ]  # fmt: skip
        hits = [hit.turn_id for hit in store.search(query) if hit.turn_id]
        assert sorted(hits) == expected


@settings(deadline=None)
@given(st.text(max_size=400), st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_highlights_are_inside_the_excerpt(text, words):
    folding = Folding()
    terms = [folding.fold(word) for word in words]

    shown, spans = excerpt(text, terms, folding)

    ends = [0, *(place for span in spans for place in span), len(shown)]
    assert ends == sorted(ends)
    for start, end in spans:
        assert folding.fold(shown[start:end]).strip() or not shown[start:end].strip()


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text):
    folding = Folding()

    assert len(folding.fold(text)) == len(text)
    assert [folding.fold(each) for each in text] == list(folding.fold(text))


# In step with the files


def settle(store):
    for path in store.root.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize("settled", [True, False])
def test_each_change_is_found_at_once(store, conversation, settled):
    def change(action):
        store.search("")
        if settled:
            settle(store)
            store.search("")
        return action()

    turn = change(lambda: say(store, conversation, "first words"))
    assert found(store, "first") == [(1, "prompt")]
    change(lambda: store.finish(conversation, replace(turn, reply="changed", prompt="other")))
    assert (found(store, "first"), found(store, "changed")) == ([], [(1, "reply")])
    change(lambda: store.rename(conversation, "a name"))
    assert found(store, "a name") == [(None, "name")]
    change(lambda: store.trash.delete_turn(conversation, 1))
    assert found(store, "changed") == []
    change(store.trash.undo)
    assert found(store, "changed") == [(1, "reply")]
    change(lambda: store.trash.delete_conversation(conversation))
    assert found(store, "") == found(store, "changed") == []
    change(store.trash.undo)
    assert found(store, "changed") == [(1, "reply")]


def test_what_another_process_writes_is_found(store, conversation):
    store.search("")

    say(Store(store.root), conversation, "from elsewhere")

    assert found(store, "elsewhere") == [(1, "prompt")]


def test_nothing_is_read_again_that_did_not_change(store, conversation, monkeypatch):
    say(store, conversation, "words")
    settle(store)
    store.index.sync()
    monkeypatch.setattr(history.files, "read", None)

    assert found(Store(store.root), "words") == [(1, "prompt")]


def test_a_list_in_a_new_process_reads_only_what_changed(store, conversation, monkeypatch):
    say(store, conversation, "words", images=[IMAGE])
    store.tag(conversation, ["b", "a"])
    settle(store)
    store.index.sync()
    before = store.conversations()
    monkeypatch.setattr(history.files, "read", None)

    assert Store(store.root).conversations() == before


def test_a_damaged_turn_is_not_found_but_costs_nothing_else(store, conversation):
    say(store, conversation, "words one")
    say(store, conversation, "words two")
    (store.root / conversation / "0001.json").write_bytes(b"{")

    assert found(store, "words") == [(2, "prompt")]


# The index's own file


def index_file(store):
    return store.root / ".index" / "turns.sqlite"


def test_a_deleted_index_is_made_again(store, conversation):
    say(store, conversation, "words")
    store.search("")
    index_file(store).unlink()

    assert found(store, "words") == [(1, "prompt")]
    assert index_file(store).exists()


def cut(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten(path):
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)


def without_a_table(path):
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE doc")
    connection.close()


def of_another_version(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


DAMAGE = {
    "not a database": lambda path: path.write_bytes(b"x" * 10_000),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": cut,
    "overwritten": overwritten,
    "without a table": without_a_table,
    "of another version": of_another_version,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_is_made_again_without_a_word(store, conversation, damage, caplog):
    for number in range(200):
        say(store, conversation, f"words {number}")
    store.index.sync()
    for path in index_file(store).parent.glob("*-*"):  # all of it is in the file itself
        path.unlink()
    damage(index_file(store))

    assert len(store.search("words", limit=500)) == 200
    assert len(store.conversations()) == 1
    assert damage is DAMAGE["empty"] or "index" in caplog.text


def test_a_link_to_a_file_elsewhere_does_not_harm_it(store, conversation, tmp_path):
    say(store, conversation, "words")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine" * 5_000)
    index_file(store).parent.mkdir()
    index_file(store).symlink_to(elsewhere)

    assert found(store, "words") == [(1, "prompt")]
    assert elsewhere.read_bytes() == b"mine" * 5_000


def test_where_no_index_can_be_made_it_is_kept_in_memory(store, conversation):
    say(store, conversation, "words")
    (store.root / ".index").write_text("a file in its place")

    assert found(store, "words") == [(1, "prompt")]
    say(store, conversation, "more words")
    assert found(store, "words") == [(2, "prompt"), (1, "prompt")]


def test_after_a_purge_no_word_is_left_in_the_index(store, conversation):
    say(store, conversation, "canary")
    say(store, conversation, "words")
    store.search("canary")
    store.trash.delete_turn(conversation, 1)
    assert found(store, "canary") == []

    store.purge(older_than_days=0)

    left = [path for path in store.root.rglob("*") if path.is_file()]
    assert not any(b"canary" in path.read_bytes() for path in left)
    assert found(store, "words") == [(2, "prompt")]


SEARCH_MANY = """
import sys
from pathlib import Path
from history import Store

store = Store(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(30):
    store.append(sys.argv[2], prompt=f"{sys.argv[3]} word")
    hits = store.search(f"{sys.argv[3]} word")
    assert len(hits) == number + 1, (number, len(hits))
    if number == 20:
        store.index.forget()
print("done")
"""


def test_two_processes_use_one_index_at_once(store):
    programs = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", SEARCH_MANY, store.root, store.create().id, name],
            env={"PYTHONPATH": str(Path(history.__file__).parents[1])},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("anna", "bert")
    ]  # fmt: skip
    for each in programs:
        each.stdin.write("go\n")
        each.stdin.flush()

    assert [each.communicate()[0] for each in programs] == ["done\n", "done\n"]
    assert len(store.search("word", limit=100)) == 60


def test_a_clock_that_is_wrong_costs_no_hit(store, conversation):
    for timestamp in (
        "",
        "yesterday",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-14",
    ):
        say(store, conversation, "words", timestamp=timestamp)

    assert len(store.search("words")) == 5


def test_a_folder_that_changed_just_now_is_looked_at_again(store, conversation, monkeypatch):
    monkeypatch.setattr(history.listing, "SETTLED_NS", 3_600 * 10**9)  # on any machine
    # A folder's time may be the same after two changes in a row.
    say(store, conversation, "one")
    store.search("")
    stamp = (store.root / conversation).stat()
    say(store, conversation, "two")
    os.utime(store.root / conversation, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert found(store, "two") == [(2, "prompt")]


def test_looking_for_something_makes_no_store(store):
    assert store.search("words") == []
    assert not store.root.exists()


def test_the_index_is_for_its_owner_alone(store, conversation):
    say(store, conversation, "words")
    store.search("words")

    for path in (store.root / ".index", *(store.root / ".index").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_turn_without_a_prompt_shows_its_reply(store, conversation):
    say(store, conversation, "", "a reply")

    [hit] = store.search("", Filters(has_picture=False))
    assert (hit.where, hit.excerpt) == ("reply", "a reply")
