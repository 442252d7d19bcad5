"""Fetch the data set, from the first source that has it, verified; describe it beside."""

from digits.data.info import FILE
from digits.datasets.sources import obtain
from digits.files.arrays import write_array
from digits.files.atomic import write_json
from digits.params import read_params
from digits.params.fetch import FetchParams
from digits.process import run


def main() -> None:
    dataset, description, where = obtain(read_params(FetchParams))
    for name, array in dataset._asdict().items():
        write_array(f"data/raw/{name}.npy", array)
    write_json(FILE, description.model_dump())
    print(
        f"fetch: {description.title}, {description.train:,} {description.nouns} to train with, "
        f"{description.test:,} to test with, from {where}"
    )


if __name__ == "__main__":
    run(main)
