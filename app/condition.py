"""How the assistant is at one moment: the engine, what it can do, why there is no better one."""

from dataclasses import dataclass, replace

from vision.engine import Capabilities, Engine, Progress, Status
from vision.errors import VisionError


@dataclass(frozen=True, slots=True)
class Condition:
    """How the assistant is, for the status line."""

    status: Status
    capabilities: Capabilities
    instead_of: tuple[VisionError, ...]  # why better engines were not taken
    failure: VisionError | None  # why there is no engine at all

    @property
    def ready(self) -> bool:
        """Tell whether a prompt would be answered now."""
        return self.status.state == "ready"


def condition_of(
    engine: Engine,
    *,
    loading: bool,
    progress: Progress | None,
    instead_of: tuple[VisionError, ...],
    failure: VisionError | None,
) -> Condition:
    """Return how it is with an engine that was taken, or that is being tried."""
    status = engine.status()
    # A server that was not there at the start gets ready by itself once it is.
    failure = None if status.state == "ready" else failure
    if failure:
        status = replace(status, state="failed")
    elif loading:
        status = replace(status, state="loading", progress=progress)
    elif status.state == "failed":
        # It was loaded once, and could not be again: the next prompt tries.
        status = replace(status, state="unloaded")
    return Condition(status, engine.capabilities, instead_of, failure)
