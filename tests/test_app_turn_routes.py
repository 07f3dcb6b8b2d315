"""What the viewer is told of a turn."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.turn_routes import turn_routes
from vision.fake import FakeEngine

CAT = {"text": "cat", "bbox": [1, 2, 3, 4], "image": 0}


@pytest.fixture
def lines_of(store, assistant_with):
    """Ask for the lines of a turn with these fields."""
    app = FastAPI()
    app.include_router(turn_routes(assistant_with(FakeEngine())))

    def asked(fields):
        conversation = store.create().id
        turn = store.append(conversation, prompt="Where is the cat?")
        store.finish(conversation, replace(turn, finish_reason="stop", fields=fields))
        return client.get(f"/turn/{conversation}/{turn.id}").json()["lines"]

    with TestClient(app) as client:
        yield asked


def test_what_a_model_named_is_drawn_as_lines_are(lines_of):
    assert lines_of({"found": [CAT]}) == [CAT]


@pytest.mark.parametrize(
    "found",
    [
        "cat", {"text": "cat"}, [None], [[1, 2, 3, 4]], [CAT | {"text": 7}],
        [CAT | {"bbox": [1, 2, 3]}], [CAT | {"bbox": [1, 2, 3, "<b>"]}], [CAT | {"image": None}],
    ],
)  # fmt: skip
def test_of_an_import_only_what_can_be_drawn_is_told(lines_of, found):
    assert lines_of({"found": found}) == []
