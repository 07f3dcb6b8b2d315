"""Draws the pictures of the welcome page's cards: a receipt, a screenshot, and a pair.

Run it when their look should change: ``.venv/bin/python scripts/draw_examples.py``.
"""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "app" / "page" / "examples"

RECEIPT = """
<style>
  body { margin: 0; width: 560px; padding: 44px 48px; background: #fdfdfb; font: 22px/1.5 "DejaVu Sans Mono", monospace; color: #1d1d1d; }
  h1 { font-size: 30px; text-align: center; margin: 0; letter-spacing: 3px; } p { text-align: center; margin: 0; }
  hr { border: 0; border-top: 2px dashed #555; margin: 18px 0; } div { display: flex; justify-content: space-between; }
  b { font-size: 27px; }
</style>
<h1>HARBOUR CAFE</h1><p>12 Quay Street</p><p>Tel 020 7946 0158</p><hr>
<div><span>Date 14/02/2026</span><span>09:30</span></div><div><span>Receipt No</span><span>A-10482</span></div><hr>
<div><span>2 x Flat white</span><span>7.60</span></div><div><span>1 x Porridge</span><span>5.20</span></div>
<div><span>1 x Almond croissant</span><span>3.40</span></div><div><span>1 x Orange juice</span><span>4.10</span></div><hr>
<div><span>Subtotal</span><span>20.30</span></div><div><span>Service 10%</span><span>2.03</span></div>
<div><b>TOTAL</b><b>22.33</b></div><hr><div><span>Cash</span><span>25.00</span></div><div><span>Change</span><span>2.67</span></div><hr>
<p>Thank you, see you soon</p>
"""

SCREENSHOT = """
<style>
  * { box-sizing: border-box; } body { margin: 0; width: 1280px; height: 800px; background: #f5f6fa; font: 17px/1.5 "DejaVu Sans", sans-serif; color: #22283a; }
  header { display: flex; gap: 36px; align-items: center; padding: 20px 48px; background: #27408b; color: #fff; } header b { font-size: 22px; margin-right: auto; }
  main { padding: 40px 48px; } h1 { font-size: 34px; margin: 0 0 6px; } p { margin: 0; color: #5a6275; }
  .row { display: grid; grid-template-columns: repeat(3, 1fr); gap: 24px; margin-top: 32px; }
  .card { background: #fff; border: 1px solid #dfe3ee; border-radius: 12px; padding: 24px; } .card b { display: block; font-size: 34px; margin-top: 4px; }
  form { display: flex; gap: 14px; margin-top: 32px; background: #fff; border: 1px solid #dfe3ee; border-radius: 12px; padding: 24px; align-items: center; }
  input { flex: 1; font: inherit; padding: 12px 14px; border: 1px solid #c5ccdd; border-radius: 8px; } button { font: inherit; padding: 12px 26px; border: 0; border-radius: 8px; background: #27408b; color: #fff; }
</style>
<header><b>Ferry Times</b><span>Routes</span><span>Tickets</span><span>Help</span></header>
<main><h1>Good morning</h1><p>Three sailings leave before noon. The sea is calm.</p>
<div class="row"><div class="card">Next sailing<b>09:45</b></div><div class="card">Seats left<b>38</b></div><div class="card">Crossing<b>55 min</b></div></div>
<form><label>Where to?</label><input placeholder="Island or harbour"><button>Find a ferry</button></form></main>
"""

ROOM = """
<style>
  body {{ margin: 0; width: 720px; height: 540px; background: linear-gradient(#e9e3d6 0 70%, #b89b78 70%); position: relative; overflow: hidden; }}
  div {{ position: absolute; }} .window {{ left: 70px; top: 60px; width: 200px; height: 170px; background: {sky}; border: 12px solid #fff; }}
  .table {{ left: 300px; top: 330px; width: 340px; height: 26px; background: #6d4a2f; }} .leg {{ top: 356px; width: 20px; height: 120px; background: #5c3d26; }}
  .pot {{ left: {pot}px; top: 274px; width: 56px; height: 56px; background: #c4653f; border-radius: 4px 4px 16px 16px; }}
  .leaf {{ left: {leaf}px; top: 190px; width: 84px; height: 90px; background: #4b7f52; border-radius: 50% 50% 45% 45%; }}
  .lamp {{ left: 520px; top: 0; width: 6px; height: 110px; background: #333; }} .shade {{ left: 473px; top: 105px; width: 100px; height: 60px; background: {lamp}; border-radius: 50px 50px 0 0; }}
  .cup {{ left: 560px; top: 296px; width: 40px; height: 34px; background: #fff; border-radius: 3px 3px 12px 12px; display: {cup}; }}
</style>
<div class="window"></div><div class="lamp"></div><div class="shade"></div><div class="table"></div><div class="leg" style="left:316px"></div>
<div class="leg" style="left:602px"></div><div class="leaf"></div><div class="pot"></div><div class="cup"></div>
"""
BEFORE = ROOM.format(sky="#9cc7e8", pot=380, leaf=366, lamp="#2f4858", cup="block")
AFTER = ROOM.format(sky="#f2b27a", pot=430, leaf=416, lamp="#e0b13c", cup="none")

PICTURES = {
    "receipt.png": (RECEIPT, 656, 10),
    "screenshot.png": (SCREENSHOT, 1280, 800),
    "before.png": (BEFORE, 720, 540),
    "after.png": (AFTER, 720, 540),
}


def main() -> None:
    """Render each picture in Chromium and save it with few colours, as a small PNG."""
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for name, (body, width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(f"<!doctype html><meta charset=utf-8>{body}")
            shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            shot.quantize(96).save(OUT / name, optimize=True)
            print(name, shot.size, (OUT / name).stat().st_size)
        browser.close()


if __name__ == "__main__":
    main()
