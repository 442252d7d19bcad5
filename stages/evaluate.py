"""Evaluate the models on the test set, unused until now: metrics, tables, pictures."""

import numpy as np

from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.evaluation.scoring import (
    Answers,
    answers,
    by_class,
    confusion_matrix,
    record,
    reliability,
    score,
)
from digits.figures.confusion import confusion
from digits.figures.palette import colour
from digits.files.arrays import release
from digits.files.atomic import write_bytes, write_json
from digits.files.tables import write_csv
from digits.inference.network import load
from digits.params import read_params
from digits.params.models import Models
from digits.process import run

ROWS = 10_000
"""Examples in memory at a time: 31 MB of float32 images."""


def main() -> None:
    images, labels = read_examples("test")
    info = read_info()
    names = info.classes
    networks = {
        name: load(f"models/{name}.keras", *info.sizes) for name in read_params(Models).root
    }
    predicted, classes, calibration = {}, [], []
    for place, (name, network) in enumerate(networks.items()):
        parts = [
            answers(network.logits(release(images)[i : i + ROWS]), labels[i : i + ROWS])
            for i in range(0, len(labels), ROWS)
        ]
        answer = Answers(*map(np.concatenate, zip(*parts, strict=True)))
        counts = confusion_matrix(labels, answer.predicted, len(names))
        predicted[name] = answer.predicted
        classes.append({"model": name, "class": names, **by_class(counts)})
        bins = reliability(answer.confidence, answer.predicted == labels)
        calibration.append({"model": name, **bins})
        columns = {"actual": labels, "predicted": answer.predicted, "confidence": answer.confidence}
        path = f"metrics/predictions/{name}.csv"
        write_csv(path, columns, actual=names, predicted=names)
        picture = confusion(name, colour(place), counts, info)
        write_bytes(f"metrics/confusion/{name}.png", picture)
        metrics = score(answer, labels, counts)
        write_json(f"metrics/evaluation/{name}.json", metrics)
        print(f"evaluate: {name}: {metrics['accuracy']:.2%} of {len(labels):,} test {info.nouns}")
    write_bytes("metrics/answers.json", record(labels, predicted).encode())
    write_csv("metrics/classes.csv", *classes)
    write_csv("metrics/calibration.csv", *calibration)


if __name__ == "__main__":
    run(main)
