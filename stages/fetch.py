"""Fetch MNIST, from the first source that has it, verified."""

from digits.data.sources import obtain
from digits.files.arrays import write_array
from digits.params import read
from digits.params.fetch import Fetch
from digits.process import run


def main() -> None:
    params = read(Fetch)
    dataset, source = obtain(params.source, params.sha256)
    for name, array in dataset._asdict().items():
        write_array(f"data/raw/{name}.npy", array)
    train, test = len(dataset.train_labels), len(dataset.test_labels)
    print(f"fetch: {train:,} training and {test:,} test digits, verified, from {source}")


if __name__ == "__main__":
    run(main)
