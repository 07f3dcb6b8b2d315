import pytest
from starlette.datastructures import Headers

from app.api.token import knows, token_for
from app.config import ConfigError, ServerConfig
from tests.api_lab import TOKEN

ON = ServerConfig(api=True)


def test_no_token_is_needed_on_this_machine():
    assert token_for(ON, {}) == ""


@pytest.mark.parametrize("on", [{"api": True}, {"mcp": True}])
@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::"])  # noqa: S104
def test_a_token_is_needed_where_others_can_ask(host, on):
    with pytest.raises(ConfigError, match="programs need a token"):
        token_for(ServerConfig(host=host, **on), {})


def test_the_token_comes_from_the_environment():
    assert token_for(ON, {"SECOND_LOOK_TOKEN": f"{TOKEN}\n"}) == TOKEN


def test_the_token_comes_from_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")

    assert token_for(ServerConfig(api=True, token_file=str(file)), {}) == TOKEN


def test_a_file_that_others_can_read_is_warned_of(tmp_path, caplog):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)

    token_for(ServerConfig(api=True, token_file=str(file)), {})

    assert "can be read by other users" in caplog.text
    assert TOKEN not in caplog.text


def test_a_file_that_is_not_there_stops_the_start(tmp_path):
    with pytest.raises(ConfigError, match="token_file"):
        token_for(ServerConfig(api=True, token_file=str(tmp_path / "none")), {})


@pytest.mark.parametrize(
    "weak", ["hunter2", "a" * 40, "abcabcabcabcabcabcabcabc", "zQ3vXw8Kp1LrTn6YbHs2Dé"]
)
def test_a_token_that_can_be_guessed_stops_the_start(weak):
    with pytest.raises(ConfigError, match="too easy to guess") as refusal:
        token_for(ON, {"SECOND_LOOK_TOKEN": weak})

    assert weak not in str(refusal.value)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (f"Bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Bearer {TOKEN.lower()}", False),
        ("Bearer", False),
        ("", False),
    ],
)
def test_only_the_whole_token_is_known(sent, known):
    assert knows(Headers({"authorization": sent}), TOKEN) is known


def test_where_there_is_no_token_all_are_known():
    assert knows(Headers(), "")
