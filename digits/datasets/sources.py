"""Obtain a data set: of the catalogue, from a file, or from a folder."""

import stat
import sys
import tempfile
from pathlib import Path

from digits.data.dataset import Dataset, check_form, content_sha256
from digits.data.info import DatasetCard, DatasetInfo
from digits.datasets.catalogue import CATALOGUE, MNIST, Published
from digits.datasets.download import silent
from digits.datasets.folder import read_folder
from digits.datasets.formats import read_idx_folder, read_npz
from digits.errors import SourceError
from digits.params.fetch import FetchParams
from digits.pictures.preparing import SIDE

DIGITS = MNIST.words.classes
WANTED = (
    f"fetch.source: expected a name of the catalogue ({', '.join(CATALOGUE)}), an .npz file, a "
    "folder with IDX files, or one with pictures"
)


def obtain(params: FetchParams) -> tuple[Dataset, DatasetInfo, str]:
    """Return the data set that the parameters ask for, what it is, and where it was found.

    Raises SourceError; for one of the catalogue with a line for each source that was tried.
    """
    if published := CATALOGUE.get(params.source):
        words, sha256 = published.words, params.sha256 or published.sha256
        dataset, where = _published(published, sha256)
    else:
        where = params.source
        dataset, words = _own(Path(params.source).expanduser(), params)
        sha256 = _verified(dataset, params.sha256)
    _, height, width = dataset.train_images.shape
    if words.prepare == "mnist" and (height, width) != (SIDE, SIDE):
        raise SourceError(
            f"fetch.prepare: mnist is for images of {SIDE} x {SIDE} pixels, got {height} x "
            f"{width}. Set it to resize, or to none."
        )
    description = DatasetInfo(
        **words.model_dump(),
        height=height,
        width=width,
        train=len(dataset.train_labels),
        test=len(dataset.test_labels),
        sha256=sha256,
    )
    return dataset, description, where


def _published(published: Published, sha256: str) -> tuple[Dataset, str]:
    """Take the first source that has the content of this hash."""
    failures, last = ["no source has the data:"], silent(published.sources)
    for name in sorted(published.sources, key=last.__contains__):
        try:
            with tempfile.TemporaryDirectory(prefix="digits-") as folder:
                dataset = published.sources[name](name, Path(folder))
            check_form(dataset)
            _verified(dataset, sha256)
            return dataset, name
        except (SourceError, OSError) as fault:  # OSError: no room for temporary files
            print(f"{name}: {fault}", file=sys.stderr)
            failures.append(f"  {name}: {fault}")
    failures.append(
        "Check the network, or set fetch.source in params.yaml to an .npz of Keras's form or "
        "to a folder with the four IDX files, and run `dvc repro` again."
    )
    raise SourceError("\n".join(failures))


def _own(path: Path, params: FetchParams) -> tuple[Dataset, DatasetCard]:
    """Read data of one's own, and put what is known of it into words."""
    classes = params.classes
    try:
        if stat.S_ISREG(mode := path.stat().st_mode):
            dataset = read_npz(path)
        elif stat.S_ISDIR(mode) and any(path.glob("*-ubyte*")):
            dataset = read_idx_folder(path)
        elif stat.S_ISDIR(mode):
            dataset, classes = read_folder(path, params)
        else:
            raise SourceError(f"{WANTED}, got '{params.source}', which is none")
    except (OSError, ValueError) as unreadable:
        fault = getattr(unreadable, "strerror", None) or unreadable
        said = f"{WANTED}, got '{params.source}', which cannot be read: {fault}"
        raise SourceError(said) from None
    check_form(dataset)
    count = 1 + max(int(dataset.train_labels.max()), int(dataset.test_labels.max()))
    if classes is not None and len(classes) != count:
        raise SourceError(
            f"fetch.classes: expected {count} names, one for each label from 0, got {len(classes)}"
        )
    title = params.title or path.stem
    digits = classes is not None and all(name in DIGITS for name in classes)
    return dataset, DatasetCard(
        title=title,
        heading=title,
        noun="digit" if digits else "image",
        nouns="digits" if digits else "images",
        classes=classes or [str(label) for label in range(count)],
        prepare=params.prepare,
        known=f"the images of {title}",
        origin=f"{title}: its owners say who may use it",
    )


def _verified(dataset: Dataset, sha256: str | None) -> str:
    """Return the hash of the content. Raises SourceError if another one is wanted."""
    got = content_sha256(dataset)
    if sha256 is None:
        print(f"fetch.sha256 is null, so the data are not checked. To have it so, set it to {got}")
    elif got != sha256:
        raise SourceError(
            f"expected data with the SHA-256 {sha256} (fetch.sha256), got {got}. "
            "If you mean to use this data, set fetch.sha256 in params.yaml to the latter."
        )
    return got
