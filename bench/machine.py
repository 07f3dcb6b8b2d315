"""What a measure ran on, in one line each: figures mean little without it."""

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "transformers", "gradio", "rapidocr", "onnxruntime", "pillow", "numpy")


def describe() -> str:
    """Return the processor, its cores, the memory, and the versions of what matters."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{processor()}, {len(os.sched_getaffinity(0))} cores, {memory_gib:.0f} GiB, load "
        f"{os.getloadavg()[0]:.1f}\nPython {platform.python_version()}, {versions}"
    )


def processor() -> str:
    """Return the name of the processor, as Linux knows it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
