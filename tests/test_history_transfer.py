"""Export and import: what went out comes in, byte for byte, and nothing else does."""

import hashlib
import json
import re
import zipfile
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history import (
    ConversationNotFound,
    ExportTooLarge,
    ImageRef,
    ImportRefused,
    Store,
    TurnNotFound,
    export,
)
from history.export import export as export_to
from history.importing import import_file
from history.record import seal, unseal

PICTURES = [b"\x89PNG one", b"\x89PNG two", b"\x89PNG three"]


def ref(picture, name="shot.png"):
    return ImageRef(hashlib.sha256(picture).hexdigest(), "png", 4, 3, name)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history")


@pytest.fixture
def other(tmp_path):
    return Store(tmp_path / "other")


def say(store, conversation, prompt, reply="42", picture=None, **values):
    images = []
    if picture is not None:
        images = [ref(picture)]
        store.put_image(picture, images[0].sha256, "png")
    instead_of = values.pop("instead_of", None)
    turn = store.append(conversation, prompt=prompt, images=images, instead_of=instead_of)
    store.finish(conversation, replace(turn, reply=reply, finish_reason="stop", **values))


@pytest.fixture
def conversation(store):
    """Return a conversation with pictures, versions, a deleted turn and all that a head holds."""
    conversation = store.create("名字 name", "Be brief.").id
    say(store, conversation, "one", picture=PICTURES[0])
    say(store, conversation, "two", picture=PICTURES[1])
    say(store, conversation, "three")
    say(store, conversation, "two again", instead_of=2)
    store.trash.delete_turn(conversation, 3)
    store.choose(conversation, 2)
    store.pin(conversation)
    store.tag(conversation, ["work", "发票"])
    return conversation


def kept(store):
    """All that an export must carry: conversations and pictures."""
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in store.root.rglob("*.*")
        if path.is_file() and path.relative_to(store.root).parts[0][0] in "2i"
    }


# Out, and in


