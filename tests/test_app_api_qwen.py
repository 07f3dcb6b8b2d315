"""What programs get of a tiny real Qwen2.5-VL."""

import openai
import pytest

from bench.random_checkpoint import build
from tests.api_lab import programs_served, user
from vision.beside import WithReader
from vision.qwen.engine import QwenEngine
from vision.settings import EngineSettings


@pytest.fixture
def client(tmp_path, decoder, assistant_with):
    settings = EngineSettings(
        model=str(build(tmp_path / "model")),
        max_context=2_048,
        max_pixels=28 * 28 * 90,
        kv_cache_mib=64,
    )
    engine = WithReader(QwenEngine(settings, decoder, tmp_path / "tmp"), decoder)
    with (
        programs_served(assistant_with(engine), tmp_path) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as opened,
    ):
        yield opened


def asked(client, *messages):
    return client.chat.completions.create(
        model="second-look", messages=[*messages], max_tokens=4, logprobs=True
    )


def test_a_longer_prompt_reuses_what_the_shorter_one_ran(client, red):
    first = user("Which colour is this?", red)
    shorter = asked(client, first)
    replied = {"role": "assistant", "content": shorter.choices[0].message.content}

    longer = asked(client, first, replied, user("Are you sure?"))

    assert shorter.usage.prompt_tokens_details.cached_tokens == 0
    reused = longer.usage.prompt_tokens_details.cached_tokens
    # But for its very end, where a reply that is tokenised again may begin otherwise.
    assert shorter.usage.prompt_tokens - 2 <= reused < longer.usage.prompt_tokens
    assert len(shorter.choices[0].logprobs.content) == 4


def test_a_prompt_over_the_context_has_the_code_that_clients_know(client):
    with pytest.raises(openai.BadRequestError, match="the limit is 2,048") as refusal:
        asked(client, user("long " * 200_000))

    assert refusal.value.code == "context_length_exceeded"
