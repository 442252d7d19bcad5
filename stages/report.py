"""Make the page on which the models are shown, and can be tried."""

from hashlib import sha256
from pathlib import Path

import numpy as np

from digits.data.dataset import Dataset
from digits.data.info import read_info
from digits.data.loading import read_raw
from digits.evaluation.doubt import FILE, MOST, usual
from digits.evaluation.results import read_results, read_robustness
from digits.files.atomic import read_json, write_bytes, write_json
from digits.files.tables import read_csv
from digits.inference.network import load
from digits.page.findings import Findings, Model, pinned
from digits.page.page import page
from digits.params import read_params
from digits.params.document import leaves, read_document
from digits.params.models import Models
from digits.process import run


def main() -> None:
    names = read_params(Models).root
    dataset = Dataset(*read_raw("train"), *read_raw("test"))
    results, robust = read_results(names), read_robustness(names)
    kinds = ("classes", "calibration", "robustness")
    tables = {kind: read_csv(f"metrics/{kind}.csv") for kind in kinds}
    data = read_info()
    places = {name: place for place, name in enumerate(data.classes)}
    models, hashes = [], {f"{data.title}, the four arrays in IDX form": data.sha256}
    for place, name in enumerate(names):
        path = f"models/{name}.keras"
        found = Model(
            name,
            place,
            network=load(path, *data.sizes),
            scores=results[name],
            kept=robust[name]["mean_accuracy"],
            kept_unseen=robust[name]["mean_accuracy_unseen"],
            trained_on=robust[name]["trained_on"],
            history=read_csv(f"metrics/history/{name}.csv"),
            predictions=read_csv(
                f"metrics/predictions/{name}.csv", actual=places, predicted=places
            ),
            **{kind: table[table["model"] == name] for kind, table in tables.items()},
        )
        models.append(found)
        hashes[path] = sha256(Path(path).read_bytes()).hexdigest()
    tested = np.asarray(dataset.test_images[:MOST], np.float32).reshape(
        -1, data.height * data.width
    )
    logits = {
        model.name: model.network.logits(tested / np.float32(255))
        for model in models
        if model.network.stack  # what Keras computes may differ between processors
    }
    known = usual(dataset, len(data.classes), logits)
    write_json(FILE, known.content())
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
        stages=read_document("dvc.yaml")["stages"],
        usual=known,
    )
    content = page(findings).encode()
    write_bytes("report/index.html", content)
    print(f"report: report/index.html, {len(content) / 1e6:.2f} MB; open it in a browser")


if __name__ == "__main__":
    run(main)
