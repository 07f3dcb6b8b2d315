"""How reading ends early: whoever has something long to do asks between its steps."""

from threading import Event


class Cancelled(Exception):
    """Reading was ended by the user."""


def check(cancel: Event) -> None:
    """Raise ``Cancelled`` once ``cancel`` is set."""
    if cancel.is_set():
        raise Cancelled
