"""JSON in ASCII: a text may hold a lone surrogate, which UTF-8 cannot say and JSON can."""

import json
from typing import Any

from fastapi.responses import JSONResponse


class PlainJson(JSONResponse):
    """An answer of JSON that says every text as it is kept."""

    def render(self, content: Any) -> bytes:  # whatever JSON holds
        """Return the body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
