"""Parts what uv locked into what everybody needs, what torch's CUDA builds need, and the tests.

``requirements.lock`` gets what ``ALL`` has but for the packages that only a CUDA build of torch
needs: those would be gigabytes for a machine that has a CPU build. ``requirements-test.lock`` gets
what ``TESTS`` has beyond ``ALL``. Called by ``scripts/supply lock``.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# PyTorch's own index has the CPU builds; their hashes are not on PyPI, which uv asks.
CPU_BUILDS = (
    # 2.13.0+cpu, CPython 3.11, Linux x86_64
    "sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
)
CUDA = re.compile(r"(nvidia-|cuda-|triton=)")


def blocks(path: Path) -> Iterator[str]:
    """Yield each package of a lock: its line, and the lines of its hashes."""
    each = re.finditer(r"^\S.*\n(?: .*\n)*", path.read_text(), re.MULTILINE)
    return (found.group() for found in each)


def with_cpu_builds(block: str) -> str:
    """Return a package with the hashes of its CPU builds, if it is torch."""
    if not block.startswith("torch=="):
        return block
    hashes = "".join(f" \\\n    --hash={one}" for one in CPU_BUILDS if one not in block)
    return block.rstrip("\n") + hashes + "\n"


def write(name: str, what: str, packages: Iterator[str]) -> None:
    """Write a lock."""
    path = Path(name)
    path.write_text(f"# {what} Made by scripts/supply lock.\n" + "".join(packages))
    print(f"{path}: {path.read_text().count('==')} packages")


if __name__ == "__main__":
    everything, tests = (list(blocks(Path(name))) for name in sys.argv[1:])
    known = set(everything)
    common = (with_cpu_builds(b) for b in everything if not CUDA.match(b))
    write("requirements.lock", "What Second Look runs with.", common)
    cuda = (b for b in everything if CUDA.match(b))
    write("requirements-cuda.lock", "What CUDA builds of torch need besides.", cuda)
    besides = (b for b in tests if b not in known)
    write("requirements-test.lock", "What its tests need besides.", besides)
