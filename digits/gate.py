"""What the results must reach before a change is merged: gate.yaml. No stage reads it."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from digits.errors import ArtifactError
from digits.params import Section, nearest, read_document, validate

Share = Annotated[float, Field(ge=0, le=1)]
Metric = Literal["accuracy", "accuracy_low", "macro_f1"]


class Gate(Section):
    """The whole of gate.yaml."""

    section: ClassVar[str] = "gate"

    floors: dict[str, dict[Metric, Share]] = Field(description="model: metric: the least it may be")
    against: str = Field(min_length=1, pattern="^[^-]", description="the revision to compare with")
    allowed_regression: Share = Field(description="of accuracy; a significant loss that passes")


def read(path: str) -> Gate:
    """Return the content of the YAML file at `path`. Raises ParameterError."""
    return validate(path, {Gate.section: read_document(path)}, Gate)


def below(floors: dict[str, dict[Metric, float]], tested: Any) -> list[str]:
    """List the metrics that are below their floors.

    tested: the content of metrics/evaluation.json. Raises ArtifactError where it lacks a metric
    that has a floor, or holds something else than a number there.
    """
    faults = []
    for model, metrics in floors.items():
        for metric, floor in metrics.items():
            try:
                value = tested[model][metric]
                if not value >= floor:  # NaN is below, too
                    faults.append(f"{model} {metric} is {value}, below {floor}")
            except (KeyError, TypeError):
                there = nearest(model, tested if isinstance(tested, dict) else ())
                raise ArtifactError(
                    f"gate.yaml has a floor for the {metric} of '{model}', but "
                    f"metrics/evaluation.json has none{there}"
                ) from None
    return faults
