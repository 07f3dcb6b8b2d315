import importlib
import pkgutil
import re
from string import Formatter

import app
import history
import vision
from app.page.errors_zh import ERRORS_ZH
from app.page.i18n import WORDS
from history import HistoryError
from vision.errors import VisionError


def placeholders(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def errors():
    """Return every expected error that has a sentence, of all three packages."""
    for package in (app, history, vision):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "decode_worker")):
                importlib.import_module(module.name)
    found, seen = [VisionError, HistoryError], []
    while found:
        error = found.pop()
        found += error.__subclasses__()
        if error.text and error.__module__.partition(".")[0] in ("app", "history", "vision"):
            seen.append(error)
    return seen


def test_both_languages_have_the_same_words():
    assert WORDS["en"].keys() == WORDS["zh"].keys()


def test_both_languages_fill_in_the_same_values():
    differing = [
        key
        for key, sentence in WORDS["en"].items()
        if placeholders(sentence) != placeholders(WORDS["zh"][key])
    ]

    assert differing == []


def test_every_error_has_its_sentence_in_chinese():
    missing = {error.__name__ for error in errors()} - ERRORS_ZH.keys()

    assert missing == set()


def test_no_sentence_is_left_of_an_error_that_is_gone():
    assert ERRORS_ZH.keys() - {error.__name__ for error in errors()} == set()


def test_chinese_errors_use_only_values_that_the_error_has():
    wrong = [
        error.__name__
        for error in errors()
        for english, chinese in zip(
            (error.text, error.way_out), ERRORS_ZH.get(error.__name__, ("", "")), strict=True
        )
        if not placeholders(chinese) <= placeholders(error.text) | placeholders(error.way_out)
        or bool(english) != bool(chinese)
    ]

    assert wrong == []


def test_no_english_is_left_in_the_chinese_words():
    names = (
        r"Second Look|Qwen2\.5-VL|HTML|Enter|Shift|Ctrl|CPU|English|\./tmp|config\.toml|token|Top-p"
        r"|bfloat|GiB|\[engine\] url|Porridge|uploads|\{[\w:,]*\}"
    )
    left = [
        key
        for key, sentence in WORDS["zh"].items()
        if re.search("[a-z]{3}", re.sub(names, "", sentence))
    ]

    assert left == []
