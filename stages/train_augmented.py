"""Train the augmented model: two hidden layers, taught with images that are changed."""

from functools import partial

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.files.atomic import write_json
from digits.models import augmented, history
from digits.models.resuming import State
from digits.models.saving import save
from digits.params import read
from digits.params.train import Train
from digits.process import run


def main() -> None:
    params = read(augmented.Params)
    recipe = params.recipe(read(Train))
    training, validation = read_examples("train"), read_examples("validation", classes=0)

    from digits.models.augmentation import augment
    from digits.models.training import train  # TensorFlow, when all else is in order

    build = partial(augmented.build, units=params.units)
    keep = partial(history.keep, "metrics/history/augmented.csv", recipe.epochs)
    state = State("augmented")
    data = read_description()
    model, epochs = train(
        build,
        training,
        validation,
        recipe,
        classes=len(data.classes),
        after_epoch=keep,
        optimizer=augmented.cosine,
        augment=partial(augment, size=(data.height, data.width), most=params),
        state=state,
    )
    save(model, "models/augmented.keras")
    write_json("metrics/train_augmented.json", epochs[-1])
    state.forget()


if __name__ == "__main__":
    run(main)
