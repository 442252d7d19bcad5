"""Answering with trained models: pictures by `digits predict`, robustness on corrupted images."""

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from benchmarks import measure
from digits.data.loading import read_raw

PICTURES = 1_000
SIZE = 200
"""Pixels of a side of a picture."""


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure each way in turn, `rounds` times; return a row for each."""
    with tempfile.TemporaryDirectory(prefix="digits-bench-") as name:
        folder = Path(name)
        for place, digit in enumerate(read_raw("test")[0][:PICTURES]):
            picture = ImageOps.invert(Image.fromarray(digit)).resize((SIZE, SIZE))
            picture.save(folder / f"{place}.png")
        predict = ["python", "-m", "digits", "predict"]
        ways = {
            "digits predict, one picture": [*predict, str(folder / "0.png")],
            f"digits predict, {PICTURES:,} pictures": [*predict, "--json", name],
            "robustness": ["python", "-m", "stages.robustness"],
        }
        return measure.interleave(ways, ("way",), rounds)
