"""Train the basic model: one layer of ten sigmoid units."""

from digits import models
from digits.errors import run
from digits.files import read_examples, write_csv, write_json
from digits.params import read
from digits.params.train import Train
from digits.training import train


def main() -> None:
    recipe = read("params.yaml", Train)
    training = read_examples("data/processed/train")
    validation = read_examples("data/processed/validation", classes=0)
    model, history = train(models.basic, training, validation, recipe)
    models.save(model, "models/basic.keras")
    write_csv("metrics/history_basic.csv", history, count="epoch")
    write_json("metrics/train_basic.json", history[-1])


if __name__ == "__main__":
    run(main)
