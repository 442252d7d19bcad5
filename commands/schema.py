"""Print the JSON Schema of params.yaml, by which editors complete and check it.

It is committed: after a change in digits/params/, `digits schema > params.schema.json`.
"""

import json
from argparse import ArgumentParser, Namespace

from digits.params import document


def add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: there is one params.yaml."""


def main(arguments: Namespace) -> None:
    """Print it, indented."""
    print(json.dumps(document.json_schema(), indent=2))
