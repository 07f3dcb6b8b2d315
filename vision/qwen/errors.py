"""What can go wrong with Qwen2.5-VL on this machine, as sentences a user can act on.

VisionError
 ├─ EngineUnavailable
 │   ├─ ModelNotHere        neither on this machine nor to be had now
 │   ├─ ModelUnusable       there, but not a Qwen2.5-VL in safetensors
 │   ├─ ModelTooLarge       there, but the device has too little memory
 │   ├─ PackageMissing      quantization, or an AWQ checkpoint, without its package
 │   ├─ DeviceMissing       a device that config names and the machine has not
 │   └─ NotLoaded           asked before ``load``
 ├─ EngineFailed
 │   ├─ LogitsNotFinite     numbers that overflowed, so that no token can be chosen
 │   ├─ OutOfMemory         twice, the second time with smaller pictures and emptied caches
 │   └─ EngineBusy          asked for a second reply in the middle of the first
 └─ PromptRefused
     ├─ PromptTooLong       more tokens than the context holds
     └─ NothingToAnswer     no user's message at the end, or nothing to go on with
"""

from vision.errors import EngineFailed, EngineUnavailable, PromptRefused


class ModelNotHere(EngineUnavailable):
    """The weights are neither on this machine nor to be had now."""

    text = "The model {model} is not on this machine: {reason}."
    way_out = (
        "Connect to the internet once, or put the model's folder on this machine and set [engine] "
        "model to its path."
    )


class ModelUnusable(EngineUnavailable):
    """What ``model`` names is there, but it is not a Qwen2.5-VL in safetensors."""

    text = "{model} cannot be used: {reason}."
    way_out = "Set [engine] model to a Qwen2.5-VL checkpoint, such as Qwen/Qwen2.5-VL-3B-Instruct."


class ModelTooLarge(EngineUnavailable):
    """The device has too little memory for the weights."""

    text = (
        "{model} needs {needed_gib:.1f} GiB for its weights; {device} has {free_gib:.1f} GiB free."
    )
    way_out = (
        "Choose a smaller model, set [engine] quantization, or close what else uses the memory."
    )


class PackageMissing(EngineUnavailable):
    """The checkpoint or its quantization needs a package that is not installed."""

    text = "{purpose} needs the package {package}, which is not installed or not usable here."
    way_out = 'Run "pip install {package}", or set [engine] quantization to "none".'


class DeviceMissing(EngineUnavailable):
    """``config.toml`` names a device that this machine does not have."""

    text = "The device {device} is not on this machine; there is {present}."
    way_out = 'Set [engine] device to "auto".'


class NotLoaded(EngineUnavailable):
    """The engine was asked before it was loaded."""

    text = "The model is not loaded yet."
    way_out = "Wait until the page says that it is ready."


class LogitsNotFinite(EngineFailed):
    """The network's numbers overflowed: float16 does that to Qwen2.5-VL on some pictures."""

    text = "The model's numbers overflowed, and no next token could be chosen."
    way_out = 'Set [engine] dtype to "bfloat16" or "float32".'


class OutOfMemory(EngineFailed):
    """The reply did not fit the memory, with smaller pictures and emptied caches either."""

    text = (
        "{device} ran out of memory at {prompt_tokens:,} tokens, {image_tokens:,} of them pictures."
    )
    way_out = (
        "Send fewer or smaller pictures, start a new conversation, or lower [engine] max_pixels."
    )


class EngineBusy(EngineFailed):
    """The thread that is in the middle of a reply asked for something else."""

    text = "The engine is in the middle of a reply."
    way_out = "Wait for the reply to end, or stop it."


class PromptTooLong(PromptRefused):
    """The prompt and at least one token of the reply do not fit the context."""

    text = (
        "This conversation is {prompt_tokens:,} tokens long, {image_tokens:,} of them pictures; "
        "the limit is {max_context:,}."
    )
    way_out = (
        "Start a new conversation, send fewer or smaller pictures, or raise [engine] max_context."
    )


class NothingToAnswer(PromptRefused):
    """The prompt does not end with a user's message, or with a reply that can go on."""

    text = "There is nothing to answer: the conversation does not end with a message of yours."
    way_out = "Type a message, or send a picture."
