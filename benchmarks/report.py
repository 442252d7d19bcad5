"""Turn the saved measurements into a Markdown table, a chart, and a verdict on each bar."""

import json
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from benchmarks.peers import CONVOLUTIONS

OURS, PLAIN = "this project", "model.fit"


def write(folder: Path) -> None:
    """Write table.md and training.png from the .json files in `folder`."""
    parts = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    sections = [TABLES[name](parts[name]["rows"]) for name in TABLES if name in parts]
    (folder / "table.md").write_text("\n\n".join([*sections, verdicts(parts), made(parts)]) + "\n")
    if "training" in parts:
        chart(parts["training"]["rows"], folder / "training.png")


def table(header: list[str], rows: list[list[str]]) -> str:
    """Format as Markdown, numbers to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def show(spread: dict[str, float], digits: int = 1) -> str:
    """Format a median with its range."""
    return "{median:.{d}f} ({min:.{d}f}-{max:.{d}f})".format(**spread, d=digits)


def peak(row: dict[str, Any]) -> str:
    """Format the largest memory that was seen."""
    return f"{row['peak_mib']['max']:,.0f}"


def find(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """Return the row that has these values."""
    return next(row for row in rows if wanted.items() <= row.items())


def training(rows: list[dict[str, Any]]) -> str:
    """Tell the time to the trained model, peer by peer."""
    lines = []
    order = [row["model"] for row in rows]
    for row in sorted(rows, key=lambda row: (order.index(row["model"]), row["seconds"]["median"])):
        plain = [r for r in rows if (r["peer"], r["model"]) == (PLAIN, row["model"])]
        times = [f"{r['seconds']['median'] / row['seconds']['median']:.1f}" for r in plain]
        name, share = f"{row['model']}, {row['peer']}", f"{row['accuracy']['median']:.2%}"
        shown = (show(row["seconds"]), *(times or ["-"]), show(row["epoch"], 2), share, peak(row))
        lines.append([name, *shown])
    header = ["model, peer", "seconds to the trained model", "times as fast as model.fit"]
    return table([*header, "seconds for an epoch", "test accuracy", "peak MiB"], lines)


def whole(rows: list[dict[str, Any]]) -> str:
    """Tell the time of the whole pipeline, way by way."""
    script = find(rows, way="notebook script")["wall"]["median"]
    lines = [
        [row["way"], show(row["wall"]), f"{row['wall']['median'] / script:.2f}", peak(row)]
        for row in rows
    ]
    return table(["the whole", "seconds", "of the script's", "peak MiB"], lines)


def answering(rows: list[dict[str, Any]]) -> str:
    """Tell what it takes to answer, way by way."""
    lines = [[row["way"], show(row["wall"], 2), show(row["cpu"], 2), peak(row)] for row in rows]
    return table(["answering", "seconds", "CPU seconds", "peak MiB"], lines)


def growth(rows: list[dict[str, Any]]) -> str:
    """Tell time and memory as the data grows."""
    lines = [
        [f"{r['stage']}, {r['examples']:,}", show(r["wall"]), f"{r['microseconds']:.2f}", peak(r)]
        for r in rows
    ]
    return table(["stage, examples", "seconds", "µs an example beyond start-up", "peak MiB"], lines)


def workers(rows: list[dict[str, Any]]) -> str:
    """Tell the time for a step by one machine of one core, and by two with a wire between."""
    delays = sorted({row["delay"] for row in rows})  # the first, below 0, is one machine's
    lines = []
    for row in rows:
        if row["delay"] < 0:
            shape = {key: row[key] for key in ("kind", "units", "batch_size")}
            found = [show(find(rows, **shape, delay=delay)["step"]) for delay in delays]
            lines.append([f"{row['kind']}, {row['units']:,}", f"{row['batch_size']:,}", *found])
    header = ["workers: ms a step, by layers of", "batch", "one machine"]
    return table([*header, *(f"two, {delay:g} ms" for delay in delays[1:])], lines)


TABLES = {
    "training": training,
    "whole": whole,
    "answering": answering,
    "growth": growth,
    "workers": workers,
}


def ratios(parts: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Return every bar: what is measured, its value, and the most that it may be."""
    bars: list[tuple[str, float, float]] = []
    if rows := parts.get("training", {}).get("rows"):
        for model in dict.fromkeys(row["model"] for row in rows if row["peer"] == PLAIN):
            seconds = {r["peer"]: r["seconds"]["median"] for r in rows if r["model"] == model}
            ours = seconds.pop(OURS)
            most = 1.7 if model == CONVOLUTIONS else 1 / 6  # held to AVX2
            bars.append((f"{model}: training / model.fit", ours / seconds[PLAIN], most))
            if model != CONVOLUTIONS:
                fastest = min(seconds.values())
                bars.append((f"{model}: training / the fastest peer", ours / fastest, 1))
        ours, plain = (find(rows, peer=peer, model="hidden")["epoch"] for peer in (OURS, PLAIN))
        ratio = ours["median"] / plain["median"]
        bars.append(("hidden: an epoch / one of model.fit", ratio, 1 / 10))
        for taught in (row for row in rows if row["model"] == "augmented"):
            bars.append(("augmented: training, seconds", taught["seconds"]["median"], 12))
    if rows := parts.get("whole", {}).get("rows"):
        time = {row["way"]: row["wall"]["median"] for row in rows}
        for way, most in (
            ("dvc repro, cold", 0.75),
            ("dvc repro evaluate explore, cold", 0.5),
            ("after a change of units", 0.25),
            ("after a change in a figure", 0.08),
        ):
            bars.append((f"{way} / the script", time[way] / time["notebook script"], most))
        bars.append(("nothing to do: seconds", time["nothing to do"], 0.8))
    if rows := parts.get("answering", {}).get("rows"):
        picture, pictures, robustness = rows
        bars.append(("one picture: seconds", picture["wall"]["median"], 0.7))
        bars.append(("1,000 pictures: seconds", pictures["wall"]["median"], 1_000 / 150))
        bars.append(("robustness: CPU seconds", robustness["cpu"]["median"], 5.9 / 3))
    if rows := parts.get("growth", {}).get("rows"):
        mnist = find(rows, stage="train_hidden", examples=60_000)
        bars.append(("the stage train_hidden: peak MiB", mnist["peak_mib"]["max"], 1024))
        for stage in dict.fromkeys(row["stage"] for row in rows):
            start, *sizes = (row for row in rows if row["stage"] == stage)
            noise = start["wall"]["max"]
            timed = next(row for row in sizes if row["wall"]["median"] > 1.05 * noise)
            first, last = sizes[0], sizes[-1]
            ratio = last["microseconds"] / timed["microseconds"]
            text = f"{stage}: {last['examples']:,} / {timed['examples']:,} examples"
            bars.append((f"{text}: time an example", ratio, 1.15))
            text = f"{stage}: {last['examples']:,} / {first['examples']:,} examples"
            more = last["peak_mib"]["max"] - first["peak_mib"]["max"]
            bars.append((f"{text}: more MiB", more, 300))
    return bars


