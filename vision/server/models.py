"""Which of a server's models to take. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vision.server.errors import ModelNotServed, NoModelServed

_NAMED = 12  # models in an error's sentence


@dataclass(frozen=True, slots=True)
class Served:
    """A model as a server lists it."""

    name: str
    max_context: int = 0  # tokens; 0 where the server does not say


def served(listed: Any) -> Served:  # a model of the library: it keeps what it does not know
    """Read an entry of a server's list. vLLM and SGLang say how long a context may be."""
    longest = getattr(listed, "max_model_len", None)
    return Served(str(listed.id), longest if isinstance(longest, int) else 0)


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
