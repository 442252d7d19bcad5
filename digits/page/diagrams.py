"""The diagrams of the page: the networks by their form, the pipeline by dvc.yaml."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from math import log10
from typing import Any, NamedTuple

from digits.page.findings import Model

BOX, DOT, GAP = (110, 32), 14, (6, 32)
"""Of the pipeline: a stage's width and height, the width of an arrow that passes it, gaps."""
UNIT = 6
"""From one dot of a network to the next."""


class Layer(NamedTuple):
    """A layer of a network: some of its units, one above the other."""

    x: float
    size: int
    dots: Sequence[float]


class Pipeline(NamedTuple):
    """Stages by the middles of their boxes; arrows by the points that they pass."""

    width: int
    height: int
    stages: Mapping[str, tuple[float, float]]
    arrows: Sequence[Sequence[tuple[float, float]]]


def network(model: Model) -> list[Layer]:
    """Lay a network of dense layers out, 300 wide and 110 high; nothing is drawn of others.

    Of a large layer only some units are drawn: of 10 all, of 784 16.
    """
    form = model.network.form
    sizes = [int(size) for size in re.findall(r"\d+", form)] if form.endswith(" units") else []
    layers = []
    for place, size in enumerate(sizes):
        count = min(size, round(7 + 3 * log10(size)))
        middle = 55 - UNIT * (count - 1) / 2
        dots = [middle + UNIT * dot for dot in range(count)]
        layers.append(Layer(20 + 260 * place / (len(sizes) - 1), size, dots))
    return layers


def pipeline(stages: Mapping[str, Any]) -> Pipeline:
    """Lay the stages of dvc.yaml out: each in the row after the last of what it needs."""
    needs = {name: needed(stages, name) for name in stages}
    depths = {name: depth(needs, name) for name in stages}
    rows: list[list[Any]] = [[] for _ in range(1 + max(depths.values()))]
    for name in stages:
        rows[depths[name]].append(name)
    arrows = []
    for name in stages:
        for source in [source for source in stages if source in direct(needs, name)]:
            passed = [(source, name, at) for at in range(depths[source] + 1, depths[name])]
            for place in passed:
                rows[place[-1]].insert(0, place)
            arrows.append([source, *passed, name])
    width = max(map(wide, rows))
    places = {}
    for at, row in enumerate(rows):
        for before, name in enumerate(row):
            x = (width - wide(row)) / 2 + wide([*row[:before], name]) - wide([name]) / 2
            places[name] = (x, BOX[1] / 2 + at * (BOX[1] + GAP[1]))
    return Pipeline(
        width,
        len(rows) * (BOX[1] + GAP[1]) - GAP[1],
        {name: places[name] for name in stages},
        [[places[name] for name in arrow] for arrow in arrows],
    )


def wide(row: Sequence[Any]) -> int:
    """Return how wide stages, and arrows that pass, are beside one another."""
    return sum(BOX[0] if isinstance(name, str) else DOT for name in row) + GAP[0] * (len(row) - 1)


def depth(needs: Mapping[str, set[str]], name: str) -> int:
    """Return how long the longest way to a stage is."""
    return max((1 + depth(needs, near) for near in needs[name]), default=0)


def needed(stages: Mapping[str, Any], name: str) -> set[str]:
    """Return the stages that write what a stage depends on."""
    writers = {path: other for other in stages for path in written(stages[other])}
    deps = stages[name].get("deps", [])
    return {
        writer
        for path, writer in writers.items()
        for dep in deps
        if f"{dep}/".startswith(f"{path}/") or path.startswith(f"{dep}/")
    }


def written(stage: Mapping[str, Any]) -> list[str]:
    """Return the paths that a stage writes; each may stand alone or with its options."""
    outs = chain.from_iterable(stage.get(kind, []) for kind in ("outs", "metrics", "plots"))
    return [path for out in outs for path in ([out] if isinstance(out, str) else out)]


def direct(needs: Mapping[str, set[str]], name: str) -> set[str]:
    """Return what a stage needs and does not get by way of another that it needs."""
    return needs[name] - {far for near in needs[name] for far in reach(needs, near)}


def reach(needs: Mapping[str, set[str]], name: str) -> set[str]:
    """Return all that a stage needs, near or far."""
    return needs[name].union(*(reach(needs, near) for near in needs[name]))
