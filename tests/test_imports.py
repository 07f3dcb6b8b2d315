"""Who may import whom (ARCHITECTURE.md), and what importing costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT) for package in ("app", "history", "vision")
    for path in (ROOT / package).rglob("*.py")
)  # fmt: skip

# A library, and the only places that may import it.
EDGES = {
    "gradio": ("app/page/", "app/serve.py"),
    "torch": ("vision/qwen/",),
    "transformers": ("vision/qwen/",),
    "accelerate": ("vision/qwen/",),
    "safetensors": ("vision/qwen/",),
    "qwen_vl_utils": ("vision/qwen/",),
    "onnxruntime": ("vision/reader/",),
    "rapidocr": ("vision/reader/",),
    "openai": ("vision/server/",),
    "httpx2": ("vision/server/",),
    "httpx": ("vision/server/",),
    "tomllib": ("app/config.py",),
    "mcp": ("app/api/",),
    "prometheus_client": ("app/api/",),
    "PIL": ("vision/decode_", "vision/pdf_worker.py"),
    "pypdfium2": ("vision/pdf_",),
    "pillow_heif": ("vision/decode_",),
}
# A package, and those of ours it may import.
KNOWS = {
    "app": {"app", "vision", "history"},
    "vision": {"vision"},
    "history": {"history"},
}


def imported(file: Path) -> Iterator[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


@pytest.mark.parametrize("library", EDGES)
def test_only_the_edge_knows_the_library(library):
    elsewhere = [
        str(file)
        for file in FILES
        if not file.as_posix().startswith(EDGES[library])
        and any(name.partition(".")[0] == library for name in imported(file))
    ]

    assert elsewhere == []


@pytest.mark.parametrize("package", KNOWS)
def test_a_package_imports_only_those_it_may_know(package):
    wrong = [
        (str(file), name)
        for file in FILES
        if file.parts[0] == package
        for name in imported(file)
        if name.partition(".")[0] in KNOWS and name.partition(".")[0] not in KNOWS[package]
    ]

    assert wrong == []


def test_the_engines_know_nothing_of_each_other():
    wrong = [
        (str(file), name)
        for file in FILES
        for name in imported(file)
        if (file.as_posix().startswith("vision/qwen/") and name.startswith("vision.reader"))
        or (file.as_posix().startswith("vision/reader/") and name.startswith("vision.qwen"))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "module",
    [
        "app",
        "history",
        "vision",
        "app.cli",
        "app.assistant",
        "app.engines",
        "app.api.server",
        "vision.images",
    ],
)
def test_importing_takes_no_torch(module):
    code = (
        f"import sys, {module}; "
        "print(*({'torch', 'transformers', 'gradio', 'onnxruntime', 'PIL'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
