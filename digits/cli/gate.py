"""gate.yaml: what the results must reach before a change is merged. No stage reads it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from digits.cli.revisions import Revision
from digits.errors import DigitsError, ParameterError
from digits.messages import nearest
from digits.params import Section, validate
from digits.params.document import leaves, read_document

Share = Annotated[float, Field(ge=0, le=1)]
Metric = Literal["accuracy", "accuracy_low", "macro_f1"]
PATH = "gate.yaml"


class Gate(Section, section="gate"):
    """The whole of gate.yaml."""

    dataset: str = Field(min_length=1, description="the title of the data set of the floors")
    floors: dict[str, dict[Metric, Share]] = Field(description="model: metric: the least it may be")
    against: str = Field(min_length=1, pattern="^[^-]", description="the revision to compare with")
    allowed_regression: Share = Field(description="of accuracy; a significant loss that passes")


def read_gate() -> Gate:
    """Return the content of gate.yaml. Raises ParameterError."""
    return validate({"gate": read_document(PATH)}, Gate, PATH)


def weaker(before: Revision, after: Revision) -> list[str]:
    """Note what the gate and the stages of `before` ask for, and those of `after` do not."""
    notes = []
    try:
        old, new = before.document(PATH), after.document(PATH)
        if old and (less := lower(*(validate({"gate": each}, Gate, PATH) for each in (old, new)))):
            notes.append(f"{PATH} is weaker than in {before.name}: {'; '.join(less)}")
        old, new = ((each.document("dvc.yaml") or {})["stages"] for each in (before, after))
        lost = [line for line in _lines(old) if line not in _lines(new)]  # a removed stage: its cmd
        if lost := [line for line in lost if line.partition(".")[0] in new or ".cmd " in line]:
            notes.append(f"dvc.yaml lacks what it has in {before.name}: {'; '.join(lost)}")
    except (DigitsError, AttributeError, KeyError, TypeError) as fault:
        notes.append(f"{PATH} or dvc.yaml is not as in {before.name}: {fault}")
    return notes


def lower(old: Gate, new: Gate) -> list[str]:
    """List what `old` asks for and `new` does not; the metrics of a removed model among it."""
    after, faults = leaves(new.model_dump()), []
    for name, value in leaves(old.model_dump()).items():
        found = after.get(name)
        if isinstance(value, str) or found is None:
            less = found != value
        else:
            less = found > value if name == "allowed_regression" else found < value
        if less:
            faults.append(f"{name} is {found}, not {value}")
    return faults


def _lines(stages: dict[str, Any]) -> list[str]:
    """List the values of each key of the stages of dvc.yaml."""
    return [
        f"{name} {each}"
        for name, value in leaves(stages).items()
        if not name.endswith(".desc")
        for each in (value if isinstance(value, list) else [value])
    ]


def below(floors: dict[str, dict[Metric, float]], tested: Any) -> list[str]:
    """List the metrics that are below their floors. tested: as `read_results` returns it.

    Raises ParameterError where a floor is of a model that is not tested.
    """
    for model in floors:
        if model not in tested:
            where = f"which is not in the list of models of params.yaml{nearest(model, tested)}"
            raise ParameterError(f"{PATH} has floors for '{model}', {where}")
    return [
        f"{model} {metric} is {tested[model][metric]}, below {floor}"
        for model, metrics in floors.items()
        for metric, floor in metrics.items()
        if not tested[model][metric] >= floor  # NaN is below, too
    ]
