"""Describe the dataset in numbers and show samples of it."""

from digits.dataset import Dataset
from digits.errors import run
from digits.figures.samples import samples
from digits.files import read_raw, write_bytes, write_json
from digits.statistics import describe


def main() -> None:
    dataset = Dataset(*read_raw("data/raw/train"), *read_raw("data/raw/test"))
    write_json("metrics/dataset.json", describe(dataset))
    write_bytes("metrics/samples.png", samples(dataset.train_images, dataset.train_labels))


if __name__ == "__main__":
    run(main)
