"""Lines kept between turns."""

from vision.engine import Line
from vision.reader.cache import LineCache

LINES = (Line("TOTAL 12.50", (10, 20, 110, 40), 0.98),)


def test_kept_lines_are_given_back():
    cache = LineCache()
    cache.put("a", "one", LINES)

    assert cache.get("a", "one") == LINES


def test_a_picture_without_text_is_kept_too():
    cache = LineCache()
    cache.put("a", "one", ())

    assert cache.get("a", "one") == ()


def test_the_picture_not_asked_for_longest_goes_first():
    cache = LineCache(most=2)
    cache.put("a", "one", LINES)
    cache.put("b", "one", LINES)
    cache.get("a", "one")
    cache.put("c", "one", LINES)

    assert [cache.get(sha256, "one") is not None for sha256 in "abc"] == [True, False, True]


def test_forgetting_a_conversation_keeps_what_another_asked_for():
    cache = LineCache()
    cache.put("a", "one", LINES)
    cache.put("b", "one", LINES)
    cache.get("b", "two")
    cache.forget("one")

    assert [cache.get(sha256, "two") is not None for sha256 in "ab"] == [False, True]


def test_the_size_returns_to_zero():
    cache = LineCache(most=2)
    for sha256 in "abca":
        cache.put(sha256, "one", LINES)
    full = cache.size_bytes
    cache.forget("one")

    assert (full > 0, cache.size_bytes) == (True, 0)
