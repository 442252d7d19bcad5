"""What is told of a training while it runs: a line for each epoch, and a table that grows."""

from collections.abc import Callable
from pathlib import Path

from digits.files.tables import write_csv


def keep(path: str, epochs: int) -> Callable[[list[dict[str, float]]], None]:
    """Return a function for `train` to call after each epoch.

    It writes the history so far to `path`, named after the model, as CSV, so that `dvc plots` and
    editors show a running training, and prints the last epoch, one of `epochs`.
    """

    def after_epoch(history: list[dict[str, float]]) -> None:
        write_csv(path, [{"epoch": n, **means} for n, means in enumerate(history, 1)])
        values = ", ".join(f"{metric} {value:.4f}" for metric, value in history[-1].items())
        print(f"{Path(path).stem}: epoch {len(history)}/{epochs}, {values}", flush=True)

    return after_epoch
