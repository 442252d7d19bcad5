"""What `dvc plots show` draws: the right values, in a real browser, without the internet."""

import json
import re
import shutil
import socket
import subprocess
import threading

import pytest

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
    return json.loads(project.run("dvc", "plots", "show", "--show-vega", name))


def asked_by_the_page(lines):
    """Without what Chromium asks of its maker, on its own account, at every start."""
    return [line for line in lines if not re.search(rf"[ /]({'|'.join(MAKER)})[:/]", line)]


def drawn(project, name, folder):
    """The rows that the chart shows, computed by the chart library that is in the page."""
    chart = spec(project, name)
    if "facet" in chart:  # by revision, of which there is one
        chart = {**chart["spec"], "data": chart["data"]}
    script = f"""<pre id="rows"></pre><script>
        const compiled = vegaLite.compile({json.dumps(chart)}).spec;
        const view = new vega.View(vega.parse(compiled));
        view.runAsync().then(() => {{
            const tables = compiled.data.map(({{name}}) => view.data(name));
            const rows = tables.filter((table) => table.length).at(-1);
            document.getElementById("rows").textContent = JSON.stringify(rows);
        }});
    </script>"""
    template = project.path(".dvc/vega/plots.html").read_text()
    (folder / "rows.html").write_text(template.replace("{plot_divs}", script))
    rows = re.search(r'<pre id="rows">(.*?)</pre>', dom(folder / "rows.html")).group(1)
    return json.loads(rows)


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


def test_every_chart_is_drawn_and_nothing_is_asked_of_the_network(project, proxy):
    output = project.run("dvc", "plots", "show")
    assert "WARNING" not in output
    page = project.path("dvc_plots/index.html")
    option, asked = proxy
    shown = dom(page, option)
    assert shown.count("<canvas") == page.read_text().count("vegaEmbed('#") == 13
    assert len(re.findall(r'<img src="static/workspace_metrics_\w+.png"', shown)) == 9
    assert asked_by_the_page(asked) == []


def test_a_request_of_a_page_would_have_been_seen(tmp_path, proxy):
    (tmp_path / "page.html").write_text('<img src="http://example.org/picture.png">')
    option, asked = proxy
    dom(tmp_path / "page.html", option)
    assert asked_by_the_page(asked) == ["GET http://example.org/picture.png HTTP/1.1"]


def test_the_confusion_chart_shows_recall(project, tmp_path):
    """Of four zeros three are recognised; all ones are, and one digit more is taken for a one."""
    rows = ["0,0,0.9"] * 3 + ["0,1,0.9"] + ["1,1,0.9"] * 6
    table = "\n".join(["actual,predicted,confidence", *rows]) + "\n"
    project.path("metrics/predictions_basic.csv").unlink()
    project.path("metrics/predictions_basic.csv").write_text(table)
    cells = {
        (cell["actual"], cell["predicted"]): cell["percent_of_y"]
        for cell in drawn(project, "confusion, basic", tmp_path)
    }
    assert cells == {("0", "0"): 0.75, ("0", "1"): 0.25, ("1", "0"): 0, ("1", "1"): 1}
    axes = spec(project, "confusion, basic")["spec"]["encoding"]
    assert (axes["y"]["field"], axes["x"]["field"]) == ("actual", "predicted")


@pytest.mark.parametrize(
    ("chart", "column", "table", "rows"),
    [("accuracy", "accuracy", "history", 5), ("recall", "recall", "classes", 10)],
)
def test_both_models_are_in_one_chart(project, tmp_path, chart, column, table, rows):
    points = drawn(project, chart, tmp_path)
    for model in ("basic", "hidden"):
        values = [float(point[column]) for point in points if point["model"] == model]
        lines = project.path(f"metrics/{table}_{model}.csv").read_text().splitlines()
        place = lines[0].split(",").index(column)
        assert values == [float(line.split(",")[place]) for line in lines[1:]]
        assert len(values) == rows


def test_empty_bins_of_confidence_are_not_drawn(project, tmp_path):
    points = drawn(project, "reliability", tmp_path)
    assert {point["model"] for point in points} == {"basic", "hidden"}
    assert all(int(point["count"]) > 0 for point in points)
