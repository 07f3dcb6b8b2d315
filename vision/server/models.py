"""Which of a server's models to take. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vision.server.errors import ModelNotServed, NoModelServed
from vision.server.replies import Malformed

_NAMED = 12  # models in an error's sentence
_QWEN = re.compile(r"qwen[-_]?2[._]5[-_]?vl", re.IGNORECASE)  # as the hub, or Ollama, writes it


@dataclass(frozen=True, slots=True)
class Served:
    """A model as a server lists it."""

    name: str
    max_context: int = 0  # tokens; 0 where the server does not say

    @property
    def names_boxes(self) -> bool:
        """Whether it says where things stand as Qwen2.5-VL does: other models have other ways."""
        return bool(_QWEN.search(self.name))


def served(answer: object) -> list[Served]:
    """Read a server's list of models. Raise ``Malformed``."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data") or [], list):
        raise Malformed("no list of models")
    return [_served(entry) for entry in answer.get("data") or []]


def _served(entry: object) -> Served:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise Malformed("a model without a name")
    # vLLM and SGLang say how long a context may be.
    longest = entry.get("max_model_len")
    return Served(entry["id"], longest if isinstance(longest, int) else 0)


def choose(wanted: str, models: Sequence[Served], server: str) -> Served:
    """Return the model that is wanted, or the only one there is.

    Where a server lists none, as one that loads on demand, the wanted one is taken at its word.
    Raise ``ModelNotServed``, ``NoModelServed``.
    """
    for model in models:
        if model.name == wanted:
            return model
    if len(models) == 1:
        return models[0]
    if models:
        names = [model.name for model in models]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        listed = ", ".join(names[:_NAMED]) + more
        raise ModelNotServed(server=server, model=wanted or "no model that is named", served=listed)
    if not wanted:
        raise NoModelServed(server=server)
    return Served(wanted)
