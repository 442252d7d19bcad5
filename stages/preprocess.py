"""Scale the images to [0, 1], flatten them, and choose the validation split."""

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Labels
from digits.data.info import read_info
from digits.data.loading import read_raw
from digits.data.splits import normalize, stratified_sample
from digits.files.arrays import write_array, write_chunks
from digits.params import read_params
from digits.params.stages import PreprocessParams
from digits.process import run


def main() -> None:
    params = read_params(PreprocessParams)
    images, labels = read_raw("train")
    test_images, test_labels = read_raw("test")
    validation = stratified_sample(labels[: params.limit], params.validation, params.seed)
    write_split("train", images, labels, np.flatnonzero(~validation))
    write_split("validation", images, labels, np.flatnonzero(validation))
    write_split("test", test_images, test_labels, np.arange(len(test_labels[: params.limit])))


def write_split(
    name: str, images: NDArray[np.uint8], labels: Labels, rows: NDArray[np.intp]
) -> None:
    """Write the examples `rows` as data/processed/NAME/{images,labels}.npy."""
    chunks, shape = normalize(images, rows), (len(rows), images[0].size)
    write_chunks(f"data/processed/{name}/images.npy", chunks, shape, np.float32)
    write_array(f"data/processed/{name}/labels.npy", labels[rows])
    print(f"preprocess: {len(rows):,} {name} examples")
    found = set(labels[rows].tolist())
    missing = [each for label, each in enumerate(read_info().classes) if label not in found]
    if found and missing:
        print(f"preprocess: no {name} example of {', '.join(missing)}")


if __name__ == "__main__":
    run(main)
