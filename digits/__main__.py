"""The command line: `digits COMMAND`, or `python -m digits COMMAND`."""

import argparse
import errno
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from digits.environment import restrict
from digits.errors import OutputError
from digits.process import run

COMMANDS = {
    "predict": "Say which digit is in a picture.",
    "summary": "Show what the pipeline has made: accuracies, and where the pictures are.",
    "compare": "Say whether the models became better since another revision.",
    "seeds": "Train and test with several seeds: what a change must exceed to be more than luck.",
    "trial": "Run the pipeline with other parameters, in a clone of its own: an experiment.",
    "rebuild": "Run the stages again and compare with what is committed.",
    "validate": "Say whether the project is fit to be merged.",
    "setup": "Make this clone ready for DVC; mend what a killed DVC left.",
}
"""A module of digits/cli each: `main(arguments)` and, if it has some, `add_arguments(parser)`.

Only the one that is asked for is imported: `digits --help` does not wait for numpy."""


def main() -> None:
    """Run the command that is named on the command line, by the code of the checkout one is in."""
    restrict()
    here = [Path("digits", name) for name in ("__init__.py", "__main__.py")]
    if all(map(Path.is_file, here)) and not here[1].samefile(__file__):  # installed from elsewhere
        other = [sys.executable, "-m", "digits", *sys.argv[1:]]
        if os.name == "nt":  # whose exec would return at once
            sys.exit(subprocess.run(other).returncode)
        os.execv(sys.executable, other)  # noqa: S606
    parser = argparse.ArgumentParser(prog="digits", description="Beside `dvc`: digits COMMAND.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        command = commands.add_parser(name, help=line)
        if name in sys.argv:
            module = import_module(f"digits.cli.{name}")
            command.description = module.__doc__
            if hasattr(module, "add_arguments"):
                module.add_arguments(command)
            command.set_defaults(main=module.main)
    arguments = parser.parse_args()
    run(lambda: _call(arguments))


def _call(arguments: argparse.Namespace) -> None:
    """Call the command; what it prints may have no reader (`| head`), no room, or nowhere to go."""
    if sys.stdout is None:
        raise OutputError("what is printed cannot be written: the standard output is closed")
    try:
        arguments.main(arguments)
        sys.stdout.flush()
    except OSError as fault:
        if fault.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        if fault.errno == errno.EPIPE:
            sys.exit(1)
        raise OutputError(f"what is printed cannot be written: {fault.strerror}") from None


if __name__ == "__main__":
    main()
