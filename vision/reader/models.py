"""The two networks of PP-OCRv6, opened from where rapidocr's wheel put them.

``rapidocr.RapidOCR`` itself is not used: it checks its models against a list and fetches what
differs, logs in colour to stderr, lets onnxruntime's threads spin while they wait, and shrinks a
tall page to 2,000 pixels. What is used is what it knows: the models, how their probability map
becomes boxes (``detect``), and how a box is cut out of a picture (``recognise``).
"""

import logging
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.errors import EngineUnavailable

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"

Pixels = NDArray[np.uint8]  # (H, W, 3), blue first, as the models were trained
Floats = NDArray[np.float32]


class ReaderNotInstalled(EngineUnavailable):
    """A package that the reader stands on is missing."""

    text = "The reader needs the package {package}, which is not installed here."
    way_out = "Run the set-up command again: it installs what is missing."


class ReaderModelMissing(EngineUnavailable):
    """The package is there, its model is not."""

    text = "The reader's model {name} is not where rapidocr 3.10 puts it: {folder}."
    way_out = "Install it again: pip install --force-reinstall --no-deps rapidocr==3.10.0"


class Network:
    """One of the networks: an array in, an array out."""

    def __init__(self, name: str) -> None:
        import onnxruntime  # only a loaded reader pays for it

        # Any: onnxruntime gives no type information.
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_cores()
        options.log_severity_level = 3
        # Without it memory grows with every new picture size and is never given back.
        options.enable_cpu_mem_arena = False
        # A waiting thread would burn its core, which the page needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(model_path(name)), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, batch: Floats) -> Floats:
        """Run the network on ``batch``, (B, 3, H, W)."""
        output: Floats = self._session.run(None, {self._input: np.ascontiguousarray(batch)})[0]
        return output

    def alphabet(self) -> tuple[str, ...]:
        """Return the character that each class of the recogniser stands for; class 0 is none."""
        known: str = self._session.get_modelmeta().custom_metadata_map["character"]
        return ("", *known.splitlines(), " ")


def model_path(name: str) -> Path:
    """Return where the model is, inside the wheel. Raise ``EngineUnavailable`` if it is not."""
    folder = Path()
    for package in ("onnxruntime", "cv2", "rapidocr"):
        if not (spec := find_spec(package)):
            raise ReaderNotInstalled(package=package)
        folder = Path(spec.origin or "").parent / "models"
    if not (folder / name).is_file():
        raise ReaderModelMissing(name=name, folder=folder)
    return folder / name


def usable_cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quieten_rapidocr() -> None:
    """Let rapidocr log through the root logger, warnings only: it colours stderr by itself."""
    noisy = logging.getLogger("RapidOCR")
    noisy.handlers.clear()
    noisy.propagate = True
    noisy.setLevel(logging.WARNING)
