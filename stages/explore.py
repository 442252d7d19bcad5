"""Describe the dataset in numbers."""

from digits.data.description import describe
from digits.data.stored import read_raw
from digits.files.atomic import write_json
from digits.process import run


def main() -> None:
    described = {split: describe(*read_raw(split)) for split in ("train", "test")}
    write_json("metrics/dataset.json", described)


if __name__ == "__main__":
    run(main)
