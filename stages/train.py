"""Train one model: `python -m stages.train NAME` trains the one of digits/models/NAME.py."""

import sys
from functools import partial

from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.errors import ModelError, ParameterError
from digits.files.atomic import write_json
from digits.params.models import available
from digits.process import run
from digits.training.definition import read_definition
from digits.training.history import best_epoch, report_epoch


def main() -> None:
    name = model_name(sys.argv[1:])
    definition = read_definition(name, read_info())
    training, validation = read_examples("train"), read_examples("validation", classes=0)

    # TensorFlow is imported when all else is in order
    from digits.training.checkpoint import delete_checkpoints
    from digits.training.saving import save
    from digits.training.train import train

    stage, params = f"train_{name}", definition["params"]
    after_epoch = partial(report_epoch, f"metrics/history/{name}.csv", params.epochs)
    given = {"after_epoch": after_epoch, "stage": stage, **definition}
    try:
        model, history = train(training=training, validation=validation, **given)
    except ModelError as fault:
        raise ModelError(f"digits/models/{name}.py: {fault}") from fault
    kept = best_epoch(history, params.patience)
    if params.patience:
        print(f"{name}: the weights after epoch {kept + 1} are kept")
    save(model, f"models/{name}.keras")
    write_json(f"metrics/training/{name}.json", history[kept])
    delete_checkpoints(stage)


def model_name(arguments: list[str]) -> str:
    """Return the model that the command line names. Raises ParameterError."""
    names = available()
    if arguments[:1] and arguments[0] in names:
        return arguments[0]
    raise ParameterError(
        f"python -m stages.train NAME: expected a model of digits/models ({', '.join(names)}), got "
        f"{' '.join(arguments) or 'none'}"
    )


if __name__ == "__main__":
    run(main)
