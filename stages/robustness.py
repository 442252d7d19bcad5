"""Spoil the test images, little by little, and measure how far each model's accuracy falls."""

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.evaluation.corruptions import CORRUPTIONS, measure, summary
from digits.files.atomic import write_json
from digits.files.tables import columns, write_csv
from digits.models.inference import load
from digits.params import read
from digits.params.models import Models
from digits.params.robustness import Robustness
from digits.process import run


def main() -> None:
    params, names = read(Robustness), read(Models).root
    severities = {corruption: getattr(params, corruption) for corruption in CORRUPTIONS}
    images, labels = read_examples("test")
    description = read_description()
    sizes, size = description.sizes, (description.height, description.width)
    models = {name: load(f"models/{name}.keras", *sizes).logits for name in names}
    rows = measure(models, images, labels, size, severities, params.seed)
    means = summary(rows, names)
    write_csv("metrics/robustness.csv", columns(rows))
    write_json("metrics/robustness.json", means)
    for name in names:
        print(f"robustness: {name}: {means[name]['mean_accuracy']:.2%} on average")


if __name__ == "__main__":
    run(main)
