"""Which engine to take, in which order, and why a better one was not taken.

``auto`` takes the server where a URL is set; then Qwen2.5-VL where there is a GPU or its weights
are on this machine; then the reader. Nothing here imports torch: it would cost the start two
seconds on a machine that ends up with the reader.
"""

import logging
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter

from app.errors import EngineBroke, NoGpuNoWeights
from vision.engine import Engine, Progress
from vision.errors import EngineUnavailable, VisionError
from vision.images import Decoder
from vision.server.errors import AddressUnusable
from vision.settings import EngineSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine that may be loaded, and what kept a better one from being taken."""

    make: Callable[[], Engine]
    instead_of: VisionError | None = None


def candidates(settings: EngineSettings, decoder: Decoder, tmp_root: Path) -> list[Candidate]:
    """Return the engines to try, best first. Raise ``EngineUnavailable`` for an unknown kind."""

    def reader() -> Engine:
        from vision.reader.engine import ReaderEngine

        return ReaderEngine(decoder)

    def qwen() -> Engine:
        from vision.qwen.engine import QwenEngine

        return beside(QwenEngine(settings, decoder, tmp_root))

    def server() -> Engine:
        from vision.server.engine import ServerEngine

        return beside(ServerEngine(settings, decoder))

    def fake() -> Engine:
        from vision.fake import FakeEngine

        return beside(FakeEngine())

    def beside(engine: Engine) -> Engine:
        from vision.beside import WithReader

        return WithReader(engine, decoder)

    if settings.kind == "server" and not settings.url:
        raise AddressUnusable(url="", reason="it is empty")
    if settings.kind == "auto":
        first = [Candidate(server)] if settings.url else []
        if has_gpu() or has_weights(settings.model):
            return [*first, Candidate(qwen), Candidate(reader)]
        return [*first, Candidate(reader, NoGpuNoWeights(model=settings.model))]
    kinds = {"qwen": qwen, "server": server, "reader": reader, "fake": fake}
    return [Candidate(kinds[settings.kind])]


def load_first(
    choice: Sequence[Candidate],
    trying: Callable[[Candidate, Engine], None] = lambda *_: None,
    report: Callable[[Progress], None] = lambda _: None,
) -> tuple[Engine | None, tuple[VisionError, ...]]:
    """Load the first engine that can be; return it, and why none before it was taken.

    ``trying`` is given each, and its engine before it loads, ``report`` how far it is.
    """
    reasons: list[VisionError] = []
    for candidate in choice:
        if candidate.instead_of:
            reasons.append(candidate.instead_of)
        engine, started = candidate.make(), perf_counter()
        trying(candidate, engine)
        try:
            engine.load(report)
        except EngineUnavailable as error:
            log.warning("engine not taken engine=%s: %s", engine.status().engine, error)
            reasons.append(error)
            continue
        except Exception as failure:
            # Half a model, or a library that is not whole: the next engine is there for that.
            log.exception("engine not taken engine=%s", engine.status().engine)
            cause = type(failure).__name__
            reasons.append(EngineBroke(engine=engine.status().engine, cause=cause))
            continue
        status = engine.status()
        log.info(
            "engine ready engine=%s model=%s device=%s load_s=%.2f",
            status.engine, status.model, status.device, perf_counter() - started,
        )  # fmt: skip
        return engine, tuple(reasons)
    return None, tuple(reasons)


def has_gpu() -> bool:
    """Tell whether torch, as installed, would find a GPU."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    # A CPU build says so in its version, and cannot use the card that is there.
    return "+cpu" not in metadata.version("torch") and shutil.which("nvidia-smi") is not None


def has_weights(model: str) -> bool:
    """Tell whether ``model``, a folder or a hub name, has its config on this machine."""
    if (Path(model) / "config.json").is_file():
        return True
    if Path(model).is_absolute() or model.count("/") != 1:
        return False
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(model, "config.json"), str)
