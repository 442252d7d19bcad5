"""Fill the templates in."""

import hashlib
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from digits.report.drawings import charts
from digits.report.findings import NAMES, Findings
from digits.report.numbers import numbers
from digits.report.pictures import pictures

FOLDER = Path(__file__).parent.with_name("page")
STYLE = "page.css"
SCRIPTS = ("models.js", "prepare.js", "draw.js", "explore.js")
"""In this order: each uses what those before it define."""


def page(findings: Findings) -> str:
    """Return the page as HTML, the same for the same findings."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = "\n".join(read(name) for name in SCRIPTS)
    return environment.get_template("index.html.j2").render(
        style=Markup(read(STYLE)),  # noqa: S704 (a file of ours, not data)
        script=Markup(script),  # noqa: S704
        script_sha256=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        names=NAMES,
        charts=charts(findings),
        **numbers(findings),
        **pictures(findings),
    )


def read(name: str) -> str:
    """Return the content of a file of the page."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")
