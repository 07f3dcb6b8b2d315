"""The jobs as tools, as a client of the Model Context Protocol sees them."""

import asyncio
import sys
from threading import Event

import httpx
import pytest
from mcp import Client

import app.api.tools  # noqa: F401  it is there: the test below takes it away
from app.config import ConfigError
from tests.api_lab import WAIT_S, data_uri, leaving, programs_served
from vision.fake import FakeEngine
from vision.reader.engine import ReaderEngine


@pytest.fixture
def url(assistant_with, decoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with programs_served(
        assistant_with(ReaderEngine(decoder)), tmp_path, api=False, mcp=True
    ) as served:
        yield served


def called(url, name, **given):
    """Return what a tool answers."""

    async def call():
        async with Client(f"{url}/mcp") as client:
            return await client.call_tool(name, given)

    return asyncio.run(call())


def test_the_jobs_are_the_tools(url):
    async def listed():
        async with Client(f"{url}/mcp") as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    assert asyncio.run(listed()) == {"ask", "receipt", "html", "text"}


def test_a_receipt_is_read(url, receipt, store):
    answer = called(url, "receipt", picture=data_uri(receipt))

    [read] = answer.structured_content["receipts"]
    assert (read["total"]["value"], read["merchant"]["value"]) == ("8.16", "CORNER SHOP LTD")
    assert store.conversations() == []


def test_a_question_is_answered(url, receipt):
    answer = called(url, "ask", picture=data_uri(receipt), question="What is the total?")

    assert "8.16" in answer.content[0].text


def test_a_picture_in_the_folder_for_it_is_read_by_name(url, receipt, tmp_path):
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "lunch.png").write_bytes(receipt)

    answer = called(url, "text", picture="uploads/lunch.png")

    assert "TOTAL 8.16" in answer.structured_content["text"]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ("http://127.0.0.1:9/x.png", "no address is ever fetched"),
        ("secret.png", "no address is ever fetched"),
        ("uploads/../secret.png", "is outside ./uploads"),
        ("uploads/none.png", "There is no file"),
        ("data:image/png;base64,aGVsbG8=", "a file of the kind TXT"),
    ],
)
def test_no_other_picture_is_read(url, tmp_path, receipt, picture, reason):
    (tmp_path / "secret.png").write_bytes(receipt)

    answer = called(url, "text", picture=picture)

    assert answer.is_error
    assert reason in answer.content[0].text


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_another_site_s_page_calls_no_tool(url, origin):
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

    assert httpx.post(f"{url}/mcp", json=call, headers={"origin": origin}).status_code == 403


def test_without_the_package_the_way_to_it_is_told(monkeypatch, tmp_path, assistant_with):
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.delitem(sys.modules, "app.api.tools")

    with (
        pytest.raises(ConfigError, match=r"pip install -e '\.\[mcp\]'"),
        programs_served(assistant_with(FakeEngine()), tmp_path, mcp=True),
    ):
        pass


def test_a_client_that_leaves_frees_the_reader(assistant_with, decoder, receipt, tmp_path):
    begun = Event()

    class Slow(ReaderEngine):
        def read(self, image, conversation="", cancel=None):
            begun.set()
            # What a large picture does between two of its lines: look at ``cancel``.
            assert cancel.wait(WAIT_S)
            return super().read(image, conversation, cancel)

    assistant = assistant_with(Slow(decoder))
    with programs_served(assistant, tmp_path, mcp=True) as url:
        call = {
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "text", "arguments": {"picture": data_uri(receipt)}},
        }  # fmt: skip
        headers = {"accept": "application/json, text/event-stream"}
        with leaving(f"{url}/mcp", json=call, headers=headers):
            assert begun.wait(WAIT_S)
            [run] = assistant._runs.all()

        assert run.ended.wait(WAIT_S)
