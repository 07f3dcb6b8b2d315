"""What one conversation is answered with, where that differs from config.toml: its settings.

They are kept with the conversation. Unknown names and values out of range are refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, get_type_hints

from annotated_types import Ge
from pydantic import TypeAdapter, ValidationError

from vision.engine import SamplingParams
from vision.errors import PromptRefused

SAMPLING = ("temperature", "top_p", "repetition_penalty", "seed", "max_new_tokens")
PIXELS = "max_pixels"  # that a model sees of a picture, at most; 0 is as config.toml says
NAMES = (*SAMPLING, PIXELS)
LONGEST = 100_000  # characters of a system prompt


class SettingRefused(PromptRefused):
    """A setting that is not known, or a value that it cannot have."""

    text = "{name} cannot be {value}."
    way_out = "Choose another value, or go back to the default."


def checked(asked: Mapping[str, Any]) -> dict[str, float | int]:  # whatever JSON can hold
    """Return settings as they are kept: known, within their limits. Raise ``SettingRefused``."""
    hints = get_type_hints(SamplingParams, include_extras=True) | {PIXELS: Annotated[int, Ge(0)]}
    for name, value in asked.items():
        try:
            if name not in NAMES:
                raise SettingRefused(name=name, value=value)
            TypeAdapter(hints[name]).validate_python(value, strict=True)
        except ValidationError as error:
            raise SettingRefused(name=name, value=value) from error
    return dict(asked)


def sampling_with(default: SamplingParams, settings: Mapping[str, Any]) -> SamplingParams:
    """Return ``default`` with a conversation's settings in its place."""
    return replace(default, **{name: settings[name] for name in SAMPLING if name in settings})
