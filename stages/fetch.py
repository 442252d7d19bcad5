"""Fetch MNIST, from the first source that has it, verified."""

from digits.errors import run
from digits.files import write_array
from digits.params import read
from digits.params.fetch import Fetch
from digits.sources import obtain


def main() -> None:
    params = read("params.yaml", Fetch)
    dataset, source = obtain(params.source, params.sha256)
    for name, array in dataset._asdict().items():
        write_array(f"data/raw/{name}.npy", array)
    train, test = len(dataset.train_labels), len(dataset.test_labels)
    print(f"fetch: {train:,} training and {test:,} test digits, verified, from {source}")


if __name__ == "__main__":
    run(main)
