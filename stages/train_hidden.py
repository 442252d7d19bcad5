"""Train the hidden model: a hidden layer of ReLU units before the ten sigmoid units."""

from digits import models
from digits.errors import run
from digits.files import read_examples, write_csv, write_json
from digits.params import read
from digits.params.train import Train
from digits.params.train_hidden import TrainHidden
from digits.training import train


def main() -> None:
    recipe = read("params.yaml", Train)
    params = read("params.yaml", TrainHidden)
    training = read_examples("data/processed/train")
    validation = read_examples("data/processed/validation", classes=0)
    model, history = train(lambda: models.hidden(params.units), training, validation, recipe)
    models.save(model, "models/hidden.keras")
    write_csv("metrics/history_hidden.csv", history, count="epoch")
    write_json("metrics/train_hidden.json", history[-1])


if __name__ == "__main__":
    run(main)
