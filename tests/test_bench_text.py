"""The measure of reading, on a folder of one picture."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


def test_with_json_stdout_is_one_object_of_figures(tmp_path):
    picture = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(picture).text((30, 40), "TOTAL 12.50", "black", ImageFont.load_default(30))
    picture.save(tmp_path / "one.png")

    ran = subprocess.run(
        [sys.executable, "-m", "bench", "text", str(tmp_path), "--json"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    figures = json.loads(ran.stdout)
    assert figures["seconds_ratio"] > 0
    assert {"seconds_mean", "peak_mib", "peer_seconds_mean"} <= figures.keys()
    assert "RapidOCR" in ran.stderr
