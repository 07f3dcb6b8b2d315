"""What can go wrong between us and a server, as sentences a user can act on.

VisionError
 ├─ EngineUnavailable
 │   ├─ AddressUnusable     [engine] url is missing, or no address of a server
 │   └─ KeyUnusable         a key that cannot be read, or that others can
 ├─ ServerError             both EngineUnavailable and EngineFailed: a server can fail at any time
 │   ├─ ServerUnreachable   nobody answers there
 │   ├─ KeyRefused          it wants a key, or another one
 │   ├─ NoModelServed       it serves none, and none is named
 │   ├─ ModelNotServed      it serves several, and not the one that is named
 │   ├─ ModelUnknown        it does not know the model any more
 │   ├─ ServerBusy          it has too much to do, again and again
 │   ├─ ServerBroke         it answers with an error of its own
 │   ├─ ServerSilent        it says nothing for longer than we wait
 │   └─ ReplyCut            it ended the reply in its middle, or sent what cannot be read
 └─ PromptRefused
     ├─ PromptTooLongThere  longer than the context of the server's model
     ├─ RefusedThere        refused for a reason of the server's own
     └─ CannotGoOn          a reply that was cut off: there is no way to ask a server for its rest

A ``reason`` may be the server's own words: cut to a length, and never with the key in it.
"""

from vision.errors import EngineFailed, EngineUnavailable, PromptRefused


class AddressUnusable(EngineUnavailable):
    """``[engine] url`` is missing, or no address of a server."""

    text = "The address of the server, '{url}', cannot be used: {reason}."
    way_out = "Set [engine] url to one such as http://127.0.0.1:8000/v1."


class KeyUnusable(EngineUnavailable):
    """The key cannot be read, or others can read it."""

    text = "The key in {source} cannot be used: {reason}."
    way_out = "Put the key alone there. A file must be yours alone to read: chmod 600."


class ServerError(EngineUnavailable, EngineFailed):
    """A server that does not do what it is asked: when loading, or in the middle of a reply."""


class ServerUnreachable(ServerError):
    """Nobody answers there."""

    text = "{server} cannot be reached: {reason}."
    way_out = "Start the server, or check [engine] url; the next prompt tries again."


class KeyRefused(ServerError):
    """The server wants a key, or another one."""

    text = "{server} refused the key, or wants one."
    way_out = "Put its key into SECOND_LOOK_API_KEY, or into a file that [engine] key_file names."


class NoModelServed(ServerError):
    """The server lists no model, and the config names none."""

    text = "{server} serves no model."
    way_out = "Load a model there, or set [engine] model to its name."


class ModelNotServed(ServerError):
    """The server serves several models, and not the one that the config names."""

    text = "{server} does not serve {model}; it serves {served}."
    way_out = "Set [engine] model to one of them."


class ModelUnknown(ServerError):
    """The server does not know the model any more, or has no chat at this address."""

    text = "{server} does not know the model {model}: {reason}."
    way_out = "Check [engine] url and model."


class ServerBusy(ServerError):
    """The server has too much to do, again and again."""

    text = "{server} has too much to do, or is still loading (status {status})."
    way_out = "Try again in {wait_s:.0f} s, or lower [engine] parallel."


class ServerBroke(ServerError):
    """The server answers with an error of its own."""

    text = "{server} answered with error {status}: {reason}."
    way_out = "Its log should say why. Then send the prompt again."


class ServerSilent(ServerError):
    """The server says nothing for longer than we wait."""

    text = "{server} said nothing for {seconds:.0f} s."
    way_out = "See whether it is overloaded, or wait longer: [engine] {key}."


class ReplyCut(ServerError):
    """The server ended the reply in its middle, or sent what cannot be read."""

    text = "{server} ended the reply in its middle: {reason}."
    way_out = "Send the prompt again; what there is of the reply is saved."


class PromptTooLongThere(PromptRefused):
    """The prompt is longer than the context of the server's model."""

    text = "The prompt is too long for the model on {server}: {reason}."
    way_out = (
        "Start a new conversation, send fewer or smaller pictures, or start the server with a "
        "longer context."
    )


class RefusedThere(PromptRefused):
    """The server refused the prompt for a reason of its own."""

    text = "{server} refused the prompt: {reason}."
    way_out = "Check that its model takes pictures, and how the server was started."


class CannotGoOn(PromptRefused):
    """There is no way to ask a server for the rest of a reply."""

    text = "A reply that a server made cannot be gone on with."
    way_out = "Send a new prompt."
