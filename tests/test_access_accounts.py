"""Users' passwords and tokens on disk, who waits after wrong ones, and how long a session lasts."""

import json
import os
import time

import pytest
from argon2 import PasswordHasher

from app.access.accounts import SHORTEST, Accounts
from app.access.command import password
from app.access.lockout import FREE, LONGEST_S, Lockout
from app.access.sessions import AGE_S, Sessions
from app.cli import main
from app.config import Config, ConfigError, ServerConfig
from tests.access_lab import PASSWORDS, QUICK, accounts_at


@pytest.fixture
def accounts(tmp_path):
    return accounts_at(tmp_path)


def test_only_the_right_password_of_the_right_user_is_known(accounts):
    anna, bob = PASSWORDS["anna"], PASSWORDS["bob"]

    assert accounts.knows("anna", anna)
    for name, given in [("anna", bob), ("bob", anna), ("anna", ""), ("eve", anna), ("", "")]:
        assert not accounts.knows(name, given)


def test_a_file_holds_no_password(accounts, tmp_path):
    token = accounts.new_token("anna")

    kept = (tmp_path / "users.json").read_text()

    assert not any(secret in kept for secret in (*PASSWORDS.values(), token))
    assert all(each["password"].startswith("$argon2id$") for each in json.loads(kept).values())


def test_only_its_owner_may_read_the_file(accounts, tmp_path):
    assert (tmp_path / "users.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["users.json"]


def test_a_file_that_others_can_read_is_refused(accounts, tmp_path):
    (tmp_path / "users.json").chmod(0o640)

    with pytest.raises(ConfigError, match="chmod 600"):
        accounts.all()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"anna": "x"}', '{"../bob": {}}', '{"anna": {"a": {}}']
)
def test_a_file_that_is_no_users_is_refused(content, tmp_path):
    file = tmp_path / "users.json"
    file.touch(0o600)
    file.write_text(content)

    with pytest.raises(ConfigError):
        Accounts(file, QUICK).all()


def test_a_password_that_was_changed_beside_holds_at_once(accounts, tmp_path):
    accounts_at(tmp_path, {"anna": "another one altogether"})

    assert not accounts.knows("anna", PASSWORDS["anna"])
    assert accounts.knows("anna", "another one altogether")


def test_a_user_that_was_removed_is_nobody(accounts):
    token = accounts.new_token("anna")

    accounts.remove("anna")

    assert not accounts.knows("anna", PASSWORDS["anna"])
    assert accounts.with_token(token) is None
    assert accounts.knows("bob", PASSWORDS["bob"])


def test_the_last_token_is_known_and_the_one_before_is_not(accounts):
    before, last = accounts.new_token("anna"), accounts.new_token("anna")

    assert accounts.with_token(last) == "anna"
    assert accounts.with_token(before) is None
    assert accounts.with_token("") is None


def test_a_user_without_a_password_cannot_sign_in(tmp_path):
    file = tmp_path / "users.json"
    file.touch(0o600)
    file.write_text('{"anna": {}}')

    assert not any(Accounts(file, QUICK).knows("anna", given) for given in ("", "anna"))


def test_nobody_costs_the_work_of_a_user(tmp_path):
    hashed = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):  # noqa: A002  the library's own name
            hashed.append(hash.split("$")[3])  # its costs
            return super().verify(hash, password)

    accounts = Accounts(tmp_path / "users.json", Counting())
    accounts.set_password("anna", PASSWORDS["anna"])
    for name in ("anna", "nobody"):
        accounts.knows(name, "a wrong one, surely")

    assert hashed == [hashed[0]] * 2


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "Anna", "a" * 33, "é", "-a", "a b", "a\n", "a\0"]
)
def test_what_could_name_another_folder_is_no_name(name, tmp_path):
    with pytest.raises(ConfigError, match="cannot be a user's name"):
        Accounts(tmp_path / "users.json", QUICK).set_password(name, PASSWORDS["anna"])


def test_a_password_too_short_is_refused_with_the_numbers(tmp_path):
    accounts = Accounts(tmp_path / "users.json", QUICK)

    with pytest.raises(ConfigError, match=rf"has 11 characters; it needs {SHORTEST} or more"):
        accounts.set_password("anna", "x" * 11)
    accounts.set_password("anna", "x" * 12)


