"""Fetch the data set from the first source that has it; verify and describe it."""

from digits.data.info import FILE
from digits.datasets.sources import fetch_dataset
from digits.files.arrays import write_array
from digits.files.atomic import write_json
from digits.messages import printable
from digits.params import read_params
from digits.params.stages import FetchParams
from digits.process import run


def main() -> None:
    dataset, info, source = fetch_dataset(read_params(FetchParams))
    for name, array in dataset._asdict().items():
        write_array(f"data/raw/{name}.npy", array)
    write_json(FILE, info.model_dump())
    print(
        f"fetch: {info.title}, {info.train:,} {info.nouns} to train with, "
        f"{info.test:,} to test with, from {printable(source)}"
    )


if __name__ == "__main__":
    run(main)
