"""Say whether the project is fit to be merged: five checks, a line each, exit code 1 if one failed.

parameters: params.yaml and gate.yaml are valid. dvc.lock: it is of this code and these parameters.
rebuild: everything runs again and gives what is committed. floors: the metrics reach those of
gate.yaml. comparison: no model is significantly worse than in the revision that gate.yaml names.
All are made, whatever the first ones say. What the rebuild prints goes to stderr.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from commands import check, verify
from commands.compare import compare
from commands.revisions import RevisionError, resolve
from digits import gate
from digits.comparing import Comparison
from digits.errors import DigitsError
from digits.files import read_json
from digits.params import document

SCORES = "metrics/evaluation.json"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the way to leave out the check that takes long."""
    parser.add_argument("--quick", action="store_true", help="do not rebuild; the output says so")


def main(arguments: Namespace) -> None:
    """Make the checks. Raises DigitsError if one failed."""
    checks: dict[str, Callable[[], str]] = {
        "parameters": parameters,
        "dvc.lock": lock,
        "rebuild": verify.rebuild,
        "floors": floors,
        "comparison": comparison,
    }
    failed = []
    for name, made in checks.items():
        result, said = "ok", ""
        try:
            if name == "rebuild" and arguments.quick:
                result, said = "skipped", "by --quick: whether the results come back is not known"
            else:
                said = made()
        except (DigitsError, MemoryError) as fault:
            result, said = "FAILED", str(fault)
            failed.append(name)
        print(f"{result:8}{name:12}{' '.join(said.split())}", flush=True)
    if failed:
        raise DigitsError(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}")


def parameters() -> str:
    """Check both files that people write."""
    document.check("params.yaml")
    gate.read("gate.yaml")
    return "params.yaml and gate.yaml are valid"


def lock() -> str:
    """Check dvc.lock against code and parameters, by what DVC would run."""
    check.lock()
    return "of this code and these parameters"


def floors() -> str:
    """Check the metrics against the floors."""
    asked = gate.read("gate.yaml").floors
    if faults := gate.below(asked, read_json(SCORES)):
        raise DigitsError(
            f"{'; '.join(faults)}. Make the model better, or lower the floor in gate.yaml"
        )
    count = sum(map(len, asked.values()))
    return f"{count} metrics are as high as gate.yaml asks" if count else "gate.yaml has none"


def comparison() -> str:
    """Check that no model lost more than gate.yaml allows."""
    asked = gate.read("gate.yaml")
    other = resolve(asked.against)
    try:
        other.text(SCORES)
    except RevisionError:
        return f"with {other.name}: it has no metrics yet, so there is nothing to compare with"
    report = compare(asked.against)
    said = f"with {other.name}: {', '.join(map(_told, report.models))}"
    if worse := [one.model for one in report.models if _fails(one, asked.allowed_regression)]:
        raise DigitsError(
            f"{said}. `digits compare {other.name}` shows more of {', '.join(worse)}. Mend it, or "
            f"raise allowed_regression, which is {asked.allowed_regression:g}, in gate.yaml"
        )
    same = other.commit == resolve("HEAD").commit
    return said + (f" (this is {other.name}: compare a branch)" if same else "")


def _fails(one: Comparison, allowed: float) -> bool:
    """Say whether a model is significantly worse, by more than is allowed."""
    lost = round(-one.difference, 9)  # 0.98 - 0.97 is a bit more than 0.01
    return one.verdict == "worse" and lost > allowed


def _told(one: Comparison) -> str:
    return f"{one.model} {one.verdict} ({one.old.share:.2%} to {one.new.share:.2%})"
