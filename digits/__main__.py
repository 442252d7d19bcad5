"""The command line: `digits COMMAND`, or `python -m digits COMMAND`."""

import errno
import os
import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

from digits.environment import restrict
from digits.errors import OutputError
from digits.process import run

COMMANDS = {
    "predict": "Say which digit is in a picture.",
    "summary": "Show the results: accuracies, and where the pictures are.",
    "compare": "Say whether the models became better since another revision.",
    "seeds": "Train and test with several seeds: how far chance alone moves the accuracy.",
    "trial": "Run the pipeline with other parameters, in a clone of its own: an experiment.",
    "rebuild": "Run the stages again and compare with what is committed.",
    "validate": "Say whether the project is fit to be merged.",
    "setup": "Make this clone ready for DVC; repair what a killed DVC left.",
}
"""Modules of digits/cli, each with `main(arguments)` and, for options, `add_arguments(parser)`.

Only the one that is asked for is imported: `digits --help` does not wait for numpy."""


def main() -> None:
    """Run the command that the command line names, by the code of the current checkout."""
    restrict()
    # the `python` of DVC's stages is the one that runs this
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    here = [Path("digits", name) for name in ("__init__.py", "__main__.py")]
    if all(map(Path.is_file, here)) and not here[1].samefile(__file__):  # installed from elsewhere
        other = [sys.executable, "-m", "digits", *sys.argv[1:]]
        if os.name == "nt":  # whose exec would return at once
            sys.exit(subprocess.run(other).returncode)
        os.execv(sys.executable, other)  # noqa: S606
    run(lambda: call(sys.argv[1:]))


def call(words: list[str]) -> None:
    """Run the command of these words of the command line. Raises DigitsError.

    What it prints may have no reader (`| head`), or no room.
    """
    if words[:1] and words[0] in COMMANDS:
        module = import_module(f"digits.cli.{words[0]}")
        parser = ArgumentParser(prog=f"digits {words[0]}", description=module.__doc__)
        if hasattr(module, "add_arguments"):
            module.add_arguments(parser)
        arguments = parser.parse_intermixed_args(words[1:])
        try:
            module.main(arguments)
            print(end="", flush=True)
        except OSError as fault:
            if fault.errno not in (errno.EPIPE, errno.ENOSPC):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
            if fault.errno == errno.EPIPE:
                sys.exit(1)
            raise OutputError(f"what is printed cannot be written: {fault.strerror}") from None
    else:
        parser = ArgumentParser(prog="digits", description="Commands beside those of DVC.")
        commands = parser.add_subparsers(metavar="COMMAND", required=True)
        for name, line in COMMANDS.items():
            commands.add_parser(name, help=line)
        parser.parse_args(words)


if __name__ == "__main__":
    main()
