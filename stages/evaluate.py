"""Evaluate the models on the test set, unused until now: metrics, tables, pictures."""

from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.evaluation import scoring
from digits.figures.confusion import confusion
from digits.figures.palette import colour
from digits.files.atomic import write_bytes, write_json
from digits.files.tables import write_csv
from digits.inference.network import load
from digits.params import read_params
from digits.params.stages import Models
from digits.process import run


def main() -> None:
    images, labels = read_examples("test")
    info = read_info()
    names = info.classes
    chosen = read_params(Models).root
    networks = {name: load(f"models/{name}.keras", *info.sizes) for name in chosen}
    predicted, classes, calibration = {}, [], []
    for place, (name, network) in enumerate(networks.items()):
        answer = scoring.answers(network.logits(images), labels)
        counts = scoring.confusion_matrix(labels, answer.predicted, len(names))
        predicted[name] = answer.predicted
        classes.append({"model": name, "class": names, **scoring.by_class(counts)})
        bins = scoring.reliability(answer.confidence, answer.predicted == labels)
        calibration.append({"model": name, **bins})
        columns = {"actual": labels, "predicted": answer.predicted, "confidence": answer.confidence}
        write_csv(f"metrics/predictions/{name}.csv", columns, actual=names, predicted=names)
        image = confusion(name, colour(place), counts, info)
        write_bytes(f"metrics/confusion/{name}.png", image)
        metrics = scoring.score(answer, labels, counts)
        write_json(f"metrics/evaluation/{name}.json", metrics)
        print(f"evaluate: {name}: {metrics['accuracy']:.2%} of {len(labels):,} test {info.nouns}")
    write_bytes("metrics/answers.json", scoring.record(labels, predicted).encode())
    write_csv("metrics/classes.csv", *classes)
    write_csv("metrics/calibration.csv", *calibration)


if __name__ == "__main__":
    run(main)
