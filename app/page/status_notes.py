"""An engine's notes in Chinese: which attention runs and why, what a server lacks.

An engine says them in English, once, as it loads (``Status.notes``), and knows no language of the
page. So a note is known here by its sentence, and what it was filled with is kept.
"""

import re

from app.page.errors_zh import ERRORS_ZH
from vision.errors import VisionError

NOTES_ZH = {
    "Attention: eager, as configured; the slowest.": "注意力：eager（按配置），速度最慢。",
    "Attention: FlashAttention 2 ready.": "注意力：FlashAttention 2 已就绪。",
    "Attention: SDPA, 30 to 50 % slower than FlashAttention 2 on long prompts; {why}.": (
        "注意力：SDPA，长提示时比 FlashAttention 2 慢 30% 到 50%；{why}。"
    ),
    "Attention: SDPA; {why}.": "注意力：SDPA；{why}。",
    "Attention: eager, the slowest; {why}, and {trouble}.": (
        "注意力：eager，速度最慢；{why}，且{trouble}。"
    ),
    "sdpa is configured": "已配置为 sdpa",
    "FlashAttention 2 needs an NVIDIA card, this is {device}": (
        "FlashAttention 2 需要 NVIDIA 显卡，当前设备为 {device}"
    ),
    "FlashAttention 2 needs a card of capability 8.0, this one has {had}": (
        "FlashAttention 2 需要计算能力 8.0 的显卡，当前为 {had}"
    ),
    "FlashAttention 2 needs half precision, this is {dtype}": (
        "FlashAttention 2 需要半精度，当前为 {dtype}"
    ),
    "the package flash-attn is not installed": "未安装 flash-attn",
    "transformers does not take the installed flash-attn: it must be 2.3.3 or newer": (
        "transformers 不接受已安装的 flash-attn：需要 2.3.3 或更新版本"
    ),
    "the package flash-attn does not load ({error})": "flash-attn 无法加载（{error}）",
    "flash-attn failed its self-check: it differs from SDPA by {n}": (
        "flash-attn 未通过自检：与 SDPA 相差 {n}"
    ),
    "flash-attn failed its self-check ({error})": "flash-attn 未通过自检（{error}）",
    "SDPA failed its self-check ({error})": "SDPA 未通过自检（{error}）",
    "SDPA differs from the formula by {n}": "SDPA 与公式相差 {n}",
    "The model is spread over {devices}.": "模型分布在 {devices} 上。",
    "The checkpoint is quantized already; {kind} was not applied.": (
        "检查点本身已量化，因此未应用 {kind}。"
    ),
    "[engine] model is {wanted}; the server has only {name}, which is used.": (
        "[engine] model 为 {wanted}；服务器只有 {name}，因此使用它。"
    ),
    "The server does not take {names}.": "服务器不接受 {names}。",
    "What the server keeps of a conversation, such as its KV cache, is the server's to give back: "
    "a clear releases the encoded pictures that are kept here.": (
        "服务器为对话保留的内容（如 KV 缓存）由服务器自行释放；清理只释放保存在此处的已编码图片。"
    ),
}
_PLACE = re.compile(r"\{(\w+)[^}]*\}")


def in_chinese(note: str) -> str:
    """Return a note in Chinese; one that is not known, as it is."""
    for template, chinese in _templates().items():
        if match := re.fullmatch(_pattern(template), note):
            values = {name: in_chinese(value) for name, value in match.groupdict().items()}
            return _PLACE.sub(lambda place, values=values: values[place[1]], chinese)  # type: ignore[misc]
    return note


def _templates() -> dict[str, str]:
    """Return the notes, and behind them the errors that an engine notes when it cannot load."""
    errors = {
        f"{each.text} {each.way_out}".strip(): " ".join(ERRORS_ZH[each.__name__]).strip()
        for each in _kinds(VisionError)
        if each.text and each.__name__ in ERRORS_ZH
    }
    return NOTES_ZH | errors


def _kinds(error: type[VisionError]) -> list[type[VisionError]]:
    return [error, *(kind for each in error.__subclasses__() for kind in _kinds(each))]


def _pattern(template: str) -> str:
    """Return what matches a sentence made of ``template``; a place named twice holds the same."""
    pieces, seen = [], set[str]()
    last = 0
    for place in _PLACE.finditer(template):
        name = place[1]
        pieces.append(re.escape(template[last : place.start()]))
        pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
        seen.add(name)
        last = place.end()
    return "".join([*pieces, re.escape(template[last:])])
