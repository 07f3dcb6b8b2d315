"""What reading a folder refuses.

VisionError
 ├─ ImageRefused
 │   └─ FileUnreadable  the disk does not give a file
 └─ PromptRefused
     ├─ FolderNameless  a folder needs a name
     ├─ FolderEmpty     no picture and no PDF in it
     └─ FolderBusy      another folder is being read
"""

from vision.errors import ImageRefused, PromptRefused


class FileUnreadable(ImageRefused):
    """The disk does not give a file."""

    text = "This file cannot be read: {reason}."
    way_out = "Check whether it is still there and may be read, and choose it again."


class FolderNameless(PromptRefused):
    """A folder needs a name, to find its receipts by."""

    text = "This folder has no name."
    way_out = "Give it one, such as March 2026."


class FolderEmpty(PromptRefused):
    """No picture and no PDF is in it."""

    text = "There is no picture and no PDF in {folder}."
    way_out = "Choose another folder, or put pictures into this one."


class FolderBusy(PromptRefused):
    """Another folder is being read."""

    text = "{folder} is still being read: {left} left."
    way_out = "Wait for it to end, or stop it first."
