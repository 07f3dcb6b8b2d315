"""Pages that tests draw, and what stands on them as a perfect reader would say."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import Browser

from app.jobs.webpage.layout import build
from app.jobs.webpage.page import Page
from app.jobs.webpage.write import to_html
from vision.engine import Line

SANS = '"Liberation Sans", Arial, "DejaVu Sans", sans-serif'

FORM = """<style>
body{margin:0;font:15px/1.5 SANS;color:#1f2937;background:#f3f4f6}
main{max-width:640px;margin:40px auto;background:#fff;border:1px solid #e5e7eb;border-radius:12px;
padding:32px 40px}h1{font-size:28px;margin:0 0 20px}label{display:block;font-weight:700;
margin:16px 0 6px}input,select,textarea{width:100%;box-sizing:border-box;padding:10px 12px;
border:1px solid #9ca3af;border-radius:6px;font:inherit;background:#fff;color:#111}
::placeholder{color:#8b8b8b}.tick{display:flex;gap:10px;align-items:center;margin-top:20px}
.tick span{width:16px;height:16px;border:1px solid #555;border-radius:3px;box-sizing:border-box}
.row{margin-top:28px;display:flex;gap:12px;justify-content:flex-end}button{padding:11px 22px;
border-radius:6px;border:1px solid #4f46e5;background:#4f46e5;color:#fff;font:700 15px SANS}</style>
<main><h1>Delivery address</h1><label>Full name</label><input placeholder="Amelia Novak">
<label>Message to the courier</label>
<textarea rows="4" placeholder="Leave it at the back"></textarea>
<div class="tick"><span></span>Remember this address</div>
<div class="row"><button>Save address</button></div></main>"""

TABLE = """<style>
body{margin:0;font:15px/1.5 SANS;color:#222}h1{font-size:28px;margin:32px 32px 16px}
table{width:900px;margin:0 32px 24px;border-collapse:collapse}th{text-align:left;background:#f1f5f9;
padding:12px 16px;border-bottom:2px solid #94a3b8}td{padding:12px 16px;
border-bottom:1px solid #cbd5e1}.n{text-align:right}p{margin:0 32px}</style>
<h1>Invoices</h1><table><tr><th>Number</th><th>Customer</th><th class=n>Amount</th></tr>
<tr><td>INV-1042</td><td>Northwind Traders</td><td class=n>1,240.00</td></tr>
<tr><td>INV-1041</td><td>Contoso Limited</td><td class=n>310.50</td></tr>
<tr><td>INV-1040</td><td>Fabrikam Works</td><td class=n>8,905.75</td></tr></table>
<p>Three invoices in this quarter.</p>"""

PRICING = """<style>
body{margin:0;font:16px/1.5 SANS;color:#27272a;background:#fafafa;text-align:center}
h1{font-size:40px;margin:60px 0 8px}.lead{color:#71717a;margin:0 0 40px}
.plans{display:flex;gap:28px;justify-content:center}.plan{background:#fff;border:1px solid #d4d4d8;
border-radius:12px;padding:32px 28px;width:280px;text-align:left;box-sizing:border-box}
h2{margin:0 0 12px;font-size:20px}ul{list-style:none;padding:0;margin:0 0 24px}li{padding:6px 0}
a{display:block;text-align:center;padding:12px;border-radius:8px;background:#18181b;color:#fff;
text-decoration:none}footer{margin-top:60px;padding:28px;color:#a1a1aa}</style>
<h1>Simple honest pricing</h1><p class=lead>Start for free and grow with your team.</p>
<div class=plans>
<div class=plan><h2>Starter</h2><ul><li>Three projects</li><li>Community support</li>
<li>One gigabyte</li></ul><a href="#">Get started</a></div>
<div class=plan><h2>Team</h2>
<ul><li>Many projects</li><li>Email support</li><li>Fifty gigabytes</li>
</ul><a href="#">Start a trial</a></div>
<div class=plan><h2>Company</h2>
<ul><li>Single sign-on</li><li>Phone support</li><li>One terabyte</li>
</ul><a href="#">Contact sales</a></div></div><footer>© 2026 Harbor Tools</footer>"""

ARTICLE = """<style>
body{margin:0;font:18px/1.6 SANS;color:#292524;background:#fffdf8}header{background:#1b4332;
padding:18px 48px;display:flex;justify-content:space-between;font-size:15px;color:#fff}
header b{font-size:19px}header a{color:#fff;text-decoration:none;margin-left:26px}
article{max-width:680px;margin:48px auto}h1{font-size:40px;line-height:1.2;margin:0 0 20px}
h2{font-size:27px;margin:36px 0 12px}p{margin:0 0 20px}p a{color:#b45309}
blockquote{border-left:4px solid #a8a29e;margin:28px 0;padding:4px 0 4px 24px}
footer{border-top:1px solid #d6d3d1;text-align:center;padding:24px;font-size:14px}</style>
<header><b>The Estuary</b>
<nav><a href="#">Essays</a><a href="#">Field notes</a><a href="#">About</a>
</nav></header><article><h1>What the tide leaves behind</h1>
<p>Before the sun clears the dunes, the flats are already awake. Oystercatchers work the edge of the
water, and behind them the wet sand keeps a record of everything that passed in the night.</p>
<p>I came here to count worms. You kneel, you dig, you <a href="#">write a number down</a> and after
ten winters the numbers begin to speak.</p><h2>A ledger made of mud</h2>
<p>Every tide turns a page.
The channels shift by the width of a hand, and none of it is dramatic.</p>
<blockquote>The sea does not forget; it only files things away.</blockquote></article>
<footer>© 2026 The Estuary</footer>"""

DASHBOARD = """<style>
*{box-sizing:border-box}body{margin:0;font:14px/1.5 SANS;background:#f1f5f9;color:#0f172a;
display:flex;min-height:640px}aside{width:220px;background:#0f172a;padding:24px 16px}
aside a{display:block;color:#e2e8f0;text-decoration:none;padding:9px 12px;border-radius:8px;
margin-bottom:4px}aside a.on{background:#334155}main{flex:1;padding:28px 32px}
h1{font-size:26px;margin:0 0 20px}.stats{display:grid;grid-template-columns:repeat(3,1fr);gap:20px;
margin-bottom:24px}.stat{background:#fff;border-radius:12px;padding:18px 20px;
border:1px solid #cbd5e1}.stat b{display:block;font-size:28px}table{width:100%;background:#fff;
border-collapse:collapse}td{padding:10px 16px;border-top:1px solid #cbd5e1}
td:last-child{text-align:right}</style>
<aside><a class=on href="#">Overview</a><a href="#">Customers</a><a href="#">Orders</a>
<a href="#">Reports</a></aside><main><h1>This month</h1><div class=stats>
<div class=stat><span>Revenue</span><b>48,210</b></div>
<div class=stat><span>Orders</span><b>1,284</b>
</div><div class=stat><span>Refunds</span><b>17</b></div></div>
<table><tr><td>Desk lamp</td><td>212</td></tr><tr><td>Wool blanket</td><td>187</td></tr>
<tr><td>Oak shelf</td><td>143</td></tr><tr><td>Tea set</td><td>98</td></tr></table></main>"""

CHINESE = """<style>
body{margin:0;font:16px/1.75 "Noto Sans CJK SC",sans-serif;color:#333}header{background:#c8102e;
color:#fff;padding:18px 60px;display:flex;gap:36px}header a{color:#fff;text-decoration:none}
header strong{font-size:20px}main{max-width:860px;margin:36px auto}
h1{font-size:32px;margin:0 0 12px}
h2{font-size:22px;margin:28px 0 8px}p{margin:12px 0}.box{background:#f0f0f0;padding:16px 24px}
ul{margin:0;padding-left:24px}li{margin:6px 0}footer{background:#333;color:#ddd;text-align:center;
padding:24px}</style><header><strong>城市日报</strong><a href="#">首页</a><a href="#">本地</a>
<a href="#">文化</a></header><main><h1>老城区图书馆重新开放</h1>
<p>经过两年的修缮，位于老城区中心的公共图书馆今天重新向市民开放。新馆保留了原有的木结构屋顶，同时增加了三个阅览室和一个儿童区。</p>
<h2>开放时间</h2><div class=box><ul><li>周一至周五九点到二十点</li><li>周六和周日十点到十八点</li>
<li>法定节假日闭馆</li></ul></div></main><footer>版权所有城市日报社</footer>"""

DARK = """<style>
*{box-sizing:border-box}body{margin:0;background:#0d1117;color:#e6edf3;font:16px/1.5 SANS}
nav{display:flex;align-items:center;padding:16px 40px;border-bottom:1px solid #30363d}
nav b{font-size:20px;margin-right:auto}nav a{color:#8b949e;text-decoration:none;margin-left:28px}
.hero{text-align:center;padding:80px 24px 60px}h1{font-size:52px;margin:0 0 16px;line-height:1.1}
.hero p{color:#8b949e;margin:0 auto 28px}.hero a{display:inline-block;padding:14px 28px;
border-radius:8px;background:#1f6feb;color:#fff;text-decoration:none}pre{width:900px;
margin:0 auto 60px;background:#161b22;border-radius:10px;padding:20px 24px;
font:15px/1.6 "DejaVu Sans Mono",monospace;color:#79c0ff}</style>
<nav><b>Nightshift</b><a href="#">Docs</a><a href="#">Pricing</a><a href="#">Blog</a></nav>
<div class=hero><h1>Deploy while you sleep</h1><p>It ships your branch when nobody is looking.</p>
<a href="#">Start for free</a></div><pre>nightshift init --branch main
  watching main, next window
nightshift status</pre>"""

PHONE = """<style>
*{box-sizing:border-box}body{margin:0;font:16px/1.5 SANS;color:#3b2f2f;background:#fff8f0}
header{background:#d9480f;color:#fff;padding:16px 20px;font-size:20px;font-weight:700}
main{padding:20px}h1{font-size:26px;line-height:1.25;margin:0 0 16px}.picture{height:180px;
background:repeating-conic-gradient(#f59f00 0 9%,#862e9c 0 17%,#2b8a3e 0 31%)}
h2{font-size:20px;margin:24px 0 8px}ul{padding-left:22px;margin:0}li{margin:4px 0}
a{display:block;background:#d9480f;color:#fff;text-align:center;padding:14px;border-radius:10px;
margin-top:24px;text-decoration:none}</style><header>Ladle</header><main>
<h1>Tomato soup with roasted garlic</h1><div class=picture></div><h2>Ingredients</h2>
<ul><li>One kilo of ripe tomatoes</li><li>One head of garlic</li><li>Half a litre of stock</li></ul>
<a href="#">Start cooking</a></main>"""

# Each word with its place; those of one line and one look are joined below, as a reader finds them.
_WORDS = r"""() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    if (['STYLE', 'OPTION'].includes(node.parentElement.tagName)) continue;
    for (const word of node.nodeValue.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
      for (const r of range.getClientRects()) {
        if (range.getClientRects().length > 1) {   // Chinese: one word goes on over lines
          continue;
        }
        found.push([word[0], r.left, r.top, r.right, r.bottom]);
      }
      if (range.getClientRects().length > 1) {
        let line = null;
        for (let i = 0; i < word[0].length; i++) {
          const one = document.createRange();
          one.setStart(node, word.index + i); one.setEnd(node, word.index + i + 1);
          const r = one.getBoundingClientRect();
          if (line && Math.abs(line[2] - r.top) < 3) { line[0] += word[0][i]; line[3] = r.right; }
          else { line = [word[0][i], r.left, r.top, r.right, r.bottom]; found.push(line); }
        }
      }
    }
  }
  for (const field of document.querySelectorAll('input, textarea')) {
    const r = field.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(field).fontSize);
    const top = r.top + 9;
    found.push([field.placeholder, r.left + 12, top, r.left + 12 + 9 * field.placeholder.length,
                top + size * 1.5]);
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as a screenshot shows it."""

    rgb: NDArray[np.uint8]
    lines: tuple[Line, ...]

    @property
    def page(self) -> Page:
        """What the layout analysis makes of it."""
        return build(self.rgb, self.lines)

    @property
    def html(self) -> str:
        """That, written down."""
        return to_html(self.page)


def seen(browser: Browser, html: str, width: int = 1280) -> Seen:
    """Draw a page; return its pixels and its lines, read without a mistake."""
    page = browser.new_page(viewport={"width": width, "height": 480})
    page.set_content("<!DOCTYPE html>" + html.replace("SANS", SANS))
    words = page.evaluate(_WORDS)
    pixels = Picture.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    return Seen(np.asarray(pixels), lines_of(words))


def lines_of(words: list[tuple[str, float, float, float, float]]) -> tuple[Line, ...]:
    """Join words that stand beside each other, as a reader's detector does."""
    lines: list[list[float | str]] = []
    for text, x0, y0, x1, y1 in words:
        last = lines[-1] if lines else None
        beside = last and abs((y0 + y1) - (last[2] + last[4])) < 0.5 * (y1 - y0)
        if last and beside and -2 <= x0 - last[3] < 0.7 * (y1 - y0):
            last[0] = f"{last[0]} {text}" if x0 - last[3] > 1 else f"{last[0]}{text}"
            last[2], last[3], last[4] = min(last[2], y0), x1, max(last[4], y1)
        else:
            lines.append([text, x0, y0, x1, y1])
    return tuple(
        Line(str(text), (round(x0), round(y0), round(x1), round(y1)), 0.99)
        for text, x0, y0, x1, y1 in lines
    )
