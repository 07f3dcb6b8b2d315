"""``transformers serve``, with a tiny Qwen2.5-VL on the CPU: a real server over HTTP.

As it comes, ``transformers serve`` (5.23) cannot load a Qwen2.5-VL without torchvision:
``AutoProcessor`` builds the processor's video part, which needs it. Here a processor without that
part is registered first, in the library's own way; all else is the server as it is. Run as a
program, this file is that server: ``python tests/real_server.py PORT``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

NAME = "tiny/qwen"
START_S = 120.0


def checkpoint(home: Path) -> Path:
    """Write a tiny checkpoint to where the hub's cache has one; its replies are letters."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    from bench.random_checkpoint import CHAT_TEMPLATE, TINY, build

    cached = home / "hub" / f"models--{NAME.replace('/', '--')}"
    folder = build(cached / "snapshots" / "0123abc", replace(TINY, tied=False))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123abc")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    # Random tokens are half characters and special ones, of which a server shows nothing. A row of
    # zeros gives a logit of zero, and among the others there is always one above.
    tokenizer = AutoTokenizer.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    head = weights["lm_head.weight"]
    shown = [tokenizer.decode([i]) for i in range(len(tokenizer))]
    letters = [i for i, text in enumerate(shown) if text.isascii() and text.isalpha()]
    only = torch.zeros_like(head)
    only[letters] = head[letters]
    save_file({**weights, "lm_head.weight": only}, folder / "model.safetensors", {"format": "pt"})
    return folder


class RealServer:
    """The server as a process of its own; ``stop`` and ``start`` it again on the same port."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Return once it answers."""
        environment = {**os.environ, "HF_HOME": str(self._home), "HF_HUB_OFFLINE": "1"}
        with (self._home / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self._port)],
                env={**environment, "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
            )
        end = monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, (self._home / "log.txt").read_text()
            assert monotonic() < end, "the server did not start"
            Event().wait(0.1)

    def stop(self) -> None:
        """End it as Ctrl+C does, or harder."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/models", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


def serve(port: int) -> None:
    """Serve until ended."""
    from transformers import AutoProcessor, Qwen2_5_VLConfig, Qwen2_5_VLProcessor
    from transformers.cli.serve import Serve

    class PictureProcessor(Qwen2_5_VLProcessor):
        def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **more):
            super().__init__(image_processor, tokenizer, chat_template=chat_template, **more)

    AutoProcessor.register(Qwen2_5_VLConfig, PictureProcessor, exist_ok=True)
    Serve(device="cpu", host="127.0.0.1", port=port)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
