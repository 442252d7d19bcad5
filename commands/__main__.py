"""The command line: `digits COMMAND`."""

import argparse

from commands import check, compare, predict, schema, seeds, summary, sweep, validate, verify
from digits.errors import run

COMMANDS = {
    "check": check,
    "compare": compare,
    "predict": predict,
    "schema": schema,
    "seeds": seeds,
    "summary": summary,
    "sweep": sweep,
    "validate": validate,
    "verify": verify,
}
"""A module each: its docstring is the help; `add_arguments(parser)`, `main(arguments)`.

All are imported at every call: what is slow to import (TensorFlow, DVC) is imported in `main`."""


def main() -> None:
    """Run the command that is named on the command line."""
    parser = argparse.ArgumentParser(prog="digits", description="Beside `dvc`: digits COMMAND.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(name, help=text.splitlines()[0], description=text)
        module.add_arguments(command)
    arguments = parser.parse_args()
    run(lambda: COMMANDS[arguments.command].main(arguments))


if __name__ == "__main__":
    main()
