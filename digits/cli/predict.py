"""Say what is in a picture: files, folders, patterns, or - for stdin.

Run it where the models are: in the project's folder, after `dvc repro`. A picture is prepared as
the images of the data set were; of a digit it may be dark on light or light on dark, with some
margin, or a photograph on paper of any kind. An answer on doubtful ground says so. Pictures that
cannot be used are named on stderr; the others are answered all the same, and the exit code is 1.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digits.cli.tables import printable, table
from digits.data.info import DatasetInfo, read_info
from digits.errors import ParameterError, PictureError
from digits.evaluation.answers import probabilities
from digits.evaluation.doubt import Usual, doubts, read_usual
from digits.evaluation.results import read_results
from digits.files.atomic import write_bytes
from digits.inference import network as inference
from digits.params import read_params
from digits.params.messages import nearest
from digits.params.models import Models
from digits.pictures import PreparedImage, detect
from digits.pictures.reading import list_files
from digits.pictures.refusals import Refusal

if TYPE_CHECKING:
    from digits.figures.seen import Panel

SEVERAL = (Refusal.SEVERAL, Refusal.WIDE)
"""What is said of a picture in which there may be several digits."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", metavar="NAME", help="or all; default: the best on the test set")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw how it was read, as PNG")
    parser.add_argument("--all", action="store_true", help="answer each digit that stands apart")


def main(arguments: Namespace) -> None:
    """Answer each picture; end with exit code 1 if one could not be used."""
    data = read_info()
    networks = {
        name: inference.load(f"models/{name}.keras", *data.sizes)
        for name in _models(arguments.model)
    }
    if arguments.all and data.prepare != "mnist":
        raise ParameterError(
            f"--all needs pictures prepared as mnist, those of this data set are {data.prepare}"
        )
    usual = read_usual()
    faults: list[str] = []
    seen: list[PreparedImage] = []
    names: list[str] = []
    shown: dict[int, list[Panel]] = {}
    for name, of_picture in _looked(arguments, data, faults):
        if arguments.show:
            from digits.figures.seen import picture_panels  # matplotlib is slow to import

            shown[len(seen)] = picture_panels(printable(name), of_picture)
        names += [printable(name)] * len(of_picture)
        seen += [one._replace(picture=None, ink=None) for one in of_picture]  # both are large
    answers = [
        _answers(*pair, names, seen, data, usual, arguments.all)
        for pair in networks.items()
        if seen
    ]
    found = list(zip(*answers, strict=True))
    rows = [row for of_digit in found for row in of_digit]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(_table(rows))
    if arguments.show and rows:
        _show(arguments.show, shown, [one.image for one in seen], found, data.prepare == "mnist")
    if faults:
        sys.exit(1)


def _looked(
    arguments: Namespace, data: DatasetInfo, faults: list[str]
) -> Iterator[tuple[str, list[PreparedImage]]]:
    """Yield each picture's name and what is seen in it; tell of those that cannot be used."""
    for pattern in arguments.images:
        with _told(pattern, faults, arguments.all):
            for name in list_files(pattern):
                with _told(name, faults, arguments.all):
                    size = (data.height, data.width)
                    yield name, detect(name, data.prepare, size, every=arguments.all)


def _models(asked: str | None) -> list[str]:
    """Return the models that answer. Raises ParameterError."""
    names = read_params(Models).root
    choices = {**{name: [name] for name in names}, "all": names}
    if asked is not None and asked not in choices:
        raise ParameterError(f"{asked} is no model of params.yaml{nearest(asked, choices)}")
    return choices[asked or _best(names)]


def _best(names: list[str]) -> str:
    """Return the model with the highest test accuracy. Raises ArtifactError."""
    results = read_results(names)
    return max(names, key=lambda name: float(results[name]["accuracy"]))


@contextmanager
def _told(name: str, faults: list[str], every: bool) -> Iterator[None]:
    """Say on stderr what is wrong with a picture, keep its name in `faults`, and go on."""
    try:
        yield
    except PictureError as fault:
        faults.append(name)
        hint = "" if every or str(fault) not in SEVERAL else ". --all answers each"
        print(f"error: {printable(name)}: {printable(fault)}{hint}", file=sys.stderr)


def _answers(
    model: str,
    network: inference.Network,
    names: list[str],
    seen: list[PreparedImage],
    data: DatasetInfo,
    usual: Usual,
    every: bool,
) -> list[dict[str, Any]]:
    """Return for each digit the two likeliest classes, how likely they are, and doubts."""
    pixels = np.stack([one.image.ravel() for one in seen]).astype(np.float32) / np.float32(255)
    digits = data.noun == "digit"
    classes: list[Any] = [*map(int, data.classes)] if digits else data.classes
    found = "digit" if digits else "class"
    keys = ("file", "model", found, "confidence", "runner_up", "runner_up_confidence", "doubts")
    rows, computed = [], network.logits(pixels)
    for name, one, logits, row in zip(names, seen, computed, probabilities(computed), strict=True):
        likeliest = np.argsort(-row, kind="stable")[:2].tolist()
        first, second = ((classes[n], round(float(row[n]), 6)) for n in likeliest)
        doubted = [*one.doubts, *doubts(usual, model, one.image, logits, data.classes)]
        rows.append(dict(zip(keys, (name, model, *first, *second, doubted), strict=True)))
        if every:
            rows[-1]["box"] = one.box
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    doubted = any(row["doubts"] for row in rows)
    cells = [
        [file, model, answer, f"{confidence:.2%}", f"{other} ({its:.2%})"]
        + [", ".join(why)] * doubted
        for file, model, answer, confidence, other, its, why, *_ in map(dict.values, rows)
    ]
    head = ["file", "model", [*rows[0]][2], "confidence", "runner-up", *["doubtful"] * doubted]
    return table(head, cells)


def _show(
    path: str,
    shown: "dict[int, list[Panel]]",
    images: list[NDArray[np.uint8]],
    found: list[tuple[dict[str, Any], ...]],
    ink: bool,
) -> None:
    """Write to `path` how each picture was read, what the models saw, and their answers."""
    from digits.figures.seen import Panel, draw

    panels = []
    for place, (image, answers) in enumerate(zip(images, found, strict=True)):
        lines = [
            f"{model}: {answer} ({confidence:.0%}{', doubtful' * bool(why)})"
            for _, model, answer, confidence, _, _, why, *_ in map(dict.values, answers)
        ]
        panels += shown.get(place, [])
        panels.append(Panel(255 - image if ink else image, "\n".join(lines)))
    write_bytes(path, draw(panels))
