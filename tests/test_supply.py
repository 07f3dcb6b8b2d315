"""What the project is made of: locked with hashes, installed so, and packed without any data."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-cuda.lock", "requirements-test.lock")
PACKAGE = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n",
    re.MULTILINE,
)


def locked(*names):
    """Return the version of each package that these locks give to a machine like this one."""
    text = "".join((ROOT / name).read_text() for name in names)
    return {
        canonicalize_name(found["name"]): found["version"]
        for found in PACKAGE.finditer(text)
        if not found["marker"] or Marker(found["marker"]).evaluate()
    }


def pinned(lines):
    wanted = [Requirement(line.partition("#")[0].strip()) for line in lines if line[0] != "#"]
    return {canonicalize_name(one.name): one for one in wanted}


def of_requirements():
    return pinned((ROOT / "requirements.txt").read_text().splitlines()) | pinned(
        (ROOT / "overrides.txt").read_text().splitlines()
    )


def of_tests():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return pinned(project["optional-dependencies"]["test"])


def test_every_requirement_is_locked_at_the_version_that_it_names():
    runs, tests = locked("requirements.lock"), locked("requirements.lock", "requirements-test.lock")

    for wanted, versions in ((of_requirements(), runs), (of_tests(), tests)):
        for name, requirement in wanted.items():
            assert requirement.specifier.contains(versions[name]), name


@pytest.mark.parametrize("name", LOCKS)
def test_no_line_of_a_lock_is_without_its_hashes(name):
    text = (ROOT / name).read_text()

    assert PACKAGE.sub("", text).count("\n") == 1  # its first line says what it is
    assert "://" not in text


def test_what_is_installed_here_is_what_is_locked():
    versions = locked("requirements.lock", "requirements-test.lock")
    installed = {canonicalize_name(one.name): one.version for one in metadata.distributions()}

    assert len(installed.keys() & versions.keys()) > 100
    for name in installed.keys() & versions.keys():
        assert installed[name].partition("+")[0] == versions[name], name


def test_the_container_copies_what_is_there_and_runs_as_nobody_special():
    steps = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", steps, re.MULTILINE)
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

    for source in " ".join(copied).split():
        assert (ROOT / source).exists(), source
        assert any(Path(source).match(one) or source.startswith(one + "/") for one in allowed)
    for name in ("cpu", "cuda"):
        stage = re.search(rf" AS {name}\n(.*?)(?=^FROM|\Z)", steps, re.MULTILINE | re.DOTALL)
        assert stage
        assert re.findall(r"^USER (\w+)$", stage[1], re.MULTILINE)[-1:] == ["10001"]


def test_no_conversation_gets_into_the_container():
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    kept_by = {"history/[0-9]*", "history/images", "history/users", "history/.*", "history/*.lock"}

    assert left_out.index("*") < left_out.index("!history")
    assert kept_by <= set(left_out[left_out.index("!history") :])


def test_every_test_that_a_promise_is_proved_by_is_there():
    promised = (ROOT / "SECURITY.md").read_text()
    named = re.findall(r"`(test_\w+)(?:::(\w+))?`", promised)

    assert len(named) > 50
    for file, test in named:
        assert f"def {test}" in (ROOT / "tests" / f"{file}.py").read_text(), f"{file}::{test}"
