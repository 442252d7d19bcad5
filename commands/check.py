"""Validate params.yaml as a whole, before any stage runs."""

from argparse import ArgumentParser, Namespace

from digits.params import document


def add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: there is one params.yaml."""


def main(arguments: Namespace) -> None:
    """Raise ParameterError if params.yaml is not as it should be."""
    document.check("params.yaml")
