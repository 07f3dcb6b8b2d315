"""What a batch itself refuses.

VisionError
 └─ EngineFailed
     └─ NoPage   a reply in which there is no HTML page
"""

from typing import ClassVar

from vision.errors import EngineFailed


class NoPage(EngineFailed):
    """A reply in which there is no HTML page."""

    text: ClassVar[str] = "The reply holds no HTML page."
    way_out: ClassVar[str] = "Run the same command again, or choose another engine."