def verdicts(parts: dict[str, Any]) -> str:
    """Say of each bar whether it is met."""
    lines = [
        [text, f"{value:.2f}", f"{most:.2f}", "met" if value <= most else "**missed**"]
        for text, value, most in ratios(parts)
    ]
    return table(["bar", "measured", "at most", ""], lines)


def made(parts: dict[str, Any]) -> str:
    """Say when, where and with what it was measured."""
    part = next(iter(parts.values()))
    facts = part["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rounds = ", ".join(f"{name} {part['rounds']}" for name, part in parts.items())
    return (
        f"Medians (and ranges) of interleaved rounds ({rounds}), each in a process of its "
        f"own; {facts['date']}, {facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, "
        f"{versions}."
    )


def chart(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the time to the trained hidden model, a bar a peer, its range as a line."""
    hidden = [row for row in rows if row["model"] == "hidden"]
    hidden.sort(key=lambda row: -row["seconds"]["median"])
    names = [row["peer"] for row in hidden]
    middle, low, high = (
        np.array([row["seconds"][key] for row in hidden]) for key in ("median", "min", "max")
    )
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh(
            names,
            middle,
            xerr=[middle - low, high - middle],
            color=["#D55E00" if name == OURS else "#BBBBBB" for name in names],
            error_kw={"elinewidth": 1, "ecolor": "0.3"},
        )
        axes.bar_label(bars, [f"{m:.1f} s" for m in middle], padding=8)
        axes.set_title("Seconds to the trained hidden model: 5 epochs of MNIST, batches of 32")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(0, high.max() * 1.15)
        figure.savefig(path, dpi=110, metadata={"Software": None})
