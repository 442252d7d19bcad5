"""Say what is in a picture: files, folders, patterns, or - for stdin.

Run it where the models are: in the project's folder, after `dvc repro`. A picture is prepared as
the images of the data set were; of a digit it may be dark on light or light on dark, with some
margin. Pictures that cannot be used are named on stderr; the others are answered all the same, and
the exit code is 1.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.cli.tables import printable, table
from digits.data.description import Description, read_description
from digits.errors import ParameterError, PictureError
from digits.evaluation.answers import probabilities
from digits.files.atomic import write_bytes
from digits.models import inference
from digits.params import read
from digits.params.messages import nearest
from digits.params.models import Models
from digits.pictures import prepare
from digits.pictures.reading import find


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", metavar="NAME", help="or all; default: the last of params.yaml")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw what the model saw, as PNG")


def main(arguments: Namespace) -> None:
    """Answer each picture; end with exit code 1 if one could not be used."""
    data = read_description()
    networks = {
        name: inference.load(f"models/{name}.keras", *data.sizes)
        for name in _models(arguments.model)
    }
    names: list[str] = []
    images: list[NDArray[np.uint8]] = []
    faults: list[str] = []
    for pattern in arguments.images:
        with _told(pattern, faults):
            for name in find(pattern):
                with _told(name, faults):
                    images.append(prepare(name, data.prepare, (data.height, data.width)))
                    names.append(printable(name))
    answers = [_answers(*pair, names, images, data) for pair in networks.items() if images]
    found = list(zip(*answers, strict=True))
    rows = [row for of_picture in found for row in of_picture]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(_table(rows))
    if arguments.show and rows:
        _show(arguments.show, images, found, "gray_r" if data.prepare == "mnist" else "gray")
    if faults:
        sys.exit(1)


def _models(asked: str | None) -> list[str]:
    """Return the models that answer. Raises ParameterError."""
    names = read(Models).root
    choices = {**{name: [name] for name in names}, "all": names}
    if asked is not None and asked not in choices:
        raise ParameterError(f"{asked} is no model of params.yaml{nearest(asked, choices)}")
    return choices[asked or names[-1]]


@contextmanager
def _told(name: str, faults: list[str]) -> Iterator[None]:
    """Say on stderr what is wrong with a picture, keep its name in `faults`, and go on."""
    try:
        yield
    except PictureError as fault:
        faults.append(name)
        print(f"error: {printable(name)}: {printable(fault)}", file=sys.stderr)


def _answers(
    model: str,
    network: inference.Network,
    names: list[str],
    images: list[NDArray[np.uint8]],
    data: Description,
) -> list[dict[str, Any]]:
    """Return for each picture the two likeliest classes, and how likely they are."""
    pixels = np.reshape(images, (len(images), -1)).astype(np.float32) / np.float32(255)
    digits = data.thing == "digit"
    classes: list[Any] = [*map(int, data.classes)] if digits else data.classes
    found = "digit" if digits else "class"
    keys = ("file", "model", found, "confidence", "runner_up", "runner_up_confidence")
    rows = []
    for name, row in zip(names, probabilities(network.logits(pixels)), strict=True):
        one, two = np.argsort(-row, kind="stable")[:2].tolist()
        first, second = ((classes[n], round(float(row[n]), 6)) for n in (one, two))
        rows.append(dict(zip(keys, (name, model, *first, *second), strict=True)))
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [
        [file, model, answer, f"{confidence:.2%}", f"{other} ({its_confidence:.2%})"]
        for file, model, answer, confidence, other, its_confidence in map(dict.values, rows)
    ]
    return table(["file", "model", [*rows[0]][2], "confidence", "runner-up"], cells)


def _show(
    path: str,
    images: list[NDArray[np.uint8]],
    found: list[tuple[dict[str, Any], ...]],
    colours: str,
) -> None:
    """Write the pictures as the models saw them to `path`, each with its answers."""
    from digits.figures.seen import draw  # matplotlib, for those who ask for it

    captions = []
    for answers in found:
        lines = [
            f"{model}: {answer} ({confidence:.0%})"
            for _, model, answer, confidence, *_ in map(dict.values, answers)
        ]
        captions.append("\n".join([answers[0]["file"], *lines]))
    write_bytes(path, draw(np.stack(images), captions, colours))
