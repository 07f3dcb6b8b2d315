"""A program that hangs up between a stream's head and its first event."""

import asyncio
import json

from fastapi import FastAPI

from app.api.chat import chat_routes
from app.api.programs import Programs
from app.tmp_folder import TmpFolder
from tests.api_lab import WAIT_S, Turnstile, user
from vision.fake import FakeEngine


async def hung_up_at_the_head(app):
    """Ask for a stream, and leave when its head has come."""
    body = {"model": "second-look", "stream": True, "messages": [user("Second.")]}
    came = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
    head = asyncio.Event()

    async def receive():
        if came:
            return came.pop()
        await head.wait()
        return {"type": "http.disconnect"}

    async def send(_message):
        head.set()
        await asyncio.Event().wait()  # nobody takes more

    scope = {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }  # fmt: skip
    await app(scope, receive, send)


def test_a_program_that_leaves_before_the_first_event_leaves_the_queue(
    assistant_with, tmp_path, monkeypatch
):
    monkeypatch.setattr("app.api.chat.ERROR_S", 0.0)
    turnstile = Turnstile()
    assistant = assistant_with(FakeEngine(["A reply."], pace=turnstile))
    first = assistant.send(None, "First.")
    assert turnstile.reached.wait(WAIT_S)
    app = FastAPI()
    with TmpFolder(tmp_path / "tmp") as tmp:
        app.include_router(chat_routes(Programs(assistant, tmp)))

        asyncio.run(asyncio.wait_for(hung_up_at_the_head(app), WAIT_S))

        assert assistant.waiting() == 1
        turnstile.passes.release(100)
        assert first.ended.wait(WAIT_S)
