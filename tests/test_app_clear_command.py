import json

import pytest

from app.cli import main
from app.tmp_folder import TmpFolder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(capsys, *words):
    """Return the exit code and the JSON of ``app clear``."""
    code = main(["clear", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_deep_empties_tmp_and_prints_its_receipt(here, capsys):
    TmpFolder(here / "tmp").close()
    (here / "tmp" / "export.zip").write_bytes(b"e" * 900)

    code, receipt = asked(capsys, "--level", "deep")

    assert code == 0
    assert (receipt["before"]["tmp"], receipt["after"]["tmp"]) == (900, 0)
    assert (receipt["freed_bytes"], receipt["files"], receipt["left"]) == (900, 1, [])


def test_a_dry_run_says_what_would_go_and_leaves_it(here, capsys):
    TmpFolder(here / "tmp").close()
    (here / "tmp" / "export.zip").write_bytes(b"e" * 900)

    _, receipt = asked(capsys, "--dry-run")

    assert receipt["before"]["tmp"] == 900
    assert receipt["dry_run"]
    assert (here / "tmp" / "export.zip").exists()


def test_it_says_that_another_processs_memory_is_out_of_reach(here, capsys):
    with TmpFolder(here / "tmp"):
        _, receipt = asked(capsys, "--level", "deep")

    assert receipt["pages_running"] == 1
    assert "their memory is out of reach" in receipt["notes"][0]


@pytest.mark.parametrize("level", ["light", "medium"])
def test_it_says_that_lesser_levels_have_nothing_on_disk(capsys, level):
    _, receipt = asked(capsys, "--level", level)

    assert receipt["before"] == {}
    assert "gives back memory alone" in receipt["notes"][0]


def test_a_folder_of_somebody_elses_is_refused_with_the_way_out(here, capsys):
    (here / "tmp").mkdir()
    (here / "tmp" / "thesis.odt").write_text("mine")

    code = main(["clear", "--level", "deep"])

    assert code == 2
    assert "Set [tmp] root to an empty folder" in capsys.readouterr().err
    assert (here / "tmp" / "thesis.odt").exists()
