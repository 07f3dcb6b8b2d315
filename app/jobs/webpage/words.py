"""What the job says around a page, in English and Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ENGLISH: Final = {
    "no_picture": "Add a screenshot of a page: I build HTML from it.",
    "built": "The page, from {lines} measured lines of text.",
    "built_picture": "The page, from {lines} lines of text and a measured picture.",
    "built_pictures": "The page, from {lines} lines of text and {pictures} measured pictures.",
    "built_model": "The page, written by the model and checked against {lines} measured lines.",
    "no_text": "I find no text in this picture. The page shows what else is there.",
    "alike": "It looks {likeness} % like the screenshot.",
    "repaired": "Rendered, compared and repaired: {before} % alike before, {now} % now.",
    "unchecked": "There is no Chromium here that could draw it, so it is not checked.",
    "one_picture": "A page is built from one picture: this is the first of {n}.",
    "removed": "{n} scripts or outside addresses were taken out.",
    "no_page": "The model wrote no page, so this is the measured one.",
    "cut_off": "The model did not come to the end; what was open has been closed.",
    "no_room": "There was no room for another round of repair.",
    "changed": "Done: {what}.",
    "changed_model": "I changed the page as you asked.",
    "unchanged": "The page is as it was.",
    "no_change": "The model wrote no page.",
    "nothing": "This changes nothing here: {what}.",
    "cannot": (
        "Without a model I cannot do this: {what}. What I can: another palette (pastel, dark, "
        "light, monochrome, warm, cool, a colour), more or less white space, larger or smaller "
        "text, another typeface, rounder or square corners, shadows, borders, alignment, width, "
        "buttons in a row, take a part out, or replace “a text” with “another”."
    ),
    "comma": ", ",
}
CHINESE: Final = {
    "no_picture": "请添加网页截图，我会据此生成 HTML。",
    "built": "网页已生成：测量了 {lines} 行文字。",
    "built_picture": "网页已生成：测量了 {lines} 行文字和 1 张图片。",
    "built_pictures": "网页已生成：测量了 {lines} 行文字和 {pictures} 张图片。",
    "built_model": "网页由模型编写，并与测得的 {lines} 行文字核对。",
    "no_text": "图片中没有找到文字，网页只包含其余内容。",
    "alike": "与截图的相似度为 {likeness}%。",
    "repaired": "已渲染、比较并修复：相似度由 {before}% 变为 {now}%。",
    "unchecked": "本机没有可用的 Chromium，因此未经核对。",
    "one_picture": "每次只用一张图片生成网页，这是 {n} 张中的第一张。",
    "removed": "已去除 {n} 处脚本或外部地址。",
    "no_page": "模型没有写出网页，以下是测量得到的网页。",
    "cut_off": "模型没有写完，未闭合的部分已补全。",
    "no_room": "没有空间再修复一轮。",
    "changed": "已完成：{what}。",
    "changed_model": "已按要求修改网页。",
    "unchanged": "网页保持不变。",
    "no_change": "模型没有写出网页。",
    "nothing": "对此网页不起作用：{what}。",
    "cannot": (
        "没有模型时无法做到：{what}。我能做的有：更换配色（柔和、深色、浅色、单色、暖色、冷色或某种颜色）、"
        "增减留白、放大或缩小文字、更换字体、圆角或直角、阴影、边框、对齐、宽度、按钮并排、"
        "去掉某一部分，或将“一段文字”替换为“另一段”。"
    ),
    "comma": "、",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The job's sentences in one language."""

    words: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence, filled in."""
        return self.words[key].format(**values)

    def listed(self, parts: Sequence[str]) -> str:
        """Return several things that the user said, as he said them."""
        return self("comma").join(f"“{part}”" for part in parts)


def words_for(text: str) -> Words:
    """Return the words in the language that a prompt is written in; English for none."""
    return Words(CHINESE if any("\u4e00" <= char <= "\u9fff" for char in text) else ENGLISH)
