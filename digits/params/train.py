"""The section `train` of params.yaml."""

from types import ModuleType
from typing import Any, Literal

from pydantic import Field, create_model

from digits.params import Section


class TrainParams(Section, section="train"):
    """How every model is trained, unless its own section says otherwise."""

    seed: int = Field(ge=0, lt=2**32, description="of the initial weights and of the shuffling")
    epochs: int = Field(ge=1, le=10_000, description="passes over the training examples")
    batch_size: int = Field(ge=1, le=1_000_000, description="examples in a step of the optimizer")
    learning_rate: float = Field(gt=0, le=1, description="of Adam")
    patience: int | None = Field(
        ge=1, le=10_000, description="end after N epochs without a lower val_loss; null: do not"
    )
    workers: int = Field(ge=1, le=256, description="processes that train together")
    device: Literal["cpu", "gpu"] = Field(description="what computes; other bytes on each GPU")


def section_of(model: ModuleType) -> type[Section]:
    """Return the schema of a model's section train_NAME: its `Params`, and any key of `train`."""
    base = getattr(model, "Params", Section)
    shared: dict[str, Any] = {
        key: (field.rebuild_annotation(), Field(None, description=f"in place of train.{key}"))
        for key, field in TrainParams.model_fields.items()
        if key not in base.model_fields
    }
    schema: type[Section] = create_model(
        "Params",
        __base__=base,
        __doc__=base.__doc__,
        __module__=model.__name__,
        __cls_kwargs__={"section": f"train_{model.__name__.rpartition('.')[2]}"},
        **shared,
    )
    return schema
