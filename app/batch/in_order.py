"""Work done several at a time, its results in the order it was given: for engines on a server."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Result = TypeVar("Result")

AHEAD = 2  # tasks begun for each that can be under way: results wait for a slow one before them


def in_order(
    tasks: Iterable[Callable[[], Result]], parallel: int, cancel: Event
) -> Generator[Result, None, None]:
    """Yield what each task returns; ``parallel`` are under way, and twice as many held at most.

    Where this ends early, such as by Ctrl+C, ``cancel`` is set, and those under way are waited for.
    """
    if parallel == 1:  # in this thread, which is the engine's
        for task in tasks:
            yield task()
        return
    with ThreadPoolExecutor(parallel, thread_name_prefix="batch") as pool:
        try:
            yield from _results(tasks, pool, AHEAD * parallel)
        except BaseException:
            cancel.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _results(
    tasks: Iterable[Callable[[], Result]], pool: Executor, most: int
) -> Generator[Result, None, None]:
    waiting: deque[Future[Result]] = deque()
    for task in tasks:
        waiting.append(pool.submit(task))
        while waiting and (len(waiting) == most or waiting[0].done()):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
