"""Fill the templates in."""

import hashlib
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from digits.data.info import short
from digits.figures.palette import colour
from digits.messages import isolated
from digits.page.charts import MARKS, charts
from digits.page.findings import Findings
from digits.page.images import canvas, images

FOLDER = Path(__file__).with_name("assets")


def page(findings: Findings) -> str:
    """Return the page as HTML, the same for the same findings."""
    shown_as = {"classes": [*map(isolated, findings.data.classes)]}
    findings = findings._replace(data=findings.data.model_copy(update=shown_as))
    drawn = findings.data.prepare == "mnist"
    tried = [model for model in findings.models if drawn and model.network.stack]
    lead = max(tried, key=lambda model: float(model.scores["accuracy"]), default=None)
    shown = images(findings)
    names = ["models.js", "explore.js"]
    if lead:
        shown["findings"] |= canvas(findings, lead)
        names += ["prepare.js", "uncertainty.js", "why.js", "draw.js"]
    script = "\n".join(FOLDER.joinpath(name).read_text(encoding="utf-8") for name in names)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("index.html.j2").render(
        **findings._asdict() | shown,
        tried=tried,
        drawn=drawn,
        short=short,
        lead=lead,
        charts=charts(findings),
        colour=colour,
        marks=MARKS,
        script=Markup(script),  # noqa: S704 (files of ours, not data)
        script_sha256=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
