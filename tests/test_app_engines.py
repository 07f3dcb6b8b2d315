import pytest

from app import engines
from app.engines import Candidate, candidates, load_first
from app.errors import NoGpuNoWeights
from vision.errors import EngineUnavailable
from vision.fake import FakeEngine
from vision.server.errors import AddressUnusable, ServerUnreachable
from vision.settings import EngineSettings


class Absent(EngineUnavailable):
    text = "The weights are not here."


class Broken(FakeEngine):
    def load(self, report):
        raise Absent


@pytest.fixture
def machine(monkeypatch):
    """Return a function that says what this machine has."""

    def has(*, gpu: bool, weights: bool) -> None:
        monkeypatch.setattr(engines, "has_gpu", lambda: gpu)
        monkeypatch.setattr(engines, "has_weights", lambda _: weights)

    return has


def kinds(settings, decoder, tmp_path):
    return [c.make().status().engine for c in candidates(settings, decoder, tmp_path)]


def test_auto_takes_the_reader_where_there_is_neither_gpu_nor_weights(machine, decoder, tmp_path):
    machine(gpu=False, weights=False)

    assert kinds(EngineSettings(), decoder, tmp_path) == ["reader"]


def test_auto_says_why_it_did_not_take_qwen(machine, decoder, tmp_path):
    machine(gpu=False, weights=False)

    [candidate] = candidates(EngineSettings(model="some/model"), decoder, tmp_path)

    assert isinstance(candidate.instead_of, NoGpuNoWeights)
    assert "some/model" in str(candidate.instead_of)


@pytest.mark.parametrize(("gpu", "weights"), [(True, False), (False, True)])
def test_auto_takes_qwen_where_there_is_a_gpu_or_the_weights(
    machine, decoder, tmp_path, gpu, weights
):
    machine(gpu=gpu, weights=weights)

    assert kinds(EngineSettings(), decoder, tmp_path) == ["qwen", "reader"]


@pytest.mark.parametrize("kind", ["reader", "fake", "qwen", "server"])
def test_a_named_kind_is_taken_whatever_the_machine_has(machine, decoder, tmp_path, kind):
    machine(gpu=True, weights=True)

    settings = EngineSettings(kind=kind, url="http://127.0.0.1:8000/v1")

    assert kinds(settings, decoder, tmp_path) == [kind]


def test_a_server_without_an_address_is_refused_with_what_to_do(decoder, tmp_path):
    with pytest.raises(AddressUnusable) as error:
        candidates(EngineSettings(kind="server"), decoder, tmp_path)

    assert "[engine] url" in error.value.hint


@pytest.mark.parametrize(
    ("gpu", "expected"), [(False, ["server", "reader"]), (True, ["server", "qwen", "reader"])]
)
def test_auto_takes_the_server_first_where_a_url_is_set(machine, decoder, tmp_path, gpu, expected):
    machine(gpu=gpu, weights=False)
    settings = EngineSettings(url="http://127.0.0.1:8000/v1")

    assert kinds(settings, decoder, tmp_path) == expected


def test_auto_falls_back_where_the_server_is_not_there(machine, decoder, tmp_path):
    machine(gpu=False, weights=False)
    settings = EngineSettings(url="http://127.0.0.1:9/v1")  # "discard": nobody listens there

    engine, reasons = load_first(candidates(settings, decoder, tmp_path))

    assert engine is not None
    assert engine.status().engine == "reader"
    assert isinstance(reasons[0], ServerUnreachable)
    assert "http://127.0.0.1:9" in str(reasons[0])


def test_the_next_engine_is_taken_where_the_first_cannot_be_loaded():
    engine, reasons = load_first([Candidate(Broken), Candidate(FakeEngine)])

    assert engine is not None
    assert engine.status().state == "ready"
    assert [str(reason) for reason in reasons] == ["The weights are not here."]


def test_weights_in_a_folder_are_found(tmp_path):
    assert not engines.has_weights(str(tmp_path))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")

    assert engines.has_weights(str(tmp_path))


def test_a_cpu_build_of_torch_means_no_gpu(monkeypatch):
    monkeypatch.setattr(engines.platform, "system", lambda: "Linux")
    monkeypatch.setattr(engines.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(engines.metadata, "version", lambda _: "2.13.0+cpu")

    assert not engines.has_gpu()