def test_a_zip_gives_back_every_byte(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")

    done = import_file(other, tmp_path / "all.zip")

    assert kept(other) == kept(store)
    assert done.conversations == {conversation: conversation}
    assert (done.turns, len(done.pictures), done.missing, done.skipped) == (3, 2, (), ())


def test_a_json_file_gives_back_every_byte_but_the_pictures(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "all.json", "json")

    done = import_file(other, tmp_path / "all.json")

    assert kept(other) == {k: v for k, v in kept(store).items() if not k.startswith("images")}
    assert [image.sha256 for image in done.missing] == [ref(each).sha256 for each in PICTURES[:2]]


def test_the_same_file_imported_twice_adds_nothing(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")
    import_file(other, tmp_path / "all.zip")
    before = kept(other)

    again = import_file(other, tmp_path / "all.zip")

    assert kept(other) == before
    assert [(each.name, each.reason) for each in again.skipped] == [
        (conversation, "it is here already")
    ]


def test_a_conversation_that_went_on_is_here_already(store, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")
    say(store, conversation, "and on")
    store.rename(conversation, "other name")
    before = kept(store)

    assert import_file(store, tmp_path / "all.zip").conversations == {}
    assert kept(store) == before


@pytest.mark.parametrize("form", ["zip", "json"])
def test_another_conversation_of_the_same_name_is_not_overwritten(
    store, other, conversation, tmp_path, form
):
    export_to(store, tmp_path / "all", form)
    folder = other.root / conversation
    other.create()
    folder.mkdir()
    (folder / "0001.json").write_bytes(b"somebody's")

    [place] = import_file(other, tmp_path / "all").conversations.values()
    assert import_file(other, tmp_path / "all").conversations == {}

    assert place != conversation
    assert (folder / "0001.json").read_bytes() == b"somebody's"
    assert other.turns(place) == store.turns(conversation)
    assert json.loads((other.root / place / "conversation.json").read_bytes())["id"] == place


def test_a_deleted_conversation_comes_back_from_an_export(store, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")
    before = kept(store)
    store.trash.delete_conversation(conversation)
    store.purge(older_than_days=0)

    import_file(store, tmp_path / "all.zip")

    assert kept(store) == before


def test_an_import_makes_damaged_pictures_whole(store, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")
    before = kept(store)
    one, two = (store.image_path(ref(each).sha256, "png") for each in PICTURES[:2])
    one.write_bytes(b"damaged")
    two.unlink()

    done = import_file(store, tmp_path / "all.zip")

    assert kept(store) == before
    assert [image.sha256 for image in done.pictures] == [two.stem]


def test_two_conversations_of_a_file_never_get_one_id(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "a.zip", "zip")
    (other.root / conversation).mkdir(parents=True)
    [(_, place)] = import_file(other, tmp_path / "a.zip", dry_run=True).conversations.items()
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr(f"{place}/0001.json", TURN)

    done = import_file(other, tmp_path / "a.zip")

    assert len(set(done.conversations.values())) == 2
    assert other.turns(done.conversations[place])[0].prompt == "hello"


def test_a_look_at_a_file_changes_nothing(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "all.zip", "zip")

    seen = import_file(other, tmp_path / "all.zip", dry_run=True)

    assert not other.root.exists()
    assert seen == import_file(other, tmp_path / "all.zip")


@pytest.mark.parametrize("form", ["zip", "json", "md", "html"])
def test_the_same_export_gives_the_same_file(store, conversation, tmp_path, form):
    export_to(store, tmp_path / "a", form)
    export_to(store, tmp_path / "b", form)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("form", ["zip", "json"])
def test_turns_can_be_selected(store, other, conversation, tmp_path, form):
    store.create("another")
    done = export_to(store, tmp_path / "some", form, {conversation: [2]})

    import_file(other, tmp_path / "some")

    assert (done.conversations, done.turns) == (1, 1)
    assert other.turns(conversation) == [store.turn(conversation, 2)]


@pytest.mark.parametrize("form", ["zip", "json", "md", "html"])
def test_what_is_not_there_leaves_no_file(store, conversation, tmp_path, form):
    with pytest.raises(TurnNotFound):
        export_to(store, tmp_path / "out", form, {conversation: [9]})
    with pytest.raises(ConversationNotFound):
        export_to(store, tmp_path / "out", form, {"20260214-093012-k3f9": None})

    assert [path.name for path in tmp_path.iterdir()] == ["history"]


def test_what_is_damaged_is_left_out_with_a_sentence(store, other, conversation, tmp_path):
    (store.root / conversation / "0002.json").write_bytes(b"{")
    store.image_path(ref(PICTURES[0]).sha256, "png").unlink()

    done = export_to(store, tmp_path / "all.zip", "zip")
    import_file(other, tmp_path / "all.zip")

    assert len(done.left_out) == 2
    assert "0002.json is damaged" in done.left_out[0]
    assert "is missing" in done.left_out[1]
    assert [turn.id for turn in other.turns(conversation)] == [1, 4]


def test_an_export_that_no_import_would_take_is_refused(store, conversation, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MAX_ENTRIES", 2)

    with pytest.raises(ExportTooLarge):
        export_to(store, tmp_path / "all.zip", "zip")
    assert not (tmp_path / "all.zip").exists()


texts = st.text(st.characters(exclude_categories=()), max_size=40)
turns = st.tuples(
    texts, texts, st.none() | st.sampled_from(PICTURES), st.dictionaries(texts, texts, max_size=2)
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(texts, st.lists(turns, max_size=3)), max_size=3),
    st.sampled_from(["zip", "json"]),
)
def test_whatever_was_written_goes_out_then_in_with_the_same_bytes(
    tmp_path_factory, conversations, form
):
    folder = tmp_path_factory.mktemp("transfer")
    store, other = Store(folder / "a"), Store(folder / "b")
    for title, given_turns in conversations:
        conversation = store.create(title).id
        for prompt, reply, picture, fields in given_turns:
            say(store, conversation, prompt, reply, picture, fields=fields)
    export_to(store, folder / "out", form)

    done = import_file(other, folder / "out")

    assert done.skipped == ()
    there = {k: v for k, v in kept(store).items() if form == "zip" or k[0] == "2"}
    assert (kept(other) if conversations else {}) == there
    export_to(other, folder / "again", form)
    assert (folder / "again").read_bytes() == (folder / "out").read_bytes()


# For people


NAUGHTY = "<script>alert(1)</script> </article> \"'><img src=x onerror=alert(1)> &amp; ]]> <!--"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def test_nothing_in_a_conversation_becomes_part_of_the_page(store, tmp_path):
    conversation = store.create(NAUGHTY).id
    picture = PICTURES[0]
    store.put_image(picture, ref(picture).sha256, "png")
    turn = store.append(conversation, prompt=NAUGHTY, images=[ref(picture, NAUGHTY)])
    error = {"text": NAUGHTY}
    done = replace(turn, reply=NAUGHTY, finish_reason="error", error=error, engine=NAUGHTY)
    store.finish(conversation, done)

    export_to(store, tmp_path / "page.html", "html")

    page = Tags()
    page.feed((tmp_path / "page.html").read_text("utf-8"))
    assert set(page.tags) == {
        "html", "head", "meta", "title", "style", "body", "h2", "article", "header", "img",
        "div", "p",
    }  # fmt: skip
    assert page.tags.count("img") == 1
    assert {name for name, _ in page.attributes} <= {
        "charset", "http-equiv", "content", "name", "class", "dir", "alt", "src",
    }  # fmt: skip
    assert "".join(page.text).count("<script>alert(1)</script>") == 5


def test_a_page_needs_nothing_from_elsewhere(store, conversation, tmp_path):
    export_to(store, tmp_path / "page.html", "html")

    page = (tmp_path / "page.html").read_text("utf-8")
    assert "default-src 'none'" in page[: page.index("<style>")]
    assert len(re.findall('src="data:image/png;base64,', page)) == 2
    assert "http://" not in page
    assert "https://" not in page


def test_people_read_the_version_shown(store, conversation, tmp_path):
    for form in ("md", "html"):
        export_to(store, tmp_path / form, form)
        text = (tmp_path / form).read_text("utf-8")
        assert "one" in text
        assert "two" in text
        assert "two again" not in text


def test_in_markdown_a_prompt_is_quoted_and_a_reply_stands_as_it_is(store, tmp_path):
    conversation = store.create("# not a *heading*").id
    say(store, conversation, "line one\nline two", "| a | b |\n|---|---|\n| 1 | 2 |", PICTURES[0])

    export_to(store, tmp_path / "out.md", "md")

    text = (tmp_path / "out.md").read_text("utf-8")
    assert text.startswith("# \\# not a \\*heading\\*\n")
    assert "> line one\n> line two\n" in text
    assert "\n| a | b |\n|---|---|\n| 1 | 2 |\n" in text
    assert f"- picture: shot.png, 4 × 3, `{ref(PICTURES[0]).sha256}`" in text


# The documented schema


def test_the_schema_names_every_key_that_is_written(store, conversation, tmp_path):
    schema = json.loads((Path(__file__).parents[1] / "docs/history-schema.json").read_bytes())
    export_to(store, tmp_path / "all.json", "json")
    document = json.loads((tmp_path / "all.json").read_bytes())

    def check(value, rule, place):
        rule = schema["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
                 "number": (int, float), "null": type(None)}  # fmt: skip
        if "type" in rule:
            names = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
            assert any(isinstance(value, kinds[name]) for name in names), place
        if "enum" in rule:
            assert value in rule["enum"], place
        if "pattern" in rule and isinstance(value, str):
            assert re.search(rule["pattern"], value), place
        if isinstance(value, dict) and "properties" in rule:
            assert value.keys() <= rule["properties"].keys(), place
            assert set(rule.get("required", ())) <= value.keys(), place
            for key, inner in value.items():
                check(inner, rule["properties"][key], f"{place}.{key}")
        if isinstance(value, list) and "items" in rule:
            for inner in value:
                check(inner, rule["items"], f"{place}[]")

    check(document, schema, "$")
    turn = document["conversations"][0]["turns"][0]
    seeds = {"timestamp", "image_hash", "user_input", "model_output", "latency_ms"}
    assert seeds <= turn.keys()


# What is not ours


def zipped(path, members, **kinds):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = kinds.get("mode", 0o100600) << 16
            info.compress_type = kinds.get("compression", zipfile.ZIP_STORED)
            archive.writestr(info, content)


def refused(other, path, reason):
    with pytest.raises(ImportRefused, match=reason):
        import_file(other, path)
    assert not other.root.exists()


CONVERSATION = "20260214-093012-k3f9"
TURN = seal({"schema": 1, "id": 1, "timestamp": "2026-02-14T09:30:12Z", "user_input": "hello"})
OUTSIDE = [
    "../0001.json", "/etc/passwd", f"{CONVERSATION}/../../0001.json", "C:\\evil", "\\\\host\\x",
    "images/../../x", f"{CONVERSATION}\\..\\x", "a/..", "file:///etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_zip_with_a_name_that_leads_outside_is_refused(other, tmp_path, name):
    zipped(tmp_path / "x.zip", [(f"{CONVERSATION}/0001.json", TURN), (name, b"x")])

    refused(other, tmp_path / "x.zip", "leads outside")


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010666], ids=["link", "device", "pipe"])
def test_a_zip_with_a_link_or_a_device_is_refused(other, tmp_path, mode):
    zipped(tmp_path / "x.zip", [(f"{CONVERSATION}/0001.json", TURN)], mode=mode)

    refused(other, tmp_path / "x.zip", "link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_one_name_twice_is_refused(other, tmp_path):
    zipped(tmp_path / "x.zip", [(f"{CONVERSATION}/0001.json", TURN)] * 2)

    refused(other, tmp_path / "x.zip", "one name")


def test_a_bomb_is_refused(other, tmp_path):
    bomb = [(f"{CONVERSATION}/0001.json", b" " * (8 << 20))]
    zipped(tmp_path / "x.zip", bomb, compression=zipfile.ZIP_DEFLATED)

    refused(other, tmp_path / "x.zip", "too large")


def test_a_bomb_that_lies_about_its_size_is_refused(other, tmp_path):
    path = tmp_path / "x.zip"
    zipped(
        path, [(f"{CONVERSATION}/0001.json", b" " * 1_000_000)], compression=zipfile.ZIP_DEFLATED
    )
    true, lie = (1_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, lie))

    refused(other, path, "damaged")


def test_a_zip_of_zips_that_overlap_is_refused(other, tmp_path):
    path = tmp_path / "x.zip"
    zipped(path, [(f"{CONVERSATION}/{n:04}.json", b"x" * 30_000) for n in range(1, 200)])
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    one = content[: content.index(b"PK\x03\x04", 4)]
    listing = bytearray(content[start:])
    place = 0
    while (place := listing.find(b"PK\x01\x02", place)) >= 0:
        listing[place + 42 : place + 46] = (0).to_bytes(4, "little")
        place += 1
    end = listing.rindex(b"PK\x05\x06")
    listing[end + 16 : end + 20] = len(one).to_bytes(4, "little")
    path.write_bytes(one + bytes(listing))

    refused(other, path, "too large|damaged")


def test_a_zip_with_an_endless_list_is_refused_unread(other, tmp_path):
    path = tmp_path / "x.zip"
    zipped(path, [("a", b"")])
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (33 << 20).to_bytes(4, "little")
    path.write_bytes(content)

    refused(other, path, "list of files")


@pytest.mark.parametrize("length", range(0, 300, 7))
def test_a_zip_that_is_cut_off_is_refused(store, other, conversation, tmp_path, length):
    export_to(store, tmp_path / "x.zip", "zip")
    content = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(content[: len(content) - 1 - length])

    refused(other, tmp_path / "x.zip", "was not imported")


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_zip_with_any_byte_changed_brings_in_nothing_wrong(
    store, conversation, tmp_path_factory, place, change
):
    folder = tmp_path_factory.mktemp("changed")
    export_to(store, folder / "x.zip", "zip")
    content = bytearray((folder / "x.zip").read_bytes())
    content[int(place * len(content))] ^= change
    (folder / "x.zip").write_bytes(content)
    other = Store(folder / "other")

    with suppress(ImportRefused):
        import_file(other, folder / "x.zip")

    assert kept(other).items() <= kept(store).items() if other.root.exists() else True


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("README.txt", b"hello", "no file of ours"),
        ("images/holiday.png", b"x", "no file of ours"),
        (f"images/{'a' * 64}.thumb.webp", b"x", "no file of ours"),
        (f"{CONVERSATION}/0000.json", TURN, "no file of ours"),
        (f"{CONVERSATION}/0001.json~", TURN, "no file of ours"),
        (f"{CONVERSATION.upper()}/0001.json", TURN, "no file of ours"),
        ("__MACOSX/._x", b"", "no file of ours"),
        (f"{CONVERSATION}/0002.json", TURN, "id is not that of its name"),
        (f"{CONVERSATION}/0002.json", TURN.replace(b"hello", b"hellO"), "checksum"),
        (f"{CONVERSATION}/0002.json", TURN[:40], "cut off"),
        (f"{CONVERSATION}/0002.json", b"\xff", "UTF-8"),
        (f"{CONVERSATION}/0002.json", b"\xef\xbb\xbf" + TURN, "cut off or not JSON"),
        (f"{CONVERSATION}/0002.json", b'{"a": 1, "a": 2}', "stands twice"),
        (f"{CONVERSATION}/0002.json", b"[" * 65 + b"1" + b"]" * 65, "nested"),
        (f"{CONVERSATION}/0002.json", b"[" * 100_000, "nested|cut off"),
        (f"{CONVERSATION}/0002.json", b'{"schema": NaN}', "NaN"),
        (f"{CONVERSATION}/0002.json", b'{"schema": 2}', "schema is 2"),
        (f"{CONVERSATION}/0002.gone", b"{}", "schema"),
        (f"{CONVERSATION}/conversation.json", b"{}", "schema"),
        (f"images/{'a' * 64}.png", b"unasked", "no turn refers"),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_skipped_with_a_reason(other, tmp_path, name, content, reason):
    zipped(tmp_path / "x.zip", [(f"{CONVERSATION}/0001.json", TURN), (name, content)])

    done = import_file(other, tmp_path / "x.zip")

    [skipped] = done.skipped
    assert re.search(reason, skipped.reason)
    assert list(kept(other)) == [f"{CONVERSATION}/0001.json"]


def test_a_turn_that_is_too_large_is_skipped(other, tmp_path):
    large = seal(unseal(TURN) | {"id": 2, "user_input": "x" * (16 << 20)})
    members = [(f"{CONVERSATION}/0001.json", TURN), (f"{CONVERSATION}/0002.json", large)]
    zipped(tmp_path / "x.zip", members)

    done = import_file(other, tmp_path / "x.zip")

    assert [each.reason for each in done.skipped] == ["it is larger than 16 MiB"]


def test_a_picture_that_is_not_what_its_name_says_is_skipped(store, other, conversation, tmp_path):
    export_to(store, tmp_path / "a.zip", "zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        members = [
            (name, b"\x89PNG bad" if name.startswith("images") else archive.read(name))
            for name in archive.namelist()
        ]
    zipped(tmp_path / "b.zip", members)

    done = import_file(other, tmp_path / "b.zip")

    assert len(done.skipped) == len(done.missing) == 2
    assert done.pictures == ()
    assert list(other.root.glob("images/*")) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no export"),
        (b"[]", "no export"),
        (b"\x89PNG\r\n\x1a\n", "no export"),
        (b'{"conversations": {}}', "neither"),
        (b'{"conversations": []}', "schema"),
        (b'{"schema": 2, "conversations": []}', "schema"),
        (b'{"schema": 1, "schema": 1, "conversations": []}', "stands twice"),
        (b'{"schema": 1, "conversations": [NaN]}', "NaN"),
        (b"\xef\xbb\xbf{}", "no export"),
        (b"{\xff}", "UTF-8"),
        (b'{"a":' + b"[" * 1_000_000, "nested|cut off"),
        (b'{"schema": 1, "conversations": [' + b"[" * 70 + b"1" + b"]" * 70 + b"]}", "nested"),
        (b"PK\x03\x04", "not JSON"),
    ],
    ids=range(13),
)
def test_json_that_is_no_export_is_refused(other, tmp_path, content, reason):
    (tmp_path / "x.json").write_bytes(content)

    refused(other, tmp_path / "x.json", reason)


def test_records_in_json_that_are_not_whole_are_skipped(other, tmp_path):
    good = json.loads(TURN)
    document = {"schema": 1, "conversations": [
        {"id": CONVERSATION, "turns": [good, good | {"id": 2}, 7, {"id": "../x"}, {"id": -1}],
         "deleted": 5, "conversation": "x"},
        {"id": "../../etc"}, 3, {"id": CONVERSATION[:-1] + "0", "turns": []},
    ]}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps(document))

    done = import_file(other, tmp_path / "x.json")

    assert list(kept(other)) == [f"{CONVERSATION}/0001.json"]
    assert len(done.skipped) == 6 + 0
