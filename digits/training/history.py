"""Report a running training: a printed line for each epoch, and a table of all epochs so far."""

from pathlib import Path

from digits.files.tables import write_csv


def report_epoch(path: str, epochs: int, history: list[dict[str, float]]) -> None:
    """Write the history so far to `path`, named after the model, as CSV; print the last epoch.

    `train` calls it after each of `epochs` epochs, so that `dvc plots` can show a running training.
    """
    write_csv(path, [{"epoch": n, **means} for n, means in enumerate(history, 1)])
    values = ", ".join(f"{metric} {value:.4f}" for metric, value in history[-1].items())
    print(f"{Path(path).stem}: epoch {len(history)}/{epochs}, {values}", flush=True)
