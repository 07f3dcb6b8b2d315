"""A conversation as Markdown: prompts quoted, replies as they are, for they are Markdown. Pure."""

from history.corrections import changes
from history.selection import Part
from history.turn import Turn


def markdown_of(part: Part) -> str:
    """Return a conversation's text, heading and all."""
    turns = "".join(map(_turn, part.shown))
    return f"# {one_line(part.conversation.title or part.conversation.id)}\n\n{turns}"


def _turn(turn: Turn) -> str:
    facts = [turn.timestamp, turn.engine, turn.model, turn.finish_reason or "open"]
    pictures = [
        f"- picture: {one_line(image.name) or image.format}, {image.width} × {image.height}, "
        f"`{image.sha256}`"
        for image in turn.images
    ]
    quoted = "\n".join(f"> {line}" for line in turn.prompt.splitlines())
    pieces = [
        f"## {turn.id} · {' · '.join(one_line(fact) for fact in facts if fact)}",
        "\n".join(pictures),
        quoted,
        turn.reply,
        "\n".join(f"- corrected: {one_line(change)}" for change in changes(turn)),
        one_line(str(turn.error["text"])) if "text" in turn.error else "",
    ]
    return "\n\n".join(piece for piece in pieces if piece) + "\n\n"


def one_line(text: str) -> str:
    """Return a text as one line in which nothing is Markdown."""
    plain = " ".join(text.split())
    return "".join(f"\\{each}" if each in "\\`*_[]<>#&!|" else each for each in plain)
