"""Describe the dataset in numbers and show samples of it."""

from digits.data.dataset import Dataset
from digits.data.description import describe
from digits.data.stored import read_raw
from digits.figures.samples import samples
from digits.files.atomic import write_bytes, write_json
from digits.process import run


def main() -> None:
    dataset = Dataset(*read_raw("train"), *read_raw("test"))
    write_json("metrics/dataset.json", describe(dataset))
    write_bytes("metrics/samples.png", samples(dataset.train_images, dataset.train_labels))


if __name__ == "__main__":
    run(main)
