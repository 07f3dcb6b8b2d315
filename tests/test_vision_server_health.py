"""How a server is: what a look of our own does to what is known of it."""

from contextlib import suppress
from threading import Event

from vision.server.health import Found, Health


def test_a_look_that_breaks_is_not_begun_again_at_once():
    held = Event()
    health = Health(lambda: 1 / 0, look_s=60)
    health.now = Found("ready")
    with suppress(ZeroDivisionError):
        health._look_quietly()

    health._find = held.wait
    health.look_if_old()
    begun = health._looking
    held.set()

    assert not begun
