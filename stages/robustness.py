"""Corrupt the test images step by step, and measure how far each model's accuracy falls."""

from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.evaluation.corruptions import mean_accuracy, measure
from digits.files.atomic import write_json
from digits.files.tables import write_csv
from digits.inference.network import load
from digits.params import read_params
from digits.params.stages import Models, RobustnessParams
from digits.process import run


def main() -> None:
    params, names = read_params(RobustnessParams), read_params(Models).root
    images, labels = read_examples("test")
    info = read_info()
    models = {name: load(f"models/{name}.keras", *info.sizes).logits for name in names}
    table = measure(models, images, labels, info.shape, params.model_dump())
    write_csv("metrics/robustness.csv", table)
    for name in names:
        mean = mean_accuracy(table, name)
        write_json(f"metrics/robustness/{name}.json", {"accuracy": mean})
        print(f"robustness: {name}: {mean:.2%} on average")


if __name__ == "__main__":
    run(main)
