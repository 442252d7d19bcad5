"""Train the basic model: one layer."""

from functools import partial

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.files.atomic import write_json
from digits.models import basic, history
from digits.models.resuming import State
from digits.models.saving import save
from digits.params import read
from digits.params.train import Train
from digits.process import run


def main() -> None:
    recipe = read(Train)
    training, validation = read_examples("train"), read_examples("validation", classes=0)

    from digits.models.training import train  # TensorFlow, when all else is in order

    keep = partial(history.keep, "metrics/history/basic.csv", recipe.epochs)
    state = State("basic")
    _, classes = read_description().sizes
    model, epochs = train(
        basic.build, training, validation, recipe, classes=classes, after_epoch=keep, state=state
    )
    save(model, "models/basic.keras")
    write_json("metrics/train_basic.json", epochs[-1])
    state.forget()


if __name__ == "__main__":
    run(main)
