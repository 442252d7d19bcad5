"""Make the page on which both models are shown, and can be tried."""

import pandas as pd

from digits import models
from digits.dataset import Dataset, content_sha256
from digits.errors import run
from digits.files import read_csv, read_json, read_raw, write_bytes
from digits.params import read
from digits.params.preprocess import Preprocess
from digits.params.train import Train
from digits.params.train_hidden import TrainHidden
from digits.report.findings import NAMES, Findings
from digits.report.page import page
from digits.report.sources import file_sha256, pinned, settings

SECTIONS = (Preprocess, Train, TrainHidden)


def main() -> None:
    dataset = Dataset(*read_raw("data/raw/train"), *read_raw("data/raw/test"))
    paths = {name: f"models/{name}.keras" for name in NAMES}
    findings = Findings(
        scores=read_json("metrics/evaluation.json"),
        described=read_json("metrics/dataset.json"),
        robustness=read_csv("metrics/robustness.csv"),
        mean_robustness=read_json("metrics/robustness.json"),
        histories=tables("history"),
        predictions=tables("predictions"),
        classes=tables("classes"),
        calibration=tables("calibration"),
        weights={name: models.load(path).get_weights() for name, path in paths.items()},
        dataset=dataset,
        settings=settings(read("params.yaml", section) for section in SECTIONS),
        versions=pinned("requirements/runtime.txt"),
        hashes={"MNIST, the four arrays in IDX form": content_sha256(dataset)}
        | {path: file_sha256(path) for path in paths.values()},
    )
    content = page(findings).encode()
    write_bytes("report/index.html", content)
    print(f"report: report/index.html, {len(content) / 1e6:.2f} MB; open it in a browser")


def tables(kind: str) -> dict[str, pd.DataFrame]:
    """Read metrics/KIND_MODEL.csv for each model."""
    return {name: read_csv(f"metrics/{kind}_{name}.csv") for name in NAMES}


if __name__ == "__main__":
    run(main)
