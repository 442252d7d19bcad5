"""Obtain the data set that params.yaml asks for: from the catalogue, a file, or a folder."""

import sys
import tempfile
import zipfile
from difflib import get_close_matches
from pathlib import Path

from digits.data.dataset import Dataset, check_dataset, content_sha256
from digits.data.info import DatasetCard, DatasetInfo
from digits.datasets.catalogue import CATALOGUE, MNIST, Published
from digits.datasets.doubtful import check_images
from digits.datasets.folder import read_folder
from digits.datasets.formats import read_idx_folder, read_npz
from digits.errors import SourceError
from digits.messages import printable
from digits.params.stages import FetchParams
from digits.pictures.preparing import SIDE


def fetch_dataset(params: FetchParams) -> tuple[Dataset, DatasetInfo, str]:
    """Return the data set that the parameters ask for, its description, and its source.

    Raises SourceError; for a data set of the catalogue with a line for each source.
    """
    source, names = params.source, None
    if published := CATALOGUE.get(source):
        card, sha256 = published.card, params.sha256 or published.sha256
        dataset, source = _fetch_published(published, sha256)
    else:
        dataset, card, names = _read_own(Path(source), params)
        sha256 = _verify(dataset, params.sha256)
        if known := next((p.card for p in CATALOGUE.values() if p.sha256 == sha256), None):
            own = {"title": params.title, "classes": params.classes}
            card = known.model_copy(update={key: value for key, value in own.items() if value})
    dataset = check_images(dataset, names, params.duplicates)
    if params.duplicates == "drop":
        check_dataset(dataset)
        sha256 = content_sha256(dataset)
    train, height, width, *colours = dataset.train_images.shape
    if card.prepare == "mnist" and (height, width, colours) != (SIDE, SIDE, []):
        raise SourceError(
            f"fetch.prepare: mnist is for grey images of {SIDE} x {SIDE} pixels, got {height} x "
            f"{width}{' in colour' * len(colours)}. Set it to resize, or to none."
        )
    if colours and params.colour == "grey":
        raise SourceError("fetch.colour: the images are in colour. Set it to rgb.")
    sizes = {"height": height, "width": width, "train": train, "test": len(dataset.test_labels)}
    sizes["channels"] = 3 if colours else 1
    return dataset, DatasetInfo(**card.model_dump(), **sizes, sha256=sha256), source


def _fetch_published(published: Published, sha256: str) -> tuple[Dataset, str]:
    """Return the data set of this hash from the first source that has it, and the source."""
    failures = ["no source has the data:"]
    for name, load in published.sources.items():
        try:
            with tempfile.TemporaryDirectory(prefix="digits-") as folder:
                dataset = load(name, Path(folder))
            check_dataset(dataset)
            _verify(dataset, sha256)
            return dataset, name
        except (SourceError, OSError) as fault:  # OSError: no room for temporary files
            print(f"{name}: {fault}", file=sys.stderr)
            failures.append(f"  {name}: {fault}")
    failures.append(
        "Check the network, or set fetch.source in params.yaml to an .npz of Keras's form or "
        "to a folder with the four IDX files, and run `dvc repro` again."
    )
    raise SourceError("\n".join(failures))


def _read_own(path: Path, params: FetchParams) -> tuple[Dataset, DatasetCard, list[str] | None]:
    """Read a data set of the user's own, and describe it. Raises SourceError."""
    classes, names = params.classes, None
    try:
        path = path.expanduser()
        path.stat()  # raises if there is nothing
        if path.is_file():
            with path.open("rb") as file:  # raises if it may not be read
                if not zipfile.is_zipfile(file):
                    raise ValueError("it is no .npz file. Of pictures, name the folder above")
            dataset = read_npz(path)
        elif not path.is_dir():
            raise OSError("it is neither a file nor a folder")
        elif any(path.glob("*-ubyte*")):
            dataset = read_idx_folder(path)
        else:
            dataset, classes, names = read_folder(path, params)
    except (OSError, ValueError, RuntimeError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        close = get_close_matches(params.source.lower(), CATALOGUE, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise SourceError(
            f"fetch.source: expected a name of the catalogue ({', '.join(CATALOGUE)}), an .npz "
            "file, a folder with IDX files, or one with pictures, got "
            + printable(f"'{params.source}', which cannot be read: {reason}{hint}")
        ) from None
    check_dataset(dataset)
    count = 1 + max(int(dataset.train_labels.max()), int(dataset.test_labels.max()))
    if classes and len(classes) != count:
        raise SourceError(
            f"fetch.classes: expected {count} names, one for each label from 0, got {len(classes)}"
        )
    title = params.title or path.stem
    noun = "digit" if classes and set(classes) <= set(MNIST.card.classes) else "image"
    card = DatasetCard(
        title=title,
        heading=title,
        noun=noun,
        nouns=f"{noun}s",
        classes=classes or [str(label) for label in range(count)],
        prepare=params.prepare,
        known=f"the images of {title}",
        origin=f"{title}: its owners say who may use it",
    )
    return dataset, card, names


def _verify(dataset: Dataset, sha256: str | None) -> str:
    """Return the hash of the content. Raises SourceError if `sha256` is another one."""
    got = content_sha256(dataset)
    if sha256 is None:
        print(f"fetch.sha256 is null: the data are not verified. To verify them, set it to {got}")
    elif got != sha256:
        raise SourceError(
            f"expected data with the SHA-256 {sha256} (fetch.sha256), got {got}. "
            "If you mean to use this data, set fetch.sha256 in params.yaml to the latter."
        )
    return got
