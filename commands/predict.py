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

from digits.errors import DigitsError
from digits.files import write_bytes
from digits.scoring import probabilities

MODELS = ("basic", "hidden")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", choices=(*MODELS, "both"), default="hidden")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw what the model saw, as PNG")


def main(arguments: Namespace) -> None:
    """Answer each picture; end with exit code 1 if one could not be used."""
    seen, faults = _prepared(arguments.images)
    names = MODELS if arguments.model == "both" else (arguments.model,)
    rows = _answers(seen, names)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        _print_table(rows)
    if arguments.show and seen:
        _show(arguments.show, seen, rows)
    if faults:
        sys.exit(1)


def _prepared(patterns: list[str]) -> tuple[list[tuple[str, NDArray[np.uint8]]], int]:
    """Read and prepare all pictures, name what is wrong on stderr; return them and the faults."""
    from digits.images import find, read
    from digits.preparing import ink, place
    from digits.several import check_single

    seen, faults = [], 0
    for pattern in patterns:
        name = pattern
        try:
            names = list(find(pattern))
        except DigitsError as fault:
            names, faults = [], faults + 1
            print(f"error: {_printable(pattern)}: {fault}", file=sys.stderr)
        for name in names:
            try:
                strokes = ink(read(name))
                check_single(strokes)
                seen.append((_printable(name), place(strokes)))
            except DigitsError as fault:
                faults += 1
                print(f"error: {_printable(name)}: {_printable(str(fault))}", file=sys.stderr)
    return seen, faults


def _answers(
    seen: list[tuple[str, NDArray[np.uint8]]], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Answer each picture by each model: the two likeliest digits and their probabilities."""
    if not seen:
        return []
    from digits import models

    images = np.stack([image for _, image in seen])
    pixels = images.reshape(len(seen), models.PIXELS).astype(np.float32) / np.float32(255)
    rows = {}
    for model in names:
        chances = probabilities(models.logits(models.load(f"models/{model}.keras"))(pixels))
        order = np.argsort(-chances, axis=1, kind="stable")
        for index, (file, _) in enumerate(seen):
            first, second = order[index, :2]
            rows[index, model] = {
                "file": file,
                "model": model,
                "digit": int(first),
                "confidence": round(float(chances[index, first]), 6),
                "runner_up": int(second),
                "runner_up_confidence": round(float(chances[index, second]), 6),
            }
    return [rows[index, model] for index in range(len(seen)) for model in names]


def _print_table(rows: list[dict[str, Any]]) -> None:
    width = max(4, *(len(row["file"]) for row in rows))
    print(f"{'file':{width}}  model   digit  confidence  runner-up")
    for row in rows:
        answer = f"{row['model']:6}  {row['digit']:>5}  {row['confidence']:>10.2%}"
        other = f"{row['runner_up']} ({row['runner_up_confidence']:.2%})"
        print(f"{row['file']:{width}}  {answer}  {other}")


def _show(path: str, seen: list[tuple[str, NDArray[np.uint8]]], rows: list[dict[str, Any]]) -> None:
    """Write the pictures as the models saw them to `path`, each with its answers."""
    from digits.seen import draw

    each = len(rows) // len(seen)
    captions = [
        "\n".join(
            [
                name,
                *(f"{row['model']}: {row['digit']} ({row['confidence']:.0%})" for row in answers),
            ]
        )
        for (name, _), answers in zip(
            seen, (rows[i : i + each] for i in range(0, len(rows), each)), strict=True
        )
    ]
    write_bytes(path, draw(np.stack([image for _, image in seen]), captions))


def _printable(text: str) -> str:
    """Keep to one line, whatever bytes a file's name is made of."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
