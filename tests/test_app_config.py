import dataclasses
import tomllib
from pathlib import Path

import pytest

from app.config import Config, ConfigError, load

CONFIG_TOML = Path(__file__).parents[1] / "config.toml"


def refused(tmp_path: Path, toml: str) -> str:
    file = tmp_path / "config.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file)
    return str(error.value).replace(str(file), "config.toml")


def test_config_toml_holds_every_key_at_its_default():
    assert tomllib.loads(CONFIG_TOML.read_text(encoding="utf-8")) == dataclasses.asdict(Config())


def test_every_key_of_config_toml_says_what_it_means():
    lines = CONFIG_TOML.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if " = " in line and "#" not in line] == []


def test_the_file_goes_over_the_defaults(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 8000\n", encoding="utf-8")

    config = load(file)

    assert config.server.port == 8000
    assert config.server.host == Config().server.host


def test_the_command_line_goes_over_the_file(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 8000\n", encoding="utf-8")

    assert load(file, {"server": {"port": 9000}}).server.port == 9000


def test_an_unknown_key_is_named_with_the_likely_word(tmp_path):
    message = refused(tmp_path, "[engine]\nmax_pixel = 1\n")

    assert message == (
        "config.toml: [engine]: key 'max_pixel' is unknown; did you mean 'max_pixels'?"
    )


def test_an_unknown_table_is_named_with_the_likely_word(tmp_path):
    assert "table 'engin' is unknown; did you mean 'engine'?" in refused(tmp_path, "[engin]\n")


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[server]\nport = 99999\n", "port = 99999 should be less than or equal to 65535."),
        ("[server]\nport = '7860'\n", "port = '7860' should be a valid integer."),
        ("[engine]\nkind = 'qwenn'\n", "kind = 'qwenn' should be 'auto', 'qwen'"),
        ("[sampling]\ntemperature = -1.0\n", "should be greater than or equal to 0."),
        ("[sampling]\nmax_new_tokens = true\n", "should be a valid integer."),
        ("server = 1\n", "'server' must be a table"),
        ("[engine]\nmin_pixels = 5000\nmax_pixels = 4000\n", "min_pixels (5,000) is above"),
        ("[server\n", "cannot be read as TOML"),
    ],
)
def test_a_bad_value_is_named_with_what_it_may_be(tmp_path, toml, reason):
    assert reason in refused(tmp_path, toml)


def test_a_config_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml")
