"""Fill the templates in."""

import hashlib
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from digits.page.charts import charts
from digits.page.findings import Findings
from digits.page.images import images
from digits.page.svg import mark
from digits.palette import colour

FOLDER = Path(__file__).with_name("assets")
STYLE = "page.css"
SCRIPTS = ("models.js", "explore.js")
CANVAS = ("prepare.js", "draw.js")
"""Scripts for a page on which a model can be tried."""
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


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
    environment.globals.update(colour=colour, mark=mark)
    environment.filters.update(counted=counted, p_value=p_value)
    shown = images(findings)
    script = "\n".join(read(name) for name in SCRIPTS + (CANVAS if shown["tried"] else ()))
    return environment.get_template("index.html.j2").render(
        findings._asdict()
        | shown
        | {
            "style": Markup(read(STYLE)),  # noqa: S704 (a file of ours, not data)
            "script": Markup(script),  # noqa: S704
            "script_sha256": b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            "charts": charts(findings),
        }
    )


def read(name: str) -> str:
    """Return the content of a file of the page."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")


def counted(count: int, noun: str) -> str:
    """Write how many there are of something, small numbers as words: "three models"."""
    number = WORDS[count] if count < len(WORDS) else f"{count:,}"
    return f"{number} {noun}{'' if count == 1 else 's'}"


def p_value(p: float) -> str:
    """Write a p-value as it is usually written: none below a thousandth."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
