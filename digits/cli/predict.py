"""Say what is in a picture: files, folders, patterns, or - for stdin.

Run it after `dvc repro`. A digit may be dark on light or light on dark, or a photograph on paper of
any kind. Uncertain answers are marked. Pictures that cannot be used are named on stderr; the others
are answered all the same, and the exit code is 1.

--all reads a page: rows may be tilted by 15 degrees or bent, digits may stand in tables or boxes,
or touch. They must be upright, and at least 1/100 of the page high. Marks that are left out are
counted on stderr; the exit code is 1 where one of them may be a digit.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from digits.cli.tables import table
from digits.data.info import DatasetInfo, read_info
from digits.errors import ParameterError, PictureError
from digits.evaluation import uncertainty
from digits.evaluation.results import read_results
from digits.evaluation.scoring import probabilities
from digits.files.atomic import to_json, write_bytes
from digits.inference import network as inference
from digits.messages import nearest, printable
from digits.params import read_params
from digits.params.stages import Models
from digits.pictures import detect
from digits.pictures.guard import read_each
from digits.pictures.listing import list_files, passed_over
from digits.pictures.prepared import NO_DIGIT, Detected, PreparedImage, Refusal
from digits.pictures.reading import Picture, read
from digits.pictures.rows import text
from digits.pictures.touching import Scores


def add_arguments(parser: ArgumentParser) -> None:
    """Add the pictures and how they are answered."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="file, folder, pattern or -")
    parser.add_argument("--model", metavar="NAME", help="or all; default: the best on the test set")
    parser.add_argument("--json", action="store_true", help="a list of objects, not a table")
    parser.add_argument("--show", metavar="FILE", help="draw how it was read, as PNG")
    parser.add_argument("--all", action="store_true", help="answer each digit of a page, by row")
    parser.add_argument("--text", action="store_true", help="with --all: print pages as text")


def main(arguments: Namespace) -> None:
    """Answer each picture; end with exit code 1 if one could not be used."""
    data, names = read_info(), _models(arguments.model)
    networks = {name: inference.load(f"models/{name}.keras", *data.sizes) for name in names}
    every = arguments.all = arguments.all or arguments.text
    if every and data.prepare != "mnist":
        raise ParameterError(f"--all needs data prepared as mnist, not as {data.prepare}")
    reference = uncertainty.read_reference()
    logits = {name: network.logits for name, network in networks.items()}
    scores = partial(uncertainty.mean_uncertainty, reference, logits)
    seen, shown, failed = list[tuple[str, PreparedImage]](), list[tuple[str, Detected]](), False
    for name, picture in _pictures(arguments, len(data.shape) == 3):
        title, found = _detected(name, picture, arguments, data, scores)
        failed |= found is None or any(reason not in NO_DIGIT for reason, _ in found.refused)
        if not found and isinstance(picture, Picture):
            found = Detected(picture, [], [])
        if found:
            seen += [(name, one) for one in found.images]
            shown += [(title, found)] if arguments.show else []
    by_model = [_answers(*pair, seen, data, reference) for pair in networks.items() if seen]
    by_image = list(zip(*by_model, strict=True))
    rows = [row for answers in by_image for row in answers]
    if arguments.text:
        for name, page in groupby(by_model[0] if by_model else [], lambda row: str(row["file"])):
            print(*[f"{name}:"] * (len({name for name, _ in seen}) > 1), text([*page]), sep="\n")
    elif arguments.json:
        kept = slice(None if every else -3)  # without box, row and column
        print(to_json([dict([*row.items()][kept]) for row in rows], "the list of answers"))
    elif rows:
        print(_table(rows))
    if shown:
        from digits.figures.seen import draw  # matplotlib is slow to import

        write_bytes(arguments.show, draw(shown, by_image, data.prepare == "mnist", every))
    if failed:
        sys.exit(1)


def _detected(
    name: str, picture: Picture | Exception, arguments: Namespace, data: DatasetInfo, scores: Scores
) -> tuple[str, Detected | None]:
    """Return a picture's title and what is in it, None if it is refused.

    Report on stderr what cannot be used or is left out.
    """
    title, every = printable(name), arguments.all
    try:
        if isinstance(picture, Exception):
            raise picture
        found = detect(picture, data.prepare, data.shape, every, scores)
    except (PictureError, OSError) as fault:
        title += f": {printable(fault.strerror if isinstance(fault, OSError) else fault)}"
        hint = not every and str(fault) in (Refusal.SEVERAL, Refusal.WIDE)
        print(f"error: {title}{'. --all answers each' * hint}", file=sys.stderr)
        return title, None
    if every:
        reasons = Counter(reason.short for reason, _ in found.refused).most_common()
        parts = [f"{len(found.images)} read", *(f"{count} {reason}" for reason, count in reasons)]
        title += f": {len(found.images) + len(found.refused)} marks: {', '.join(parts)}"
    if found.refused:
        print(title, file=sys.stderr)
    return title, found


def _pictures(arguments: Namespace, colour: bool) -> Iterator[tuple[str, Picture | Exception]]:
    """Yield the name of each file, and the picture in it or why there is none."""
    for pattern in arguments.images:
        try:
            names = list_files(pattern)
            folder = Path(pattern)
            if folder.is_dir() and (others := passed_over(folder, map(Path, names))):
                print(printable(f"{pattern}{others}"), file=sys.stderr)
        except (PictureError, OSError) as fault:  # a folder that may not be read, a long name
            yield pattern, fault
        else:
            task = partial(read, every=arguments.all, colour=colour)
            yield from zip(names, read_each(task, names), strict=True)


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
    reference: uncertainty.ReferenceDistribution,
) -> list[dict[str, Any]]:
    """Return, for each image, the two likeliest classes, their probabilities, and doubts."""
    pixels = np.stack([one.image.ravel() for _, one in seen]).astype(np.float32) / np.float32(255)
    digits = data.noun == "digit"
    classes: list[Any] = [*map(int, data.classes)] if digits else data.classes
    rows, computed = [], network.logits(pixels)
    for (name, one), logits, shares in zip(seen, computed, probabilities(computed), strict=True):
        first, second = np.argsort(-shares, kind="stable")[:2].tolist()
        doubts = uncertainty.uncertain(reference, model, one.image, logits, data.classes)
        rows.append(
            {
                "file": printable(name),
                "model": model,
                "digit" if digits else "class": classes[first],
                "confidence": round(float(shares[first]), 6),
                "runner_up": classes[second],
                "runner_up_confidence": round(float(shares[second]), 6),
                "doubts": [*one.doubts, *doubts],
                "box": one.box,
                "row": one.row,
                "column": one.column,
            }
        )
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [
        [file, model, answer, f"{confidence:.2%}", f"{other} ({its:.2%})", ", ".join(why)]
        for file, model, answer, confidence, other, its, why, *_ in map(dict.values, rows)
    ]
    return table(["file", "model", [*rows[0]][2], "confidence", "runner-up", "uncertain"], cells)
