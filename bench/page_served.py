"""Serves what ``bench.page`` measures, in a process of its own, so that its CPU time is its own.

``python -m bench.page_served ours|gradio FOLDER SECONDS``. Both pages show the same conversation,
and stream the same reply at the same pace; one line on stdout, the address, says that they do.
"""

import os
import socket
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import Any

import uvicorn
from PIL import Image, ImageDraw, ImageFont

from app.assistant import Assistant
from app.config import Config, TmpConfig
from app.engines import Candidate
from app.guard import own_hosts
from app.intake import Upload
from app.serve import application
from history import Store
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

TURNS = 50  # every other one with a picture
TOKENS_PER_S, PIECE = 200, 4  # a piece of four characters stands for a token
GOODS = ("Milk", "Bread", "Butter", "Cheese", "Coffee", "Apples", "Rice", "Tea")


def question(turn: int) -> str:
    """Return what the user asks in a turn."""
    return f"Question {turn}: what did each thing cost, and what is the total?"


def answer(turn: int) -> str:
    """Return what is replied in a turn: a sentence, and a table every third time."""
    draw = Random(turn)
    prices = [(draw.choice(GOODS), draw.randrange(99, 2_000) / 100) for _ in range(6)]
    total = f"The **total** is {sum(price for _, price in prices):.2f}, as printed at its foot."
    if turn % 3:
        return f"{total}\n\n" + "\n".join(f"- {name}: `{price:.2f}`" for name, price in prices)
    rows = "\n".join(f"| {name} | {price:.2f} |" for name, price in prices)
    return f"{total}\n\n| Item | Price |\n| --- | ---: |\n{rows}\n"


def long_answer(seconds: float) -> str:
    """Return a reply that takes so long at the pace: headings, paragraphs, lists and tables."""
    wanted = round(seconds * TOKENS_PER_S) * PIECE
    text, turn = "", TURNS
    while len(text) < wanted:
        turn += 1
        words = " ".join(Random(turn).choices(GOODS, k=60)).lower()
        text += f"## Part {turn}\n\nIt lists {words}.\n\n{answer(turn)}\n\n"
    return text[: wanted - PIECE].ljust(wanted - PIECE, ".") + "END."


def picture(number: int) -> bytes:
    """Draw a receipt, as large as people send them."""
    draw, paper = Random(number), Image.effect_noise((1_200, 1_600), 24).convert("RGB")
    lines = [f"{draw.choice(GOODS)}   {draw.randrange(99, 2_000) / 100:.2f}" for _ in range(20)]
    text = "\n".join([f"CORNER SHOP {number}", *lines])
    pen = ImageDraw.Draw(paper)
    pen.rectangle((150, 80, 1_050, 1_520), fill="white")
    pen.multiline_text((200, 120), text, "black", ImageFont.load_default(46), spacing=16)
    file = BytesIO()
    paper.save(file, "JPEG", quality=88)
    return file.getvalue()


class Pace:
    """Waits until a reply's next token is due, from the first on; late, it catches up."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._tokens = 0

    def __call__(self) -> None:
        """Return when the next token is due."""
        if self._started is None:
            self._started = perf_counter()
        due_s = self._started + self._tokens / TOKENS_PER_S - perf_counter()
        self._tokens += 1
        if due_s > 0:
            sleep(due_s)


def ours(folder: Path, seconds: float) -> None:
    """Serve our page, with the engine that replies from a script."""
    store = Store(folder / "history")
    talker = _assistant(store, FakeEngine([answer(turn) for turn in range(TURNS)]))
    conversation = None
    for turn in range(TURNS):
        uploads = [Upload(f"{turn}.jpg", picture(turn))] if turn % 2 == 0 else []
        run = talker.send(conversation, question(turn), uploads)
        run.ended.wait()
        conversation = run.conversation_id
    talker.close()
    assistant = _assistant(store, FakeEngine([long_answer(seconds)], pace=Pace(), piece=PIECE))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        config = Config(tmp=TmpConfig(root=str(folder / "tmp")))
        app = application(assistant, config, own_hosts("127.0.0.1", port))
        print(f"http://127.0.0.1:{port}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run([bound])
    assistant.close()


def _assistant(store: Store, engine: FakeEngine) -> Assistant:
    sampling = SamplingParams(max_new_tokens=1 << 20)
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), sampling)
    assistant.start()
    assistant.wait_until_loaded()
    return assistant


def gradio(folder: Path, seconds: float) -> None:
    """Serve Gradio's own chat as its guide shows it: the reply so far is yielded each token."""
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder)}
    import gradio as gr  # after its settings

    reply, pace = long_answer(seconds), Pace()

    def chat(message: str, _history: list[dict[str, Any]]) -> Iterator[str]:
        if message == question(TURNS - 1):  # such a page lists a conversation after a reply in it
            yield answer(TURNS - 1)
            return
        for end in range(PIECE, len(reply) + 1, PIECE):
            pace()
            yield reply[:end]

    chatbot = gr.Chatbot(
        value=[message for turn in range(TURNS - 1) for message in _messages(folder, turn)]
    )
    page = gr.ChatInterface(chat, chatbot=chatbot, save_history=True)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    print(url, flush=True)
    page.block_thread()


def _messages(folder: Path, turn: int) -> list[Any]:  # in Chatbot's own form
    said = [
        {"role": "user", "content": question(turn)},
        {"role": "assistant", "content": answer(turn)},
    ]
    if turn % 2:
        return said
    path = folder / f"{turn}.jpg"
    path.write_bytes(picture(turn))
    return [{"role": "user", "content": {"path": str(path)}}, *said]


if __name__ == "__main__":
    page = {"ours": ours, "gradio": gradio}[sys.argv[1]]
    page(Path(sys.argv[2]), float(sys.argv[3]))
