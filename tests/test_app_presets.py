"""Prompts of the user's own in their file: nothing that stands in it is lost."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.presets import MOST, Preset, Presets, PresetsFull, PresetsUnusable, preset_routes

PLANTS = Preset(name="plants", prompt="Which plants are these?")
OLD = {"name": "old", "prompt": "x", "job": "a-job-of-another-year"}


@pytest.fixture
def presets(tmp_path):
    return Presets(tmp_path / "presets.json")


def written(presets):
    return json.loads(presets.file.read_text(encoding="utf-8"))


def test_an_entry_that_is_no_preset_hides_no_other(presets):
    presets.file.write_text(json.dumps([OLD, PLANTS.model_dump()]), encoding="utf-8")

    assert presets.all() == [PLANTS]


def test_an_entry_that_is_no_preset_stays_in_the_file(presets):
    presets.file.write_text(json.dumps([OLD, "x"]), encoding="utf-8")

    presets.put(PLANTS)
    presets.remove("plants")

    assert written(presets) == [OLD, "x"]


@pytest.mark.parametrize("content", ["[{", '{"name": "x"}', "\udcff"])
def test_a_file_that_is_none_of_ours_is_not_written_over(presets, content):
    before = content.encode("utf-8", "surrogateescape")
    presets.file.write_bytes(before)

    with pytest.raises(PresetsUnusable, match=r"presets\.json cannot be used"):
        presets.put(PLANTS)

    assert presets.all() == []
    assert presets.file.read_bytes() == before


def test_presets_that_are_kept_at_once_are_all_kept(presets):
    names = [f"number {n:02}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: presets.put(Preset(name=name, prompt="x")), names))

    assert [each.name for each in presets.all()] == names
    assert os.listdir(presets.file.parent) == ["presets.json"]  # noqa: PTH208


def test_one_more_than_can_be_kept_is_refused(presets):
    full = [{"name": f"{n}", "prompt": "x", "job": None} for n in range(MOST)]
    presets.file.write_text(json.dumps(full), encoding="utf-8")

    with pytest.raises(PresetsFull, match=f"{MOST} prompts are kept already"):
        presets.put(PLANTS)

    presets.put(Preset(name="7", prompt="another"))
    assert len(written(presets)) == MOST


def test_what_is_not_kept_is_said_in_the_users_language(presets):
    presets.file.mkdir()
    app = FastAPI()
    app.include_router(preset_routes(presets))

    answer = TestClient(app).put(
        "/presets", json=PLANTS.model_dump(), headers={"accept-language": "zh-CN"}
    )

    assert answer.status_code == 409
    assert "presets.json 无法使用" in answer.json()["problem"][0]