def test_a_password_that_was_typed_differently_twice_is_not_taken(tmp_path):
    config = Config(server=ServerConfig(users=str(tmp_path / "users.json")))
    typed = iter([PASSWORDS["anna"], PASSWORDS["bob"]])

    with pytest.raises(ConfigError, match="differ"):
        password(config, "anna", "password", lambda _: next(typed))
    assert not (tmp_path / "users.json").exists()


def test_the_command_adds_a_user_and_removes_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(password, "__defaults__", (lambda _: PASSWORDS["anna"],))

    assert main(["password", "anna"]) == 0
    assert Accounts(tmp_path / "users.json").knows("anna", PASSWORDS["anna"])
    assert main(["password", "anna", "--token"]) == 0
    token = capsys.readouterr().out.strip()
    assert Accounts(tmp_path / "users.json").with_token(token) == "anna"
    assert main(["password", "anna", "--remove"]) == 0
    assert Accounts(tmp_path / "users.json").all() == {}


def test_the_command_says_what_a_user_can_mend(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert main(["password", "../anna"]) == 2
    assert main(["password", "anna", "--remove"]) == 2
    assert "There is no user 'anna'" in capsys.readouterr().err


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


def wrong(lockout, keys, times):
    return [lockout.begin(keys) for _ in range(times)]


def test_one_waits_longer_after_each_wrong_password():
    clock, waits = Clock(), []
    lockout = Lockout(clock)
    assert wrong(lockout, ["a"], FREE) == [0] * FREE

    for _ in range(9):
        waits.append(wait := lockout.begin(["a"]))
        clock.now += wait
        assert lockout.begin(["a"]) == 0

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, LONGEST_S]


def test_wrong_passwords_for_one_user_are_counted_from_all_addresses():
    lockout = Lockout(Clock())
    for n in range(FREE):
        lockout.begin(["user anna", f"address {n}"])

    assert lockout.begin(["user anna", "address 99"]) > 0
    assert lockout.begin(["user bob", "address 98"]) == 0


def test_wrong_passwords_from_one_address_are_counted_for_all_users():
    lockout = Lockout(Clock())
    for n in range(FREE):
        lockout.begin([f"user {n}", "address 1"])

    assert lockout.begin(["user anna", "address 1"]) > 0


def test_a_right_password_starts_anew():
    lockout = Lockout(Clock())
    wrong(lockout, ["a"], FREE - 1)
    lockout.begin(["a"])
    lockout.right(["a"])

    assert wrong(lockout, ["a"], FREE) == [0] * FREE


def test_no_more_names_are_remembered_than_there_is_room_for():
    lockout = Lockout(Clock())
    for n in range(10_050):
        lockout.begin([f"user {n}"])

    assert len(lockout._tries) == 10_000


def test_a_session_ends_when_it_is_old():
    clock = Clock()
    sessions = Sessions(clock)
    cookie = sessions.begin("anna", "proof")
    assert sessions.of(cookie) == ("anna", "proof")

    clock.now += AGE_S

    assert sessions.of(cookie) is None


def test_a_session_ends_when_its_user_leaves():
    sessions = Sessions()
    stays, leaves = sessions.begin("anna", ""), sessions.begin("anna", "")

    sessions.end(leaves)

    assert sessions.of(leaves) is None
    assert sessions.of(stays) == ("anna", "")


@pytest.mark.parametrize("cookie", ["", "x", "\udcff", "a" * 10_000])
def test_what_was_not_given_out_is_no_session(cookie):
    assert Sessions().of(cookie) is None


def test_the_memory_holds_no_cookie():
    sessions = Sessions()
    cookie = sessions.begin("anna", "")

    assert cookie not in repr(vars(sessions))


def test_one_user_s_many_sessions_push_out_only_their_own():
    sessions = Sessions()
    bobs, first = sessions.begin("bob", ""), sessions.begin("anna", "")
    for _ in range(64):
        last = sessions.begin("anna", "")

    assert sessions.of(bobs)
    assert sessions.of(last)
    assert sessions.of(first) is None


def test_a_file_with_the_same_time_but_other_content_is_read_again(accounts, tmp_path):
    file = tmp_path / "users.json"
    assert set(accounts.all()) == {"anna", "bob"}
    state = file.stat()

    accounts_at(tmp_path, {"carl": "a third one, and long"})
    os.utime(file, ns=(time.time_ns(), state.st_mtime_ns))

    assert set(accounts.all()) == {"anna", "bob", "carl"}
