"""What `dvc plots show` draws: the right values, in a real browser, without the internet."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

from digits.figures.palette import COLOURS
from tests import pipeline
from tests.browser import opened

MODELS = yaml.safe_load(Path("params.yaml").read_text())["models"]
PREDICTIONS = f"metrics/predictions/{MODELS[0]}.csv"
HISTORY = f"metrics/history/{MODELS[-1]}.csv"
ROWS = """async ([chart, column]) => {
    const compiled = vegaLite.compile(chart).spec;
    const view = new vega.View(vega.parse(compiled));
    await view.runAsync();
    const tables = compiled.data.map(({name}) => view.data(name));
    const rows = tables.filter((table) => table.length && column in table[0]).at(-1);
    return JSON.parse(JSON.stringify(rows));
}"""


@pytest.fixture(scope="module")
def project(built, tmp_path_factory):
    """A project with few answers of the first model, and a last one with a validation split."""
    project = pipeline.copy(built, tmp_path_factory.mktemp("plots") / "project")
    rows = ["0,0,0.9"] * 3 + ["0,1,0.9"] + ["1,1,0.9"] * 6
    head, *epochs = project.path(HISTORY).read_text().splitlines()
    for name, lines in (
        (PREDICTIONS, ["actual,predicted,confidence", *rows]),
        (HISTORY, [f"{head},val_loss,val_accuracy", *(f"{line},0.5,0.75" for line in epochs)]),
    ):
        project.path(name).unlink()
        project.path(name).write_text("\n".join(lines) + "\n")
    return project


@pytest.fixture(scope="module")
def charts(project):
    """The chart of each table, as the page of all plots has it."""
    charts = json.loads(project.run("dvc", "plots", "show", "--json"))["data"]
    return {name: of[0].get("content") for name, of in charts.items()}  # a picture has none


@pytest.fixture
def drawn(project, charts, tmp_path, chromium):
    """A function that returns the rows that a table's chart shows, by the page's chart library.

    column: one that the rows have; of the tables along the way the last that has it is shown.
    """

    def drawn(name, column):
        chart = charts[name]
        if chart.get("facet", {}).get("field") == "rev":  # of which there is one
            chart = {**chart["spec"], "data": chart["data"]}
        template = project.path(".dvc/vega/plots.html").read_text()
        (tmp_path / "empty.html").write_text(template.replace("{plot_divs}", ""))
        with opened(chromium, tmp_path / "empty.html") as page:
            return page.evaluate(ROWS, [chart, column])

    return drawn


def committed(project, path):
    """The rows of a CSV file, as text."""
    with project.path(path).open() as file:
        return list(csv.DictReader(file))


def test_every_table_and_picture_is_drawn_and_nothing_is_asked_of_the_network(project, chromium):
    """`opened` fails where a page asks for anything outside of its folder."""
    assert "WARNING" not in project.run("dvc", "plots", "show")
    file = project.path("dvc_plots/index.html")
    tables = sorted(project.folder.glob("metrics/**/*.csv"))
    assert len(tables) == len(MODELS) * 2 + 3  # histories, predictions; one each for all models
    assert file.read_text().count("vegaEmbed('#") == len(tables)
    pictures = {
        path.relative_to(project.folder).as_posix().replace("/", "_")
        for path in project.folder.glob("metrics/**/*.png")
    }
    assert len(pictures) == len(MODELS)
    with opened(chromium, file) as page:
        page.wait_for_function(f"document.querySelectorAll('canvas').length === {len(tables)}")
        assert set(re.findall(r'<img src="static/workspace_([\w.]+)"', page.content())) == pictures


def test_the_confusion_chart_shows_recall(charts, drawn):
    """Three of four zeros and all ones are right; one more digit is predicted as a one."""
    cells = {
        (cell["actual"], cell["predicted"]): cell["percent_of_y"]
        for cell in drawn(PREDICTIONS, "percent_of_y")
    }
    assert cells == {("0", "0"): 0.75, ("0", "1"): 0.25, ("1", "0"): 0, ("1", "1"): 1}
    axes = charts[PREDICTIONS]["spec"]["encoding"]
    assert (axes["y"]["field"], axes["x"]["field"]) == ("actual", "predicted")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("classes", ("model", "class", "recall")),
        ("robustness", ("corruption", "model", "accuracy")),
        ("calibration", ("model", "confidence")),
    ],
)
def test_all_models_are_in_one_chart(project, drawn, table, columns):
    """Empty bins of confidence are left out."""
    rows = drawn(f"metrics/{table}.csv", columns[-1])
    shown = sorted(tuple(str(row[column]) for column in columns) for row in rows)
    expected = [row for row in committed(project, f"metrics/{table}.csv") if row[columns[-1]]]
    assert shown == sorted(tuple(row[column] for column in columns) for row in expected)
    assert list(dict.fromkeys(row["model"] for row in rows)) == MODELS


@pytest.mark.parametrize(("place", "split"), [(0, "accuracy"), (-1, "val_accuracy")])
def test_the_history_is_drawn_without_validation_and_with_it(project, drawn, place, split):
    name = f"metrics/history/{MODELS[place]}.csv"
    rows, points = committed(project, name), drawn(name, "set")
    assert {row["set"] for row in points} == {"accuracy", split}
    for column in ("accuracy", split):
        found = [row["value"] for row in points if row["set"] == column]
        assert found == [row[column] for row in rows]


def test_the_templates_have_the_colours_of_the_models_by_place_and_no_names():
    templates = {path.stem: path.read_text() for path in Path(".dvc/plots").glob("*.json")}
    used = re.findall(r"template: (\w+)", Path("dvc.yaml").read_text())
    assert set(templates) == set(used) - {"confusion_normalized"}
    for name, text in templates.items():
        assert not set(MODELS) & set(re.findall(r"\w+", text)), name
        colour = r'"color": {\s*"field": "(\w+)"(.*?)"range": (\[.*?\])'
        for field, between, scale in re.findall(colour, text, re.DOTALL):
            if field == "model":
                assert tuple(json.loads(scale)) == COLOURS
                assert '"sort": null' in between
            else:
                assert not {*json.loads(scale)} & {*COLOURS}
