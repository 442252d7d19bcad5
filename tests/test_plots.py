"""What `dvc plots show` draws: the right values, in a real browser, without the internet."""

import csv
import html
import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from digits.figures.palette import COLOURS

MODELS = yaml.safe_load(Path("params.yaml").read_text())["models"]
CHROMIUM = shutil.which("chromium")
MAKER = (
    r"[\w.-]+\.google\.com",
    r"optimizationguide-pa\.googleapis\.com",
    r"redirector\.gvt1\.com",
    r"update\.googleapis\.com",
)


def dom(page, *options):
    """The page as it stands once its scripts have run, in a browser of its own."""
    if not CHROMIUM:
        pytest.skip("needs chromium")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--virtual-time-budget=60000", f"--user-data-dir={page.parent}/.browser", *options]
    quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    return subprocess.run(
        [*command, *quiet, page.as_uri()],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout


def spec(project, name):
    """The chart of a table, as the page of all plots has it."""
    charts = json.loads(project.run("dvc", "plots", "show", "--json"))["data"]
    return charts[name][0]["content"]


def asked_by_the_page(lines):
    """Without what Chromium asks of its maker at every start, and connections it does not use."""
    return [line for line in lines if line and not re.search(rf"[ /]({'|'.join(MAKER)})[:/]", line)]


def drawn(project, name, folder, column):
    """The rows that the chart shows, computed by the chart library that is in the page.

    column: one that the rows have; of the tables along the way the last that has it is shown.
    """
    chart = spec(project, name)
    if chart.get("facet", {}).get("field") == "rev":  # of which there is one
        chart = {**chart["spec"], "data": chart["data"]}
    script = f"""<pre id="rows"></pre><script>
        const compiled = vegaLite.compile({json.dumps(chart)}).spec;
        const view = new vega.View(vega.parse(compiled));
        view.runAsync().then(() => {{
            const tables = compiled.data.map(({{name}}) => view.data(name));
            const rows = tables.filter((table) => table.length && "{column}" in table[0]).at(-1);
            document.getElementById("rows").textContent = JSON.stringify(rows);
        }});
    </script>"""
    template = project.path(".dvc/vega/plots.html").read_text()
    (folder / "rows.html").write_text(template.replace("{plot_divs}", script))
    rows = re.search(r'<pre id="rows">(.*?)</pre>', dom(folder / "rows.html")).group(1)
    return json.loads(html.unescape(rows))


def committed(project, path):
    """The rows of a CSV file, as text."""
    with project.path(path).open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def proxy():
    """A proxy that answers nothing, and the list of what was asked of it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(4096).split(b"\r\n")[0].decode())

        threading.Thread(target=listen, daemon=True).start()
        yield f"--proxy-server=http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


def test_every_table_and_picture_is_drawn_and_nothing_is_asked_of_the_network(project, proxy):
    output = project.run("dvc", "plots", "show")
    assert "WARNING" not in output
    page = project.path("dvc_plots/index.html")
    option, asked = proxy
    shown = dom(page, option)
    tables = sorted(project.folder.glob("metrics/**/*.csv"))
    assert len(tables) == len(MODELS) * 2 + 3  # histories, predictions; one each for all models
    assert shown.count("<canvas") == page.read_text().count("vegaEmbed('#") == len(tables)
    pictures = {
        path.relative_to(project.folder).as_posix().replace("/", "_")
        for path in project.folder.glob("metrics/**/*.png")
    }
    assert len(pictures) == len(MODELS)
    assert set(re.findall(r'<img src="static/workspace_([\w.]+)"', shown)) == pictures
    assert asked_by_the_page(asked) == []


def test_a_request_of_a_page_would_have_been_seen(tmp_path, proxy):
    (tmp_path / "page.html").write_text('<img src="http://example.org/picture.png">')
    option, asked = proxy
    dom(tmp_path / "page.html", option)
    assert asked_by_the_page(asked) == ["GET http://example.org/picture.png HTTP/1.1"]


def test_the_confusion_chart_shows_recall(project, tmp_path):
    """Of four zeros three are recognised; all ones are, and one digit more is taken for a one."""
    name = f"metrics/predictions/{MODELS[0]}.csv"
    rows = ["0,0,0.9"] * 3 + ["0,1,0.9"] + ["1,1,0.9"] * 6
    table = "\n".join(["actual,predicted,confidence", *rows]) + "\n"
    project.path(name).unlink()
    project.path(name).write_text(table)
    cells = {
        (cell["actual"], cell["predicted"]): cell["percent_of_y"]
        for cell in drawn(project, name, tmp_path, "percent_of_y")
    }
    assert cells == {("0", "0"): 0.75, ("0", "1"): 0.25, ("1", "0"): 0, ("1", "1"): 1}
    axes = spec(project, name)["spec"]["encoding"]
    assert (axes["y"]["field"], axes["x"]["field"]) == ("actual", "predicted")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("classes", ("model", "class", "recall")),
        ("robustness", ("corruption", "model", "accuracy")),
    ],
)
def test_all_models_are_in_one_chart(project, tmp_path, table, columns):
    rows = drawn(project, f"metrics/{table}.csv", tmp_path, columns[-1])
    assert sorted(tuple(row[column] for column in columns) for row in rows) == sorted(
        tuple(row[column] for column in columns)
        for row in committed(project, f"metrics/{table}.csv")
    )
    assert list(dict.fromkeys(row["model"] for row in rows)) == MODELS


def test_empty_bins_of_confidence_are_not_drawn(project, tmp_path):
    rows = drawn(project, "metrics/calibration.csv", tmp_path, "confidence")
    assert {row["model"] for row in rows} == set(MODELS)
    assert all(int(row["count"]) > 0 for row in rows)
    assert len(rows) < len(committed(project, "metrics/calibration.csv"))


def test_the_history_is_drawn_without_validation_and_with_it(project, tmp_path):
    name = f"metrics/history/{MODELS[-1]}.csv"
    rows = committed(project, name)
    points = drawn(project, name, tmp_path, "set")
    assert {row["set"] for row in points} == {"accuracy"}
    assert [row["value"] for row in points] == [row["accuracy"] for row in rows]
    lines = project.path(name).read_text().splitlines()
    longer = [f"{lines[0]},val_loss,val_accuracy", *(f"{line},0.5,0.75" for line in lines[1:])]
    project.path(name).write_text("\n".join(longer) + "\n")
    points = drawn(project, name, tmp_path, "set")
    held_out = [row["value"] for row in points if row["set"] == "val_accuracy"]
    assert held_out == ["0.75"] * len(rows)
    assert len(points) == 2 * len(rows)


def values(node, key):
    """Every value under a key, anywhere in a document."""
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from values(child, key)


def test_the_templates_have_the_colours_of_the_models_by_place_and_no_names():
    templates = {path.stem: path.read_text() for path in Path(".dvc/plots").glob("*.json")}
    used = yaml.safe_load(Path("dvc.yaml").read_text())
    assert set(templates) == set(values(used, "template")) - {"confusion_normalized"}
    for name, text in templates.items():
        assert not set(MODELS) & set(re.findall(r"\w+", text)), name
        for colour in values(json.loads(text), "color"):
            if colour == "independent":  # the legends of two charts
                continue
            if colour["field"] == "model":
                assert tuple(colour["scale"]["range"]) == COLOURS
                assert colour["sort"] is None
            else:
                assert not set(colour["scale"]["range"]) & set(COLOURS)
