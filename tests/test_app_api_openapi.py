"""Our routes do what their OpenAPI description says, whatever is sent."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode

from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from tests.api_lab import TOKEN, data_uri, programs_served
from tests.conftest import png
from vision.beside import WithReader
from vision.engine import Capabilities, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

RED = png(Image.new("RGB", (9, 9), "red"))
schemathesis.openapi.format("data-uri", st.just(data_uri(RED)))
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
OPERATIONS = (
    "GET /healthz",
    "GET /metrics",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /v1/chat/completions",
    "POST /v1/jobs/receipt",
    "POST /v1/jobs/html",
    "POST /v1/jobs/text",
)


class Blind(FakeEngine):
    """An engine that only talks: jobs are the reader's."""

    capabilities = Capabilities(sees=False, chats=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory, decoder):
    folder = tmp_path_factory.mktemp("api")
    store = Store(folder / "history")
    engine = WithReader(Blind(["Yes."]), decoder)
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECOND_LOOK_TOKEN", TOKEN)
        patch.setenv("CHROME", "none")  # the job "html" can do without: drawing takes seconds
        with programs_served(assistant, folder, max_upload_mib=1) as url:
            yield url
    assistant.close()
    store.close()


@pytest.fixture(scope="module")
def description(served):
    return schemathesis.openapi.from_url(f"{served}/v1/openapi.json", headers=KNOWN)


def checked(operation, mode, change):
    """Send what hypothesis makes of a description, changed, and check the answers by it."""

    @given(operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(case):
        change(case)
        case.call_and_validate(headers=KNOWN)

    check()


def sensible(case):
    """Give a request what a description cannot say that it needs."""
    # No conversation that is not there, and nothing that cannot be saved.
    assume(not any(name.startswith("X-Second-Look") for name in case.headers or ()))
    if case.media_type == "multipart/form-data":
        case.body["image"] = [RED] * len(case.body["image"])
    if isinstance(case.body, dict) and "messages" in case.body:
        case.body["model"] = "second-look"
        case.body["messages"] = [*(case.body["messages"] or []), {"role": "user", "content": "?"}]


# By hand: schemathesis 4.32's own fixtures need an attribute that pytest 9.2 no longer has.
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_good_request_gets_is_what_is_described(description, operation):
    method, path = operation.split()

    checked(description[path][method], GenerationMode.POSITIVE, sensible)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "POST" in each])
def test_what_a_bad_request_gets_is_what_is_described(description, operation):
    method, path = operation.split()

    # All that a form holds is text: none of it has a wrong type.
    checked(
        description[path][method],
        GenerationMode.NEGATIVE,
        lambda case: assume(case.media_type != "multipart/form-data"),
    )


def test_all_routes_are_described(served):
    paths = httpx.get(f"{served}/v1/openapi.json", headers=KNOWN).json()["paths"]

    described = {f"{method.upper()} {path}" for path, of in paths.items() for method in of}
    assert described == set(OPERATIONS)
