"""Make the page on which the models are shown, and can be tried."""

from digits.data.dataset import Dataset
from digits.data.info import read_info
from digits.data.loading import read_raw
from digits.evaluation.results import read_results, read_robustness
from digits.evaluation.uncertainty import FILE, fit_reference
from digits.files.atomic import write_bytes, write_json
from digits.files.tables import read_csv
from digits.inference.network import load
from digits.page.findings import Findings, Model
from digits.page.page import page
from digits.params import read_params
from digits.params.document import leaves, read_document
from digits.params.stages import Models
from digits.process import run


def main() -> None:
    names = read_params(Models).root
    dataset = Dataset(*read_raw("train"), *read_raw("test"))
    data = read_info()
    results, robustness = read_results(names), read_robustness(names)
    kinds = ("classes", "calibration", "robustness")
    tables = {f"{kind}_table": read_csv(f"metrics/{kind}.csv") for kind in kinds}
    places = {name: place for place, name in enumerate(data.classes)}
    models = [
        Model(
            name,
            place,
            load(f"models/{name}.keras", *data.sizes),
            results[name],
            robustness[name],
            read_csv(f"metrics/history/{name}.csv"),
            read_csv(f"metrics/predictions/{name}.csv", actual=places, predicted=places),
            **{kind: table[table["model"] == name] for kind, table in tables.items()},
        )
        for place, name in enumerate(names)
    ]
    # not of models that Keras computes: their logits may differ between processors
    computed = {model.name: model.network.logits for model in models if model.network.stack}
    reference = fit_reference(dataset, len(data.classes), computed)
    write_json(FILE, reference.content())
    settings = leaves(read_document("params.yaml"))
    # not where the data came from, which may be a path of this machine
    shown = {key: settings[key] for key in settings if not key.startswith("fetch.")}
    findings = Findings(models, dataset, data, shown, reference)
    content = page(findings).encode()
    write_bytes("report/index.html", content)
    print(f"report: report/index.html, {len(content) / 1e6:.2f} MB; open it in a browser")


if __name__ == "__main__":
    run(main)
