"""Describe the dataset in numbers."""

from digits.data.description import read_description
from digits.data.statistics import statistics
from digits.data.stored import read_raw
from digits.files.atomic import write_json
from digits.process import run


def main() -> None:
    description = read_description()
    splits = {name: statistics(*read_raw(name), description.classes) for name in ("train", "test")}
    write_json("metrics/dataset.json", {"title": description.title, **splits})


if __name__ == "__main__":
    run(main)
