"""Make the page on which the models are shown, and can be tried."""

from hashlib import sha256
from pathlib import Path

from digits.data.dataset import Dataset
from digits.data.description import read_description
from digits.data.stored import read_raw
from digits.files.atomic import read_json, write_bytes
from digits.files.tables import read_csv
from digits.models.inference import load
from digits.page.findings import Findings, Model, pinned
from digits.page.page import page
from digits.params import read
from digits.params.document import leaves, read_document
from digits.params.models import Models
from digits.process import run


def main() -> None:
    names = read(Models).root
    dataset = Dataset(*read_raw("train"), *read_raw("test"))
    scores, kept = read_json("metrics/evaluation.json"), read_json("metrics/robustness.json")
    kinds = ("classes", "calibration", "robustness")
    tables = {kind: read_csv(f"metrics/{kind}.csv") for kind in kinds}
    data = read_description()
    places = {name: place for place, name in enumerate(data.classes)}
    models, hashes = [], {f"{data.title}, the four arrays in IDX form": data.sha256}
    for place, name in enumerate(names):
        path = f"models/{name}.keras"
        found = Model(
            name,
            place,
            network=load(path, *data.sizes),
            scores=scores[name],
            kept=kept[name]["mean_accuracy"],
            history=read_csv(f"metrics/history/{name}.csv"),
            predictions=read_csv(
                f"metrics/predictions/{name}.csv", actual=places, predicted=places
            ),
            **{kind: table[table["model"] == name] for kind, table in tables.items()},
        )
        models.append(found)
        hashes[path] = sha256(Path(path).read_bytes()).hexdigest()
    settings = leaves(read_document("params.yaml"))
    findings = Findings(
        models=models,
        dataset=dataset,
        data=data,
        described=read_json("metrics/dataset.json"),
        # not where the data came from, which may be a path: what they are, a hash says below
        settings={key: settings[key] for key in settings if not key.startswith("fetch.")},
        versions=pinned(),
        hashes=hashes,
    )
    content = page(findings).encode()
    write_bytes("report/index.html", content)
    print(f"report: report/index.html, {len(content) / 1e6:.2f} MB; open it in a browser")


if __name__ == "__main__":
    run(main)
