"""Say what is in a picture: files, folders, patterns, or - for stdin.

Run it in the project's folder, after `dvc repro`. A picture is prepared as the images of the data
set were. A digit may be dark on light or light on dark, with some margin, or a photograph on paper
of any kind. Uncertain answers are marked. Pictures that cannot be used are named on stderr; the
others are answered all the same, and the exit code is 1.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digits.cli.tables import table
from digits.data.info import DatasetInfo, read_info
from digits.errors import ParameterError, PictureError
from digits.evaluation.answers import probabilities
from digits.evaluation.results import read_results
from digits.evaluation.uncertainty import ReferenceDistribution, read_reference, uncertain
from digits.files.atomic import to_json, write_bytes
from digits.inference import network as inference
from digits.messages import nearest, printable
from digits.params import read_params
from digits.params.models import Models
from digits.pictures import PreparedImage, detect
from digits.pictures.guard import read_each
from digits.pictures.listing import list_files, passed_over
from digits.pictures.refusals import Refusal

if TYPE_CHECKING:
    from digits.figures.seen import Panel

SEVERAL = (Refusal.SEVERAL, Refusal.WIDE)
"""The refusals that `--all` may resolve."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", metavar="NAME", help="or all; default: the best on the test set")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw how it was read, as PNG")
    parser.add_argument("--all", action="store_true", help="answer each of several separate digits")


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
    reference = read_reference()
    faults: list[str] = []
    seen: list[tuple[str, PreparedImage]] = []
    panels: dict[int, list[Panel]] = {}
    for name, images in _prepared(arguments, data, faults):
        if arguments.show:
            from digits.figures.seen import picture_panels  # matplotlib is slow to import

            panels[len(seen)] = picture_panels(printable(name), images)
        seen += [(name, one._replace(picture=None, ink=None)) for one in images]  # both are large
    by_model = [_answers(*pair, seen, data, reference) for pair in networks.items() if seen]
    by_image = list(zip(*by_model, strict=True))
    rows = [row for answers in by_image for row in answers]
    if not arguments.all:
        rows = [{key: row[key] for key in row if key != "box"} for row in rows]
    if arguments.json:
        print(to_json(rows, "the list of answers"))
    elif rows:
        print(_table(rows))
    if arguments.show and rows:
        _show(arguments.show, panels, [one.image for _, one in seen], by_image, data)
    if faults:
        sys.exit(1)


def _prepared(
    arguments: Namespace, data: DatasetInfo, faults: list[str]
) -> Iterator[tuple[str, list[PreparedImage]]]:
    """Yield each picture's name and the images in it; report the pictures that cannot be used."""
    size = (data.height, data.width)
    read = partial(detect, how=data.prepare, size=size, every=arguments.all)
    for pattern in arguments.images:
        with _report(pattern, faults, arguments.all):
            names = list_files(pattern)
            if Path(pattern).is_dir() and (others := passed_over(Path(pattern), map(Path, names))):
                print(printable(f"{pattern}{others}"), file=sys.stderr)
            for place, images in read_each(read, names):
                with _report(names[place], faults, arguments.all):
                    if isinstance(images, PictureError):
                        raise images
                    yield names[place], images


@contextmanager
def _report(name: str, faults: list[str], every: bool) -> Iterator[None]:
    """Print what is wrong with a picture on stderr, keep its name in `faults`, and go on."""
    try:
        yield
    except (PictureError, OSError) as fault:  # OSError: a folder that may not be read, a long name
        faults.append(name)
        hint = "" if every or str(fault) not in SEVERAL else ". --all answers each"
        said = fault.strerror if isinstance(fault, OSError) else fault
        print(f"error: {printable(name)}: {printable(said)}{hint}", file=sys.stderr)


def _models(asked: str | None) -> list[str]:
    """Return the models that answer; by default the best on the test set. Raises DigitsError."""
    names = read_params(Models).root
    if asked is None:
        results = read_results(names)
        return [max(names, key=lambda name: float(results[name]["accuracy"]))]
    if asked not in (*names, "all"):
        raise ParameterError(f"{asked} is no model of params.yaml{nearest(asked, [*names, 'all'])}")
    return names if asked == "all" else [asked]


def _answers(
    model: str,
    network: inference.Network,
    seen: list[tuple[str, PreparedImage]],
    data: DatasetInfo,
    reference: ReferenceDistribution,
) -> list[dict[str, Any]]:
    """Return, for each image, the two likeliest classes, their probabilities, and doubts."""
    pixels = np.stack([one.image.ravel() for _, one in seen]).astype(np.float32) / np.float32(255)
    digits = data.noun == "digit"
    classes: list[Any] = [*map(int, data.classes)] if digits else data.classes
    rows, computed = [], network.logits(pixels)
    for (name, one), logits, shares in zip(seen, computed, probabilities(computed), strict=True):
        first, second = np.argsort(-shares, kind="stable")[:2].tolist()
        rows.append(
            {
                "file": printable(name),
                "model": model,
                "digit" if digits else "class": classes[first],
                "confidence": round(float(shares[first]), 6),
                "runner_up": classes[second],
                "runner_up_confidence": round(float(shares[second]), 6),
                "doubts": [
                    *one.doubts,
                    *uncertain(reference, model, one.image, logits, data.classes),
                ],
                "box": one.box,
            }
        )
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    uncertain = any(row["doubts"] for row in rows)
    cells = [
        [file, model, answer, f"{confidence:.2%}", f"{other} ({its:.2%})"]
        + [", ".join(why)] * uncertain
        for file, model, answer, confidence, other, its, why, *_ in map(dict.values, rows)
    ]
    head = ["file", "model", [*rows[0]][2], "confidence", "runner-up", *["uncertain"] * uncertain]
    return table(head, cells)


def _show(
    path: str,
    panels: "dict[int, list[Panel]]",
    images: list[NDArray[np.uint8]],
    by_image: list[tuple[dict[str, Any], ...]],
    data: DatasetInfo,
) -> None:
    """Draw to `path` how each picture was prepared, what the models got, and their answers."""
    from digits.figures.seen import Panel, draw
    from digits.figures.style import labels

    drawn, shown = [], dict(zip(data.classes, labels(data.classes), strict=True))
    for place, (image, answers) in enumerate(zip(images, by_image, strict=True)):
        lines = [
            f"{model}: {shown[str(answer)]} ({confidence:.0%}{', uncertain' * bool(why)})"
            for _, model, answer, confidence, _, _, why, *_ in map(dict.values, answers)
        ]
        drawn += panels.get(place, [])
        drawn.append(Panel(255 - image if data.prepare == "mnist" else image, "\n".join(lines)))
    write_bytes(path, draw(drawn))
