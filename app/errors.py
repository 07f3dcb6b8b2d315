"""What the application itself refuses, in the same form as the engines' errors.

VisionError
 ├─ PromptRefused
 │   ├─ Busy            more prompts of one user are waiting than will be taken
 │   ├─ NothingToSend   neither text nor picture
 │   ├─ StillReplying   the conversation's last reply has not ended
 │   └─ NothingToResume  the conversation's last reply was not cut off
 ├─ ImageRefused
 │   ├─ PathOutside     a typed path that leads out of ./uploads
 │   ├─ PathMissing     a typed path with no file behind it
 │   └─ UploadGone      a picture that was attached, and cleared before it was sent
 ├─ ClearRefused
 │   ├─ ClearNotConfirmed  a level that asks first, and was not confirmed
 │   └─ ClearNotOffered    a level that config.toml turned off
 ├─ TmpNotOurs          [tmp] root has files of somebody else's
 ├─ TmpUnusable         [tmp] root cannot be made or read
 └─ EngineUnavailable
     ├─ EngineBroke     an engine that broke while it was loaded
     ├─ NoGpuNoWeights  why ``auto`` did not take Qwen2.5-VL
     ├─ StillLoading    a program asked before the engine was loaded
     ├─ EngineShared    a user asked for another engine, which others use, too
     └─ NoEngine        none of the candidates could be loaded
"""

from vision.errors import (
    EngineFailed,
    EngineUnavailable,
    ImageRefused,
    PromptRefused,
    VisionError,
)


class Busy(PromptRefused):
    """More prompts of one user are waiting than will be taken."""

    text = "{waiting} of your prompts are waiting already; the limit is {limit}."
    way_out = "Wait for one to end, or stop one."


class NothingToSend(PromptRefused):
    """Neither text nor a picture."""

    text = "There is nothing to send yet."
    way_out = "Type a question, or add a picture."


class StillReplying(PromptRefused):
    """The conversation's last reply has not ended."""

    text = "The reply before this one has not ended."
    way_out = "Wait for it, or stop it."


class NothingToResume(PromptRefused):
    """The conversation's last reply was not cut off, or this engine did not make it."""

    text = "There is no reply here that this engine could go on with."
    way_out = "Send a new prompt."


class PathOutside(ImageRefused):
    """A typed path that leads out of ./uploads."""

    text = "{path} is outside ./uploads."
    way_out = "Put the picture into the folder ./uploads, or add it to the message."


class PathMissing(ImageRefused):
    """A typed path with no file behind it."""

    text = "There is no file {path}."
    way_out = "Put the picture into the folder ./uploads, or add it to the message."


class UploadGone(ImageRefused):
    """A picture that was attached, and cleared before it was sent."""

    text = "The picture {name} is no longer here: ./tmp was cleared after it was added."
    way_out = "Add it again."


class ClearRefused(VisionError):
    """A clear that was not done."""


class ClearNotConfirmed(ClearRefused):
    """A level that asks first, and was not confirmed."""

    text = "Nothing was cleared: this was not confirmed."
    way_out = "Choose it again, and confirm it in the dialog."


class ClearNotOffered(ClearRefused):
    """A level that config.toml turned off."""

    text = "Nothing was cleared: config.toml does not offer '{level}'."
    way_out = "Set [clear] {level} = true and start again."


class TmpNotOurs(VisionError):
    """``[tmp] root`` has files of somebody else's, which a deep clear would delete."""

    text = "{folder} holds {count} files or folders that are not ours, such as {example}."
    way_out = "Set [tmp] root to an empty folder, or to one that does not exist yet."


class TmpUnusable(VisionError):
    """``[tmp] root`` cannot be made or read."""

    text = "{folder} cannot be used for temporary files: {reason}."
    way_out = "Check its permissions, or set [tmp] root to another folder."


class NoGpuNoWeights(EngineUnavailable):
    """Why ``auto`` did not take Qwen2.5-VL."""

    text = "Qwen2.5-VL is not in use: no GPU and no weights of {model} on this machine."
    way_out = "Start with --engine qwen to fetch the weights and run them on the CPU."


class EngineBroke(EngineUnavailable):
    """An engine that broke while it was loaded, in a way that nobody foresaw."""

    text = "{engine} could not be loaded: something broke ({cause})."
    way_out = "The log has the details. The next engine is tried, where there is one."


class StillLoading(EngineUnavailable):
    """A program asked before the engine was loaded."""

    text = "The engine is still loading."
    way_out = "Ask again when /healthz answers 200."


class EngineShared(EngineUnavailable):
    """A user asked for another engine, which others use, too."""

    text = "All users share this engine, so it is not changed from the page."
    way_out = "Ask whoever started Second Look: --engine chooses another."


class NoEngine(EngineUnavailable):
    """None of the candidates could be loaded."""

    text = "No engine could be loaded: {reasons}"
    way_out = "Start with --engine reader."


class UnexpectedFailure(EngineFailed):
    """A bug of ours, met while a reply was made."""

    text = "Something broke while the reply was made: {cause}."
    way_out = "The prompt and what there is of the reply are saved. The log has the details."
