"""Say which digit is in a picture: files, folders, patterns, or - for stdin.

Run it where the models are: in the project's folder, after `dvc repro`. A picture holds one digit,
dark on light or light on dark, with some margin. Pictures that cannot be used are named on stderr;
the others are answered all the same, and the exit code is 1.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.cli.tables import printable, table
from digits.errors import DigitsError, ParameterError
from digits.evaluation.answers import probabilities
from digits.files.atomic import write_bytes
from digits.models import inference
from digits.params import read
from digits.params.messages import nearest
from digits.params.models import Models
from digits.pictures import reading
from digits.pictures.preparing import ink, place
from digits.pictures.single import check_single

Seen = list[tuple[str, NDArray[np.uint8]]]
"""The pictures that could be used: what they are called, and what the models see."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", metavar="NAME", help="or all; default: the last of params.yaml")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw what the model saw, as PNG")


def main(arguments: Namespace) -> None:
    """Answer each picture; end with exit code 1 if one could not be used."""
    names = _models(arguments.model)
    seen, faults = _prepared(arguments.images)
    rows = _answers(seen, names)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(_table(rows))
    if arguments.show and seen:
        _show(arguments.show, seen, rows)
    if faults:
        sys.exit(1)


def _models(asked: str | None) -> list[str]:
    """Return the models that answer. Raises ParameterError."""
    names = read(Models).root
    if asked == "all":
        return names
    if asked is not None and asked not in names:
        raise ParameterError(f"{asked} is no model of params.yaml{nearest(asked, [*names, 'all'])}")
    return [asked or names[-1]]


def _prepared(patterns: list[str]) -> tuple[Seen, int]:
    """Read and prepare all pictures, name what is wrong on stderr; return them and the faults."""
    seen: Seen = []
    faults = 0
    for pattern in patterns:
        name = pattern
        try:
            for name in reading.find(pattern):
                try:
                    strokes = ink(reading.read(name))
                    check_single(strokes)
                    seen.append((printable(name), place(strokes)))
                except DigitsError as fault:
                    faults += 1
                    print(f"error: {printable(name)}: {printable(fault)}", file=sys.stderr)
        except DigitsError as fault:
            faults += 1
            print(f"error: {printable(pattern)}: {printable(fault)}", file=sys.stderr)
    return seen, faults


def _answers(seen: Seen, names: list[str]) -> list[dict[str, Any]]:
    """Answer each picture by each model."""
    if not seen:
        return []
    images = np.stack([image for _, image in seen]).reshape(len(seen), -1)
    pixels = images.astype(np.float32) / np.float32(255)
    logits = {model: inference.load(f"models/{model}.keras").logits(pixels) for model in names}
    chances = {model: probabilities(values) for model, values in logits.items()}
    return [
        {"file": file, "model": model, **_likeliest(chances[model][index])}
        for index, (file, _) in enumerate(seen)
        for model in names
    ]


def _likeliest(chances: NDArray[np.float64]) -> dict[str, Any]:
    """Return the two likeliest digits and their probabilities. chances: (classes,)."""
    first, second = np.argsort(-chances, kind="stable")[:2].tolist()
    return {
        "digit": first,
        "confidence": round(float(chances[first]), 6),
        "runner_up": second,
        "runner_up_confidence": round(float(chances[second]), 6),
    }


def _table(rows: list[dict[str, Any]]) -> str:
    cells = []
    for file, model, digit, confidence, other, its_confidence in map(dict.values, rows):
        cells.append([file, model, digit, f"{confidence:.2%}", f"{other} ({its_confidence:.2%})"])
    return table(["file", "model", "digit", "confidence", "runner-up"], cells)


def _show(path: str, seen: Seen, rows: list[dict[str, Any]]) -> None:
    """Write the pictures as the models saw them to `path`, each with its answers."""
    from digits.figures.seen import draw  # matplotlib, for those who ask for it

    answers = [f"{row['model']}: {row['digit']} ({row['confidence']:.0%})" for row in rows]
    each = len(rows) // len(seen)
    captions = [
        "\n".join([name, *answers[index * each : (index + 1) * each]])
        for index, (name, _) in enumerate(seen)
    ]
    write_bytes(path, draw(np.stack([image for _, image in seen]), captions))
