"""What can go wrong between a prompt and its reply, as sentences a user can act on.

VisionError
 ├─ ImageRefused       a picture we will not or cannot decode
 ├─ EngineUnavailable  an engine that cannot run on this machine, or not yet
 ├─ EngineFailed       an engine that ran and broke: out of memory, a server that went away
 └─ PromptRefused      a prompt the engine cannot take: too long, nothing to answer

Each error is a template and its values, kept apart: the page says the same sentence in the
user's language by looking up ``code`` and filling in ``values``.
"""

from typing import Any, ClassVar


class VisionError(Exception):
    """Base of all expected failures of this package. ``str(error)`` is for the user, in English."""

    text: ClassVar[str] = ""  # what is wrong, with the numbers, over ``values``
    way_out: ClassVar[str] = ""  # what to do now, over ``values``

    def __init__(self, **values: object) -> None:
        super().__init__(self.text.format(**values))
        self.values = values

    @property
    def code(self) -> str:
        """The name under which translations know this sentence."""
        return type(self).__name__

    @property
    def hint(self) -> str:
        """What the user can do now; may be empty."""
        return self.way_out.format(**self.values)

    def record(self) -> dict[str, Any]:  # whatever the sentence was filled with
        """Return the error as it is kept with a turn: to be said again in another language."""
        return {
            "code": self.code,
            "values": {
                key: value if isinstance(value, int | float) else str(value)
                for key, value in self.values.items()
            },
            "text": str(self),
            "hint": self.hint,
        }


class ImageRefused(VisionError):
    """A picture we will not or cannot decode."""


class EngineUnavailable(VisionError):
    """An engine that cannot run on this machine, or not yet."""


class EngineFailed(VisionError):
    """An engine that ran and broke."""


class PromptRefused(VisionError):
    """A prompt the engine cannot take."""
