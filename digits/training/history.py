"""Report a running training: a printed line for each epoch, and a table of all epochs so far."""

from pathlib import Path
from typing import TypeAlias

from digits.files.tables import write_csv

History: TypeAlias = list[dict[str, float]]
"""For each epoch loss and accuracy, means over its steps; val_loss and val_accuracy after it."""


def report_epoch(path: str, epochs: int, history: History) -> None:
    """Write the history so far to `path`, named after the model, as CSV; print the last epoch.

    Called after each of `epochs` epochs, so `dvc plots` can show a running training.
    """
    write_csv(path, [{"epoch": n, **means} for n, means in enumerate(history, 1)])
    values = ", ".join(f"{metric} {value:.4f}" for metric, value in history[-1].items())
    print(f"{Path(path).stem}: epoch {len(history)}/{epochs}, {values}", flush=True)


def best_epoch(history: History, patience: int | None) -> int:
    """Return the index of the epoch whose weights are kept: the last one if there is no `patience`.

    Else it is the first one with the lowest validation loss.
    """
    if patience is None:
        return len(history) - 1
    return min(range(len(history)), key=lambda n: history[n]["val_loss"], default=-1)
