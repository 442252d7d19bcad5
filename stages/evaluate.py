"""Evaluate the models on the test set, which nothing before has read: metrics, tables, pictures."""

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.evaluation.answers import answers, joined, record
from digits.evaluation.calibration import reliability
from digits.evaluation.scoring import by_class, confusion_matrix, score
from digits.evaluation.significance import compare
from digits.figures.confusion import confusion
from digits.files.arrays import fresh
from digits.files.atomic import write_bytes, write_json
from digits.files.tables import stacked, write_csv
from digits.models.inference import load
from digits.palette import colour
from digits.params import read
from digits.params.models import Models
from digits.process import run

ROWS = 10_000
"""Examples in memory at a time: 31 MB of float32 images."""


def main() -> None:
    images, labels = read_examples("test")
    starts = range(0, len(labels), ROWS)
    scores, predicted, classes, calibration = {}, {}, {}, {}
    description = read_description()
    names = description.classes
    networks = {
        name: load(f"models/{name}.keras", *description.sizes) for name in read(Models).root
    }
    for place, (name, network) in enumerate(networks.items()):
        parts = ((fresh(images)[i : i + ROWS], labels[i : i + ROWS]) for i in starts)
        answer = joined(answers(network.logits(block), theirs) for block, theirs in parts)
        counts = confusion_matrix(labels, answer.predicted, len(names))
        right = answer.predicted == labels
        predicted[name] = answer.predicted
        scores[name] = score(answer, labels, counts)
        if place:
            baseline = next(iter(predicted.values())) == labels
            scores[name]["against_baseline"] = compare(baseline, right)
        classes[name] = {"class": names, **by_class(counts)}
        calibration[name] = reliability(answer.confidence, right)
        columns = {"actual": labels, "predicted": answer.predicted, "confidence": answer.confidence}
        path = f"metrics/predictions/{name}.csv"
        write_csv(path, columns, actual=names, predicted=names)
        picture = confusion(name, colour(place), counts, description)
        write_bytes(f"metrics/confusion/{name}.png", picture)
        share = scores[name]["accuracy"]
        print(f"evaluate: {name}: {share:.2%} of {len(labels):,} test {description.things}")
    write_json("metrics/evaluation.json", scores)
    write_bytes("metrics/answers.json", record(labels, predicted).encode())
    write_csv("metrics/classes.csv", stacked(classes, "model"))
    write_csv("metrics/calibration.csv", stacked(calibration, "model"))


if __name__ == "__main__":
    run(main)
