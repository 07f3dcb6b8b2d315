"""scripts/supply check: fails for a fault that is known, and for nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULT = "pillow 9.0.0 PYSEC-2022-9"
ASKED = """#!/usr/bin/env bash
while [ "$1" != --output ]; do shift; done
"""


@pytest.fixture
def check(tmp_path):
    """Run a copy of the script, with what PyPI says and what pip-audit does."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "supply", tmp_path / "scripts")
    (tmp_path / "requirements.lock").write_text("# locked\npillow==9.0.0 \\\n")

    def checked(*, reachable, audit):
        programs = {
            "shim/python3": f"#!/bin/sh\nexit {0 if reachable else 1}\n",
            ".venv-supply/bin/uv": "#!/bin/sh\n",
            ".venv-supply/bin/pip": "#!/bin/sh\n",
            ".venv-supply/bin/pip-audit": ASKED + audit,
        }
        for name, text in programs.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        env = os.environ | {"PATH": f"{tmp_path / 'shim'}:{os.environ['PATH']}"}
        command = [str(tmp_path / "scripts" / "supply"), "check"]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return checked


def test_a_fault_that_is_known_fails_and_is_named(check):
    done = check(reachable=True, audit=f'echo "{FAULT}" >"$2"; exit 1\n')

    assert (done.returncode, FAULT in done.stdout) == (1, True)


def test_without_the_list_it_says_so_and_fails_nothing(check):
    done = check(reachable=False, audit=f'echo "{FAULT}" >"$2"; exit 1\n')

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Not audited: ")


def test_a_list_that_breaks_off_is_told_and_fails_nothing(check):
    done = check(reachable=True, audit='echo "connection reset" >&2; exit 1\n')

    assert done.returncode == 0
    assert "connection reset" in done.stderr
    assert "Not audited: " in done.stdout


def test_a_list_that_knows_of_nothing_is_passed_in_silence(check):
    done = check(reachable=True, audit='echo "No known vulnerabilities found"\n')

    assert (done.returncode, done.stdout) == (0, "No known vulnerabilities found\n")
