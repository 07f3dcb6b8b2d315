"""A tab of the page without a browser: the requests that a browser's tab makes, and no others.

Found by what the page says of itself (``/config``): where the page changes, it breaks loudly.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx

LIMIT_S = 120.0  # for an answer; beyond it the page hangs


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which of the page's functions is bound to what."""

    by_event: Mapping[tuple[str, str], int]  # an element's id and an event: the function
    after: Mapping[int, Sequence[int]]  # a function: those that follow it

    @classmethod
    def of(cls, client: httpx.Client) -> Self:
        """Ask the page."""
        config = client.get("/config").raise_for_status().json()
        names = {each["id"]: _name(each) for each in config["components"]}
        by_event: dict[tuple[str, str], int] = {}
        after: dict[int, list[int]] = {}
        for each in config["dependencies"]:
            if (before := each.get("trigger_after")) is not None and each["backend_fn"]:
                after.setdefault(before, []).append(each["id"])
            for component, event in each["targets"]:
                by_event.setdefault((names.get(component, "page"), event), each["id"])
        return cls(by_event, after)


def _name(component: Mapping[str, Any]) -> str:
    props = component.get("props") or {}
    return str(props.get("elem_id") or component["type"])


class Tab:
    """One session of the page. Not thread-safe: a tab has one user."""

    def __init__(self, url: str) -> None:
        headers = {"origin": url, "sec-fetch-site": "same-origin"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=LIMIT_S)
        self._wiring = Wiring.of(self._client)
        self._session = ""
        self._open = ExitStack()  # what the server knows an open tab by
        self.conversation = ""  # the one that is open, as the address has it
        self.refusals: list[str] = []  # sentences that the page showed

    def close(self) -> None:
        """Close the tab: it asks nothing more."""
        self._open.close()
        self._client.close()

    def refresh(self) -> None:
        """Load the page, or load it again, at the address that it has."""
        self._open.close()
        self._session = uuid4().hex
        beating = f"/gradio_api/heartbeat/{self._session}"
        self._open.enter_context(self._client.stream("GET", beating))
        self._shows(self._asked(self._fn("page", "load")))

    def new(self) -> None:
        """Leave the conversation for a new one."""
        self.conversation = ""
        self._asked(self._fn("html", "click"))

    def attach(self, picture: bytes) -> dict[str, Any]:
        """Put a picture into the draft."""
        name = {"x-name": quote("receipt.png")}
        answer = self._client.post("/uploads", content=picture, headers=name).raise_for_status()
        said: dict[str, Any] = answer.json()
        file: dict[str, Any] = said["files"][0]
        # So that another tab's clear leaves it alone.
        self._asked(self._fn("composer", "input"), [], {"draft": {"text": "", "files": [file]}})
        return file

    def send(self, text: str, files: Sequence[Mapping[str, Any]] = ()) -> None:
        """Send a prompt; its reply may be followed."""
        draft = {"place": self.conversation, "text": text, "files": list(files)}
        self._shows(self._asked(self._fn("composer", "submit"), ["auto"], {"draft": draft}))

    def follow(self) -> None:
        """Follow the reply to its end, as the page does by itself after a prompt."""
        sent = self._fn("composer", "submit")
        [following] = self._wiring.after[sent]
        joined = {
            "data": [self.conversation, None],
            "fn_index": following,
            "session_hash": self._session,
        }
        event = self._client.post("/gradio_api/queue/join", json=joined).raise_for_status().json()
        asked = {"session_hash": self._session}
        with self._client.stream("GET", "/gradio_api/queue/data", params=asked) as stream:
            for line in stream.iter_lines():
                said = json.loads(line[5:]) if line.startswith("data:") else {}
                if said.get("event_id") == event["event_id"]:
                    assert said.get("success", True), said
                    if said["msg"] == "process_completed":
                        break
        [shown] = self._wiring.after[following]
        self._shows(self._asked(shown, [self.conversation, None, "auto"]))

    def stop(self) -> None:
        """Stop the reply, under way or waiting."""
        self._asked(self._fn("composer", "stop"), [self.conversation])

    def clear(self, level: str) -> None:
        """Clear, wait for the receipt, and begin a new conversation, as the page does."""
        clear = self._fn("clear", "select")
        self._shows(self._asked(clear, [self.conversation], {"level": level, "confirmed": True}))
        self.conversation = ""
        [receipt] = self._wiring.after[clear]
        self._asked(receipt)

    def delete(self) -> None:
        """Delete the conversation that is open."""
        asked = {"action": "delete", "id": self.conversation}
        self._shows(self._asked(self._fn("html", "edit"), [self.conversation], asked))
        self.conversation = ""

    def export(self, kind: str) -> int:
        """Download all of history; return the bytes."""
        answer = self._client.get(f"/export/everything.{kind}")
        return len(answer.raise_for_status().content)

    def beat(self) -> None:
        """Ask whether anything changed, as an open tab does every few seconds."""
        self._client.get("/pulse", params={"c": self.conversation}).raise_for_status()

    def _fn(self, element: str, event: str) -> int:
        return self._wiring.by_event[element, event]

    def _asked(
        self, fn: int, shown: Sequence[Any] = (), event: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Call one of the page's functions with what the page shows; None: the server keeps it."""
        body = {
            "data": list(shown),
            "event_data": event,
            "fn_index": fn,
            "session_hash": self._session,
        }
        params = {"c": self.conversation} if self.conversation else {}
        answer = self._client.post("/gradio_api/run/predict", json=body, params=params)
        outputs: list[Any] = answer.raise_for_status().json()["data"]
        return outputs

    def _shows(self, outputs: list[Any]) -> None:
        """Take from what the page would draw which conversation is open, and what is refused."""
        for output in outputs:
            shown = output.get("value", output) if isinstance(output, dict) else None
            if isinstance(shown, dict) and "pulse" in shown:
                self.conversation = shown["pulse"]["open"]
            if isinstance(shown, dict) and shown.get("problem"):
                self.refusals.append(str(shown["problem"]))
