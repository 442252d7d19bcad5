"""Train one model: `python -m stages.train NAME` trains the one of digits/models/NAME.py."""

import sys
from functools import partial
from typing import Any

from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.errors import ModelError, ParameterError
from digits.files.atomic import write_json
from digits.params.stages import available
from digits.process import run
from digits.training.definition import read_definition, train_params
from digits.training.history import History, best_epoch, report_epoch
from digits.workers.meeting import meet


def main() -> None:
    name, names = " ".join(sys.argv[1:2]), available()
    if name not in names:
        raise ParameterError(
            f"python -m stages.train NAME: expected a model of digits/models ({', '.join(names)}), "
            f"got {name or 'none'}"
        )
    params = train_params(name)
    meet(params)  # the first worker may have to run the stages before
    definition = read_definition(name, read_info())
    training, validation = read_examples("train"), read_examples("validation")

    # TensorFlow is imported when all else is in order
    from digits.training.saving import save
    from digits.training.train import train

    def write(model: Any, history: History) -> None:
        save(model, f"models/{name}.keras")
        kept = best_epoch(history, params.patience)
        if params.patience:
            print(f"{name}: the weights after epoch {kept + 1} are kept")
        write_json(f"metrics/training/{name}.json", history[kept])

    try:
        train(
            training=training,
            validation=validation,
            after_epoch=partial(report_epoch, f"metrics/history/{name}.csv", params.epochs),
            after_training=write,
            stage=f"train_{name}",
            **definition,
        )
    except ModelError as fault:
        raise ModelError(f"digits/models/{name}.py: {fault}") from fault


if __name__ == "__main__":
    run(main)
