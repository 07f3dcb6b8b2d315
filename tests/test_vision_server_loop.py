import asyncio
import threading
from concurrent.futures import CancelledError
from contextlib import AsyncExitStack

import pytest

from vision.server.loop import Loop


async def forever(started, ended):
    started.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


def test_what_is_begun_runs_and_returns():
    loop = Loop(AsyncExitStack())

    async def work():
        return 3

    assert loop.begin(work()).result(60) == 3
    loop.close()


def test_cancelling_the_future_ends_what_waits():
    loop = Loop(AsyncExitStack())
    started, ended = threading.Event(), threading.Event()
    future = loop.begin(forever(started, ended))
    assert started.wait(60)

    future.cancel()

    assert ended.wait(60)
    loop.close()


def test_closing_ends_what_waits():
    loop = Loop(AsyncExitStack())
    started, ended = threading.Event(), threading.Event()
    future = loop.begin(forever(started, ended))
    assert started.wait(60)

    loop.close()

    assert ended.is_set()
    with pytest.raises(CancelledError):
        future.result(60)


def test_what_is_begun_after_closing_is_cancelled():
    loop = Loop(AsyncExitStack())
    loop.close()
    loop.close()

    future = loop.begin(forever(threading.Event(), threading.Event()))

    assert future.cancelled()


def test_what_is_held_is_left_before_the_loop_ends():
    left = threading.Event()
    stack = AsyncExitStack()
    stack.callback(left.set)

    Loop(stack).close()

    assert left.is_set()
