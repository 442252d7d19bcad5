"""Spoil the test images, little by little, and measure how far both models' accuracy falls."""

from digits import models
from digits.errors import run
from digits.figures.robustness import robustness
from digits.files import read_examples, write_bytes, write_csv, write_json
from digits.params import read
from digits.params.robustness import Robustness
from digits.robustness import CORRUPTIONS, measure, summary, worst

MODELS = ("basic", "hidden")


def main() -> None:
    params = read("params.yaml", Robustness)
    severities = {corruption: getattr(params, corruption) for corruption in CORRUPTIONS}
    images, labels = read_examples("data/processed/test")
    predict = {name: models.predictor(models.load(f"models/{name}.keras")) for name in MODELS}
    rows = measure(predict, images, labels, severities, params.seed)
    means = summary(rows, MODELS)
    write_csv("metrics/robustness.csv", rows)
    write_json("metrics/robustness.json", means)
    examples = worst(images[0], severities, params.seed)
    write_bytes("metrics/robustness.png", robustness(rows, MODELS, examples))
    for name in MODELS:
        print(f"robustness: {name}: {means[name]['mean_accuracy']:.2%} on average")


if __name__ == "__main__":
    run(main)
