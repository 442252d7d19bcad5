"""Growth: the stages on MNIST repeated, with small shifts, to a hundred times its size."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from benchmarks.whole import edit
from digits.data.loading import read_raw
from digits.files.arrays import write_array

SIZES = (60_000, 240_000, 960_000, 6_000_000)
SMALL = 600
"""Examples in the run that shows what a stage takes to start: imports, compiling."""
BYTES = 784 * 5
"""Of an example on disk: a byte a pixel raw, four processed."""
STAGES = {
    "preprocess": ["preprocess"],
    "train_hidden": ["train", "hidden"],
    "evaluate": ["evaluate"],
}
"""The words of the command of each."""


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure three stages at each size; return a row for each stage and size."""
    rows = []
    for count in (SMALL, *SIZES):
        with tempfile.TemporaryDirectory(prefix="digits-bench-", dir=".") as name:
            folder = Path(name)
            if shutil.disk_usage(folder).free < 1.2 * count * BYTES:
                print(f"  {count:,} examples: not enough disk", file=sys.stderr)
                continue
            lay_out(folder, count)
            for stage, (module, *words) in STAGES.items():
                if stage == "evaluate":
                    test_on_the_training_set(folder)
                command = ["python", "-m", f"stages.{module}", *words]
                (row,) = measure.interleave(
                    {(stage, count): command}, ("stage", "examples"), rounds, folder=str(folder)
                )
                rows.append(row)
    return [row | {"microseconds": per_example(row, rows)} for row in rows]


def per_example(row: dict[str, Any], rows: list[dict[str, Any]]) -> float:
    """Return microseconds for an example, over what the stage takes for next to none."""
    start = next(r for r in rows if (r["stage"], r["examples"]) == (row["stage"], SMALL))
    return float((row["wall"]["median"] - start["wall"]["median"]) / row["examples"] * 1e6)


def lay_out(folder: Path, count: int) -> None:
    """Make a folder in which the stages run by hand, on `count` training examples, one epoch."""
    for name in ("digits", "stages"):
        (folder / name).symlink_to(Path(name).resolve())
    for name in ("metrics", "models"):
        shutil.copytree(name, folder / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(name, folder)
    edit(folder / "params.yaml", "epochs: 5", "epochs: 1")
    images, labels = read_raw("train")
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    shutil.copy("data/raw/info.json", raw)
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, 28, 28)}
    with (raw / "train_images.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, count, len(images)):
            turn = start // len(images)
            shifted = np.roll(images, (turn % 5 - 2, turn // 5 % 5 - 2), axis=(1, 2))
            file.write(shifted[: count - start].data if turn else images[:count].tobytes())
    times = -(-count // len(labels))
    write_array(str(raw / "train_labels.npy"), np.tile(labels, times)[:count])
    for part, array in zip(("images", "labels"), read_raw("test"), strict=True):
        write_array(str(raw / f"test_{part}.npy"), array)


def test_on_the_training_set(folder: Path) -> None:
    """Let evaluate read as many examples as training did."""
    processed = folder / "data/processed"
    for part in ("images.npy", "labels.npy"):
        (processed / "test" / part).unlink()
        (processed / "test" / part).hardlink_to(processed / "train" / part)
