"""gate.yaml: what the results must reach before a change is merged. No stage reads it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from digits.errors import ParameterError
from digits.messages import nearest
from digits.params import Section, validate
from digits.params.document import leaves, read_document

Share = Annotated[float, Field(ge=0, le=1)]
Metric = Literal["accuracy", "accuracy_low", "macro_f1"]


class Gate(Section, section="gate"):
    """The whole of gate.yaml."""

    dataset: str = Field(min_length=1, description="the title of the data set of the floors")
    floors: dict[str, dict[Metric, Share]] = Field(description="model: metric: the least it may be")
    against: str = Field(min_length=1, pattern="^[^-]", description="the revision to compare with")
    allowed_regression: Share = Field(description="of accuracy; a significant loss that passes")


def read_gate(path: str = "gate.yaml") -> Gate:
    """Return the content of the YAML file at `path`. Raises ParameterError."""
    return validate({Gate.section: read_document(path)}, Gate, path)


def weaker(old: Gate, new: Gate) -> list[str]:
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


def below(floors: dict[str, dict[Metric, float]], tested: Any) -> list[str]:
    """List the metrics that are below their floors. tested: as `read_results` returns it.

    Raises ParameterError where a floor is of a model that is not tested.
    """
    for model in floors:
        if model not in tested:
            where = f"which is not in the list of models of params.yaml{nearest(model, tested)}"
            raise ParameterError(f"gate.yaml has floors for '{model}', {where}")
    return [
        f"{model} {metric} is {tested[model][metric]}, below {floor}"
        for model, metrics in floors.items()
        for metric, floor in metrics.items()
        if not tested[model][metric] >= floor  # NaN is below, too
    ]
