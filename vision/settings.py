"""What an engine can be told, with its defaults. ``config.toml``'s ``[engine]`` is read into it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

Kind = Literal["auto", "qwen", "server", "reader", "fake"]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of all engines; each takes what concerns it."""

    kind: Kind = "auto"
    model: str = "Qwen/Qwen2.5-VL-7B-Instruct"  # a hub name, a folder, or a server's name for it
    revision: str = ""  # a commit of the hub's; empty takes what the cache or hub has
    url: str = ""  # of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1
    key_file: str = ""  # has the server's key, for the owner alone; empty: SECOND_LOOK_API_KEY
    parallel: Annotated[int, Interval(ge=1, le=256)] = 4  # requests to the server at a time
    connect_timeout_s: Annotated[float, Gt(0)] = 5.0  # until the server takes the connection
    first_token_timeout_s: Annotated[float, Gt(0)] = 300.0  # it may have to load the model
    token_timeout_s: Annotated[float, Gt(0)] = 60.0  # from one piece of a reply to the next
    device: str = "auto"  # auto, cuda, cuda:1, mps, cpu
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    attention: Literal["auto", "flash_attention_2", "sdpa", "eager"] = "auto"
    quantization: Literal["none", "int8", "int4"] = "none"
    min_pixels: Annotated[int, Ge(784)] = 3_136  # a picture is scaled up to this: 4 tokens
    max_pixels: Annotated[int, Ge(784)] = 1_003_520  # and down to this: 1,280 tokens
    max_context: Annotated[int, Ge(256)] = 32_768  # tokens of a prompt and its reply
    kv_cache_mib: Annotated[int, Ge(0)] = 4_096  # KV caches kept between prompts; 0 keeps none
    vision_cache_mib: Annotated[int, Ge(0)] = 1_024  # picture embeddings kept; 0 keeps none
