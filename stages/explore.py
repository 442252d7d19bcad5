"""Describe the data set in numbers."""

from digits.data.info import read_info
from digits.data.loading import read_raw
from digits.data.statistics import statistics
from digits.files.atomic import write_json
from digits.process import run


def main() -> None:
    info = read_info()
    splits = {name: statistics(*read_raw(name), info.classes) for name in ("train", "test")}
    write_json("metrics/dataset.json", {"title": info.title, **splits})


if __name__ == "__main__":
    run(main)
