"""Train the hidden model: a hidden layer before the last one."""

from functools import partial

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.files.atomic import write_json
from digits.models import hidden, history
from digits.models.resuming import State
from digits.models.saving import save
from digits.params import read
from digits.params.train import Train
from digits.process import run


def main() -> None:
    recipe, params = read(Train), read(hidden.Params)
    training, validation = read_examples("train"), read_examples("validation", classes=0)

    from digits.models.training import train  # TensorFlow, when all else is in order

    build = partial(hidden.build, units=params.units)
    keep = partial(history.keep, "metrics/history/hidden.csv", recipe.epochs)
    state = State("hidden")
    _, classes = read_description().sizes
    model, epochs = train(
        build, training, validation, recipe, classes=classes, after_epoch=keep, state=state
    )
    save(model, "models/hidden.keras")
    write_json("metrics/train_hidden.json", epochs[-1])
    state.forget()


if __name__ == "__main__":
    run(main)
