"""Requests of a page that are held on their way, so that something can happen meanwhile."""

import contextlib
import time
from collections.abc import Callable, Iterator

from playwright.sync_api import Page, Route

from tests.browser import WAIT_MS


@contextlib.contextmanager
def held(page: Page, url: str, method: str, *, after: int = 0) -> Iterator[Callable[[], None]]:
    """Hold what is asked of ``url`` once so many went on; yield what lets the next one go on.

    At the end of the block all of them do.
    """
    went: list[Route] = []
    waiting: list[Route] = []
    ended = False

    def take(route: Route) -> None:
        is_free = ended or len(went) < after or route.request.method != method
        if is_free:
            route.continue_()
        if route.request.method == method:
            (went if is_free else waiting).append(route)

    def let_go() -> None:
        until = time.monotonic() + WAIT_MS / 1e3
        while not waiting:
            assert time.monotonic() < until, f"nothing was asked of {url}"
            page.evaluate("0")  # Playwright hands requests over while it is asked something
        waiting.pop(0).continue_()

    page.route(url, take)
    try:
        yield let_go
    finally:
        ended = True
        for route in waiting:
            route.continue_()
        page.unroute(url)
