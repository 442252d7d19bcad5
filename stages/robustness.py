"""Spoil the test images, little by little, and measure how far each model's accuracy falls."""

from digits.data.description import read_description
from digits.data.stored import read_examples
from digits.evaluation.corruptions import CORRUPTIONS, measure, summary
from digits.files.atomic import write_json
from digits.files.tables import columns, write_csv
from digits.models.inference import load
from digits.params import read
from digits.params.document import leaves, read_document
from digits.params.models import Models
from digits.params.robustness import Robustness
from digits.process import run


def main() -> None:
    params, names = read(Robustness), read(Models).root
    severities = {corruption: getattr(params, corruption) for corruption in CORRUPTIONS}
    images, labels = read_examples("test")
    description = read_description()
    sizes, size = description.sizes, (description.height, description.width)
    models = {name: load(f"models/{name}.keras", *sizes).logits for name in names}
    rows = measure(models, images, labels, size, severities, params.seed)
    # A model was trained on what its own section has a parameter for, called as it is here.
    values = leaves(read_document("params.yaml"))
    rows = [
        row | {"trained_on": bool(values.get(f"train_{row['model']}.{row['corruption']}"))}
        for row in rows
    ]
    means = summary(rows)
    write_csv("metrics/robustness.csv", columns(rows))
    write_json("metrics/robustness.json", means)
    for name in names:
        known = f" (trained on {kinds})" if (kinds := means[name]["trained_on"]) else ""
        print(f"robustness: {name}: {means[name]['mean_accuracy']:.2%} on average{known}")


if __name__ == "__main__":
    run(main)
