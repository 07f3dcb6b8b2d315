"""A page among the words of a reply: what stands in its blocks of code."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^`]*")
_PAGE = ("<!doctype", "<html")
_MARKUP = frozenset({"html", "htm", "xhtml", "xml", "svg", "vue", "jsx", ""})


def page_in(reply: str) -> str:
    """Return the HTML in a reply, "" where there is none; a block that was left open counts.

    A style sheet in a block of its own is put behind the page, where a parser makes it part of it.
    """
    blocks = list(_blocks(reply))
    pages = [code for language, code in blocks if _is_page(language, code)]
    if not pages:
        return _bare(reply)
    # Of several, the longest is the page; others are pieces of it that were talked about.
    sheets = [f"<style>\n{code}</style>\n" for language, code in blocks if language == "css"]
    return "".join([max(pages, key=len), *sheets])


def fenced(html: str) -> str:
    """Return the page as a block of code in a reply."""
    longest = max((len(run) for run in re.findall("`+", html)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}html\n{html.rstrip()}\n{marks}\n"


def with_page(reply: str, html: str) -> str:
    """Return a reply that says the same about another page, such as one the user edited."""
    lines = reply.splitlines(keepends=True)
    at = next((i for i, line in enumerate(lines) if _FENCE.match(line)), len(lines))
    return "".join(lines[:at]) + fenced(html)


def is_whole(reply: str) -> bool:
    """Tell whether the page in a reply has come to its end."""
    return "</html" in reply[-400:].lower()


def _blocks(reply: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of each block."""
    marks, language = "", ""
    code: list[str] = []
    for line in reply.splitlines(keepends=True):
        fence = _FENCE.match(line)
        closes = fence and fence["marks"].startswith(marks) and not fence["language"]
        if not marks and fence:
            marks, language, code = fence["marks"], fence["language"].lower(), []
        elif marks and closes:
            yield language, "".join(code)
            marks = ""
        elif marks:
            code.append(line)
    if marks:
        yield language, "".join(code)


def _is_page(language: str, code: str) -> bool:
    return language in _MARKUP and "<" in code


def _bare(reply: str) -> str:
    """Return a page that stands in a reply without a block around it."""
    lower = reply.lower()
    starts = [at for tag in _PAGE if (at := lower.find(tag)) >= 0]
    if not starts:
        return ""
    end = lower.rfind("</html>")
    return reply[min(starts) : end + len("</html>") if end >= 0 else None]
