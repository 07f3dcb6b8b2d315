"""What the compare job says, in English and Chinese."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences with places for numbers."""

    same: str
    seen_otherwise: str  # the same, not pixel by pixel
    differ: str
    other_scene: str
    columns: str
    text_columns: str  # where any part holds text
    evidence: str


ENGLISH = Words(
    same="Images {one} and {other} show the same; no part of them was found to differ.",
    seen_otherwise="Images {one} and {other} show the same, though not taken or kept alike; no "
    "part of what both show was found to differ.",
    differ="Images {one} and {other} show the same scene. {share} % of the pixels differ; "
    "the parts that do, the largest first:",
    other_scene="Images {one} and {other} do not show the same scene, so no parts can be laid "
    "over one another.",
    columns="| Part | Where in image {one} |",
    text_columns=" Text in image {one} | Text in image {other} |",
    evidence="What was measured (places in pixels of the first picture):",
)
CHINESE = Words(
    same="图 {one} 与图 {other} 内容相同，没有发现不同之处。",
    seen_otherwise="图 {one} 与图 {other} 内容相同，只是拍摄或保存方式不同，没有发现不同之处。",
    differ="图 {one} 与图 {other} 是同一场景，{share}% 的像素不同，共 {n} 处，从大到小：",
    other_scene="图 {one} 与图 {other} 不是同一场景，无法叠放比较。",
    columns="| 序号 | 在图 {one} 中的位置 |",
    text_columns=" 图 {one} 的文字 | 图 {other} 的文字 |",
    evidence="测量结果（位置以第一张图的像素计）：",
)


def words_for(text: str) -> Words:
    """Return the words in the language of a prompt."""
    return CHINESE if re.search(r"[\u4e00-\u9fff]", text) else ENGLISH
