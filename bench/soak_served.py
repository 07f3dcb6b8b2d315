"""Serves what ``bench.soak`` visits, in a process of its own, so that its memory is its own.

``python -m bench.soak_served tiny|reader FOLDER``: a random tiny Qwen2.5-VL, or the reader. One
line on stdout, the address, says that it can be reached; it ends as the page does, by SIGTERM.
"""

import logging
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from app.assistant import Assistant
from app.config import Config, TmpConfig
from app.engines import Candidate
from app.guard import own_hosts
from app.memory import few_arenas
from app.serve import application
from app.shutdown import Server
from bench.random_checkpoint import build
from history import Store
from vision.engine import Engine, SamplingParams
from vision.images import Decoder
from vision.settings import EngineSettings

TOKENS = 24  # of a reply: random weights rarely end one


def main() -> None:
    """Serve until told to end."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    few_arenas()  # as ``app.serve.serve`` does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    decoder, store = Decoder(), Store(folder / "history")
    sampling = SamplingParams(max_new_tokens=TOKENS, temperature=0.7, seed=1)
    engine = _engine(kind, folder, decoder)
    assistant = Assistant([Candidate(lambda: engine)], store, decoder, sampling)
    assistant.start()
    if not assistant.wait_until_loaded().ready:
        sys.exit("the engine cannot be loaded")
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        config = Config(tmp=TmpConfig(root=str(folder / "tmp")))
        app = application(assistant, config, own_hosts("127.0.0.1", port))
        print(f"http://127.0.0.1:{port}", flush=True)
        uvicorn_config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        with suppress(KeyboardInterrupt):
            Server(uvicorn_config, assistant).serve_until_told(bound)


def _engine(kind: str, folder: Path, decoder: Decoder) -> Engine:
    if kind == "reader":
        from vision.reader.engine import ReaderEngine

        return ReaderEngine(decoder)
    from vision.qwen.engine import QwenEngine

    settings = EngineSettings(
        model=str(build(folder / "model")),
        device="cpu",
        dtype="float32",
        max_context=2_048,
        max_pixels=28 * 28 * 60,
        kv_cache_mib=32,
    )
    return QwenEngine(settings, decoder, folder / "tmp")


if __name__ == "__main__":
    main()
