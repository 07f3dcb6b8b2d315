"""From token ids to text, a piece at a time and never half a character.

A character of several bytes, such as an emoji, may come as several tokens; nothing is emitted
before it is whole. ``tokenizers``' own ``DecodeStream`` does that at a cost that does not grow with
the reply; transformers' ``TextStreamer`` decodes a growing line again at each token.
"""

from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

REPLACEMENT = "\ufffd"  # what bytes that are no character decode to
# A character is four bytes, so four tokens, at most. More that show nothing are no character, and
# DecodeStream decodes all it holds back again at each token.
MOST_HELD = 8


class Detokenizer:
    """The text of one reply as its tokens come; special tokens are left out.

    ``before`` are the tokens of a reply that goes on: what they held back comes with the first
    new ones, what they showed does not come again.
    """

    def __init__(self, tokenizer: Tokenizer, before: Iterable[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._held: list[int] = []  # tokens since the last piece of text
        self._shown = ""  # of the next piece, what the reply showed before it went on
        for token_id in before:
            self.push(token_id)
        self._shown = self.flush()

    def push(self, token_id: int) -> str:
        """Take in a token; return the text that is now certain.

        The result is empty while a character is incomplete, and for a special token.
        """
        piece = self._stream.step(self._tokenizer, token_id)
        if piece is not None:
            self._held.clear()
            return self._unshown(piece)
        self._held.append(token_id)
        return self._give_up() if len(self._held) > MOST_HELD else ""

    def flush(self) -> str:
        """Return the text held back at the reply's end; half a character is dropped."""
        return self._decode_held().rstrip(REPLACEMENT).removeprefix(self._shown)

    def _give_up(self) -> str:
        """Show bytes that are no character as replacement characters, and start afresh."""
        text = self._decode_held()
        self._stream = DecodeStream(skip_special_tokens=True)
        self._held.clear()
        return self._unshown(text)

    def _unshown(self, piece: str) -> str:
        shown, self._shown = self._shown, ""
        return piece.removeprefix(shown)

    def _decode_held(self) -> str:
        return self._tokenizer.decode(self._held, skip_special_tokens=True)
