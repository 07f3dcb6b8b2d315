"""The headers with which a program saves a turn in history, and learns where it went."""

from typing import Annotated, Literal

from fastapi import Header

from app.api.programs import Saving
from app.run import Run

SAVE = "X-Second-Look-Save"
CONVERSATION = "X-Second-Look-Conversation"
TURN = "X-Second-Look-Turn"


def saving_from(
    save: Annotated[
        Literal["true", "false"], Header(alias=SAVE, description="Keep the turn in history.")
    ] = "false",
    conversation: Annotated[
        str | None,
        Header(alias=CONVERSATION, description="Keep it as this conversation's next turn."),
    ] = None,
) -> Saving:
    """Return whether a request's turn is saved, and where. For FastAPI's ``Depends``."""
    return Saving(save == "true" or conversation is not None, conversation)


def saved_as(run: Run) -> dict[str, str]:
    """Return the headers that say where a run is saved; none where it is not."""
    if run.terms.prompt is not None:
        return {}
    return {CONVERSATION: run.conversation_id, TURN: str(run.snapshot().turn.id)}
