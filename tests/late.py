"""Makes the page's server and browser slow on purpose: what a test reads, it must have waited for.

``LATE_MS=300 scripts/test -m browser`` answers each request up to that much late, at random, and
gives Chromium a quarter of its core. Tests that pass so hold on a machine that is busy.
"""

import asyncio
import os
import random

from playwright.sync_api import Page
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LATE_MS = int(os.environ.get("LATE_MS", "0"))
SLOWER = 4  # how much less of a core the page gets


class Late:
    """Hands requests on late, and their answers too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait twice for up to half of ``LATE_MS``: before the request is seen, and after."""

        async def late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _wait()
            await send(message)

        if scope["type"] == "http":
            await _wait()
        await self._app(scope, receive, late)


def slowed(page: Page) -> None:
    """Give ``page`` less of a core."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


async def _wait() -> None:
    await asyncio.sleep(random.uniform(0, LATE_MS / 2000))
