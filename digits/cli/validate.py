"""Say whether the project is fit to be merged: five checks, a line each, exit code 1 if one fails.

parameters: params.yaml and gate.yaml are valid. lock: dvc.lock belongs to this code and these
parameters. rebuild: everything runs again and gives what is committed. floors: the metrics reach
those of gate.yaml. comparison: no model is significantly worse than in the revision that gate.yaml
names. All checks, or the named ones, are made even if one fails. The rebuild prints to stderr.
"""

from argparse import ArgumentParser, Namespace
from contextlib import suppress

from digits.cli import gate, git, lock, parameters
from digits.cli.compare import compare
from digits.cli.rebuild import rebuild
from digits.cli.revisions import MAIN, WORKSPACE, resolve
from digits.errors import DigitsError, RevisionError
from digits.evaluation.results import ANSWERS, read_results
from digits.files.atomic import read_json
from digits.messages import nearest, printable
from digits.params import read_params
from digits.params.stages import Models


def _parameters() -> str:
    parameters.check()
    gate.read_gate()
    return "params.yaml and gate.yaml are valid"


def _weaker() -> list[str]:
    """Hold the gate against main's, too, since gate.yaml itself names what it is compared with."""
    with suppress(RevisionError):
        return gate.weaker(resolve(MAIN), WORKSPACE)
    return []


def _floors() -> str:
    asked, names = gate.read_gate(), read_params(Models).root
    floors, title = asked.floors, read_json("metrics/dataset.json").get("title")
    said = f"{sum(map(len, floors.values()))} metrics are as high as gate.yaml asks"
    if title != asked.dataset:
        said = f"not checked: the floors are for {asked.dataset}, these results are of {title}"
    elif faults := gate.below(floors, read_results(names)):
        raise DigitsError(
            f"{'; '.join(faults)}. Make the model better, or lower the floor in gate.yaml"
        )
    return "; ".join([said, *_weaker()])


def _comparison() -> str:
    asked = gate.read_gate()
    other = resolve(asked.against)
    if git.content(other.commit, ANSWERS) is None:  # no results before
        return "; ".join([f"not compared: {other.name} has no {ANSWERS}", *_weaker()])
    report, found, worse = compare(asked.against), [], []
    for name, model in report["models"].items():
        shares = [f"{model[side]['accuracy']:.2%}" for side in ("old", "new") if model[side]]
        found.append(f"{name} {model['verdict'] or 'not compared'} ({' to '.join(shares)})")
        if model["verdict"] == "worse" and -model["difference"] > asked.allowed_regression:
            worse.append(name)
    notes = dict.fromkeys([*report["notes"], *_weaker()])
    said = "; ".join([f"with {other.name}: {', '.join(found)}", *notes])
    if worse:
        raise DigitsError(
            f"{said}. Make {', '.join(worse)} better, or raise allowed_regression "
            f"({asked.allowed_regression:g}) in gate.yaml"
        )
    return said


CHECKS = {
    "parameters": _parameters,
    "lock": lock.check,
    "rebuild": rebuild,
    "floors": _floors,
    "comparison": _comparison,
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the checks to make."""
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)}")


def main(arguments: Namespace) -> None:
    """Make the checks. Raises DigitsError if one failed."""
    names, failed = arguments.checks or list(CHECKS), []
    if unknown := [name for name in names if name not in CHECKS]:
        raise DigitsError(f"{unknown[0]} is not a check{nearest(unknown[0], CHECKS)}")
    for name in names:
        try:
            result, said = "ok", CHECKS[name]()
        except (DigitsError, MemoryError) as fault:
            result, said = "FAILED", str(fault)
            failed.append(name)
        print(f"{result:8}{name:12}{printable(' '.join(said.split()))}", flush=True)
    if failed:
        raise DigitsError(f"{len(failed)} of {len(names)} checks failed: {', '.join(failed)}")
