"""HTML that a model wrote, mended and made harmless: a whole page, without scripts or outside.

What is shown has no rights of its own (``webpage.js``); this is for the page that is downloaded and
opened by itself. The parser is libxml2's, which reads as HTML5 says since 2.14: what is left open
is closed, what is missing is put in, and what it does not know is kept.
"""

import re
from dataclasses import dataclass

import lxml.html
from lxml import etree

from app.jobs.webpage import clean_css
from app.jobs.webpage.clean_css import is_inside

# With all that is in them. Of ``meta`` and ``link`` some are kept.
_REMOVED = frozenset(
    {"script", "noscript", "template", "iframe", "frame", "frameset", "object", "embed", "applet"}
    | {"base", "portal", "fencedframe", "link", "audio", "video", "source", "track", "param"}
    | {"foreignobject", "animate", "animatemotion", "animatetransform", "set", "handler"}
)
_LINKS = frozenset({"a", "area"})
# What a browser may fetch from or send to, but for ``href`` and ``src``.
_ADDRESSES = frozenset(
    {"action", "formaction", "poster", "background", "data", "cite", "longdesc", "profile"}
    | {"manifest", "icon", "dynsrc", "lowsrc", "srcset", "imagesrcset", "ping", "codebase"}
    | {"classid", "archive", "srcdoc", "attributionsrc", "target", "autofocus", "nonce"}
)
# Of an attribute, with a namespace if it has one.
_NAME = re.compile(r"(\{[^{}]*\})?[a-z_][\w:.-]*", re.ASCII)
_CONTACT = ("mailto:", "tel:")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A page, and how much was taken out of it."""

    html: str
    removed: int


def cleaned(html: str) -> Cleaned:
    """Return a whole page: closed where it was cut off, with nothing that runs or fetches."""
    root = parsed(html)
    removed = sum(_clean(element) for element in list(root.iter()))
    _complete(root)
    return Cleaned(written(root), removed)


def parsed(html: str) -> lxml.html.HtmlElement:
    """Return the page as a tree, with a head and a body."""
    data = html.replace("\0", "").encode("utf-8", "replace")
    try:
        root = _read(data)
    except etree.ParserError:  # there is nothing in it
        root = _read(b"<body></body>")
    for place, tag in enumerate(("head", "body")):
        if root.find(tag) is None:
            root.insert(place, root.makeelement(tag))
    return root


def _read(data: bytes) -> lxml.html.HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    return lxml.html.document_fromstring(data, parser=parser)


def written(root: lxml.html.HtmlElement) -> str:
    """Return a tree as a file."""
    text = etree.tostring(root, method="html", encoding="unicode")
    return f"<!DOCTYPE html>\n{text.rstrip()}\n"


def _clean(element: lxml.html.HtmlElement) -> int:
    """Clean one element; return how many things were taken out. It may be out of the tree then."""
    if not isinstance(element.tag, str):
        return _drop(element) if _is_odd(element) else 0
    tag = element.tag.rpartition("}")[2].lower()
    if tag in _REMOVED or (tag == "meta" and not _is_plain_meta(element)):
        return _drop(element)
    attributes = dict(element.attrib.items())
    kept = {
        key: value for key, value in attributes.items() if _is_harmless(tag, key.lower(), value)
    }
    removed = len(attributes) - len(kept)
    if removed:
        # Not one by one: lxml cannot delete an attribute by a name that it would not write.
        element.attrib.clear()
        element.attrib.update(kept)
    if "style" in element.attrib:
        element.attrib["style"], found = clean_css.cleaned(element.attrib["style"])
        removed += found
    if tag == "style":
        element.text, found = clean_css.cleaned(element.text or "")
        removed += found
    if tag in _LINKS and "href" not in element.attrib and removed:
        element.attrib["href"] = "#"
    return removed


def _drop(element: lxml.html.HtmlElement) -> int:
    if element.getparent() is None:
        return 0
    element.drop_tree()
    return 1


def _is_odd(node: lxml.html.HtmlElement) -> bool:
    """Tell a comment that another parser may end earlier, and whatever else is no element."""
    return node.tag is not etree.Comment or any(c in (node.text or "") for c in "<>")


def _is_plain_meta(element: lxml.html.HtmlElement) -> bool:
    return "http-equiv" not in element.attrib


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if not _NAME.fullmatch(name) or name.startswith("on") or name in _ADDRESSES:
        return False
    if name in ("href", "xlink:href", "src") or name.endswith("}href"):
        return is_inside(value) or (tag in _LINKS and _leads_inside(value))
    return name == "style" or not clean_css.reaches_out(value)


def _leads_inside(address: str) -> bool:
    """Tell a link that can be kept: to another page of the same site, or to a person."""
    # A browser takes white space and control characters out of an address before it reads it.
    plain = "".join(c for c in address if c > " ").lower()
    if plain.startswith(_CONTACT):
        return True
    scheme = ":" in plain.split("/")[0].split("?")[0].split("#")[0]
    return not scheme and not plain.startswith(("//", "\\", "/\\"))


def _complete(root: lxml.html.HtmlElement) -> None:
    """Put in what every page needs to be read as it was meant."""
    head = root.find("head")
    if root.find("head/meta[@charset]") is None:
        head.insert(0, head.makeelement("meta", {"charset": "utf-8"}))
    if root.find("head/meta[@name='viewport']") is None:
        viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
        head.insert(1, head.makeelement("meta", viewport))
