"""The page's words, English and Chinese.

Every sentence of the page is here. Sentences of errors are with the errors, and their Chinese is
in ``errors_zh``. A test keeps the two languages' keys and placeholders equal.
"""

from collections.abc import Mapping
from typing import Any, Literal

import gradio as gr

from app.page.errors_zh import ERRORS_ZH
from vision.images import Note

Language = Literal["en", "zh"]
COOKIE = "second_look_language"

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "app": "Second Look",
        "new": "New conversation",
        "untitled": "Untitled",
        "today": "Today",
        "yesterday": "Yesterday",
        "no_conversations": "Conversations appear here. They are kept on this machine.",
        "one_turn": "1 turn",
        "turns": "{n} turns",
        "placeholder": "Ask about a picture, or just ask",
        "placeholder_loading": "One moment: the engine is loading",
        "placeholder_failed": "No engine could be loaded",
        "hint": "Enter sends · Shift+Enter breaks the line · pictures stay on this machine",
        "headline": "What would you like a second look at?",
        "subline": "Paste, drop or attach a picture. It is read on this machine and sent nowhere.",
        "card_receipt": "Read a receipt",
        "card_receipt_about": "Every line, or just the total",
        "card_receipt_prompt": "What is the total?",
        "card_html": "Screenshot to HTML",
        "card_html_about": "A page one can edit",
        "card_html_prompt": "Rebuild this screenshot as one HTML page.",
        "card_compare": "Compare two pictures",
        "card_compare_about": "What is the same, what differs",
        "card_compare_prompt": "Compare these pictures. What differs?",
        "example": "Try the example",
        "needs_sight": "needs Qwen2.5-VL",
        "loading": "Getting ready",
        "loading_about": "The first start takes longest. You can write as soon as this ends.",
        "failed": "Nothing can answer yet",
        "stage_download": "Downloading the model",
        "stage_weights": "Loading the model",
        "stage_warm-up": "Warming up",
        "stage_images": "Reading picture {done} of {total}",
        "stage_prefill": "Looking at the prompt: {done} of {total} tokens",
        "thinking": "Thinking",
        "waiting": "{n} before this one",
        "engine_reader": "Reader",
        "engine_qwen": "Qwen2.5-VL",
        "engine_server": "Server",
        "engine_fake": "Fake engine",
        "state_loading": "loading",
        "state_ready": "ready",
        "state_failed": "not running",
        "state_unloaded": "not loaded",
        "about_reader": "Reads text on the CPU: lines, tables, fields. It cannot describe a photo.",
        "about_qwen": "Sees pictures and answers questions about them.",
        "about_server": "A model on a server of your own.",
        "about_fake": "Says what its script says. For tests.",
        "why": "Why this engine",
        "model": "Model",
        "device": "Runs on",
        "first_text": "{s} s to first text",
        "seconds": "{s} s",
        "lines": "{n} lines read",
        "one_line": "1 line read",
        "speed": "{n} tokens/s",
        "cached": "{n} of {total} tokens reused",
        "resume": "Go on with the reply",
        "detail": "How much of a picture's detail the model sees",
        "detail_fast": "Fast",
        "detail_fast_about": "At most 512 tokens a picture",
        "detail_auto": "Auto",
        "detail_auto_about": "As config.toml says: 1,280 tokens a picture, if unchanged",
        "detail_max": "Max",
        "detail_max_about": "At most 5,120 tokens a picture: for small print",
        "cost": "{tokens} tokens, {left} left",
        "cost_over": "{tokens} tokens: {over} too many",
        "cost_bytes": "about {mib} MiB",
        "cancelled": "Stopped. What there was is kept.",
        "length": "Cut off at the token limit.",
        "loop": "Ended: the reply began to repeat itself.",
        "lost": "This reply was under way when Second Look ended.",
        "missing_picture": "The file of this picture is missing",
        "picture": "Picture",
        "close": "Close",
        "menu": "Conversations",
        "theme": "Light or dark",
        "language": "中文",
        "note_first_frame": "{name}: only the first of its {frames:,} frames or pages is read.",
        "note_stretched": "{name}: its brightness, {low:g} to {high:g}, was stretched to black and "
        "white.",
    },
    "zh": {
        "app": "Second Look",
        "new": "新对话",
        "untitled": "未命名",
        "today": "今天",
        "yesterday": "昨天",
        "no_conversations": "对话会出现在这里，只保存在本机。",
        "one_turn": "1 轮",
        "turns": "{n} 轮",
        "placeholder": "就图片提问，也可以直接提问",
        "placeholder_loading": "请稍候，引擎正在加载",
        "placeholder_failed": "没有可用的引擎",
        "hint": "Enter 发送 · Shift+Enter 换行 · 图片不会离开本机",
        "headline": "想再看一眼什么？",
        "subline": "粘贴、拖入或添加图片。图片只在本机读取，不会发往任何地方。",
        "card_receipt": "读取小票",
        "card_receipt_about": "每一行，或只要合计",
        "card_receipt_prompt": "合计是多少？",
        "card_html": "截图转 HTML",
        "card_html_about": "可以继续编辑的网页",
        "card_html_prompt": "把这张截图重建为一个 HTML 网页。",
        "card_compare": "比较两张图片",
        "card_compare_about": "相同之处与不同之处",
        "card_compare_prompt": "比较这两张图片，有什么不同？",
        "example": "试试示例",
        "needs_sight": "需要 Qwen2.5-VL",
        "loading": "正在准备",
        "loading_about": "首次启动最慢，完成后即可输入。",
        "failed": "暂时没有引擎可以回答",
        "stage_download": "正在下载模型",
        "stage_weights": "正在加载模型",
        "stage_warm-up": "正在预热",
        "stage_images": "正在读取第 {done} 张图片，共 {total} 张",
        "stage_prefill": "正在阅读提示：{done} / {total} 个词元",
        "thinking": "正在思考",
        "waiting": "前面还有 {n} 个",
        "engine_reader": "阅读器",
        "engine_qwen": "Qwen2.5-VL",
        "engine_server": "服务器",
        "engine_fake": "模拟引擎",
        "state_loading": "加载中",
        "state_ready": "就绪",
        "state_failed": "未运行",
        "state_unloaded": "未加载",
        "about_reader": "在 CPU 上读取文字：文本行、表格、字段。不能描述照片。",
        "about_qwen": "能看懂图片并回答有关问题。",
        "about_server": "您自己的服务器上的模型。",
        "about_fake": "按脚本回复，用于测试。",
        "why": "为什么是这个引擎",
        "model": "模型",
        "device": "运行于",
        "first_text": "{s} 秒出首字",
        "seconds": "{s} 秒",
        "lines": "读取 {n} 行",
        "one_line": "读取 1 行",
        "speed": "{n} 词元/秒",
        "cached": "复用 {n} / {total} 个词元",
        "resume": "继续这条回复",
        "detail": "模型能看到多少图片细节",
        "detail_fast": "快速",
        "detail_fast_about": "每张图片最多 512 个词元",
        "detail_auto": "自动",
        "detail_auto_about": "按配置文件；默认每张图片 1,280 个词元",
        "detail_max": "最细",
        "detail_max_about": "每张图片最多 5,120 个词元，适合小字",
        "cost": "{tokens} 个词元，还剩 {left}",
        "cost_over": "{tokens} 个词元，超出 {over}",
        "cost_bytes": "约 {mib} MiB",
        "cancelled": "已停止，已有内容已保存。",
        "length": "达到词元上限，回复被截断。",
        "loop": "回复开始重复，已结束。",
        "lost": "Second Look 退出时这条回复尚未完成。",
        "missing_picture": "这张图片的文件不见了",
        "picture": "图片",
        "close": "关闭",
        "menu": "对话列表",
        "theme": "浅色或深色",
        "language": "English",
        "note_first_frame": "{name}：共 {frames:,} 帧或页，只读取第一帧或第一页。",
        "note_stretched": "{name}：亮度 {low:g} 至 {high:g} 已拉伸为从黑到白。",
    },
}


class Words:
    """The page's words in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._words = WORDS[language]

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence under ``key``, filled in."""
        return self._words[key].format(**values)

    def note(self, name: str, note: Note) -> str:
        """Return what is to be told of a picture, called by its name."""
        return self(f"note_{note.code}", name=name, **note.values)

    def error(self, kept: Mapping[str, Any]) -> tuple[str, str]:
        """Return what is wrong and the way out, of an error's record."""
        if self.language == "zh" and (known := ERRORS_ZH.get(kept["code"])):
            text, hint = known
            return text.format(**kept["values"]), hint.format(**kept["values"])
        return kept["text"], kept["hint"]


def words_for(request: gr.Request | None) -> Words:
    """Return the words in the language the user chose, else the one the browser asks for."""
    if request is None:
        return Words("en")
    chosen = request.cookies.get(COOKIE)
    if chosen in ("en", "zh"):
        return Words("zh" if chosen == "zh" else "en")
    preferred = request.headers.get("accept-language", "").lower()
    return Words("zh" if preferred.startswith("zh") else "en")
