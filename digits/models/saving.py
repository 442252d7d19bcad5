"""Save a model so that equal models are equal bytes."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.files.atomic import replacing

if TYPE_CHECKING:
    from digits.models.backend import keras


def save(model: "keras.Model", path: str) -> None:
    """Save `model` in Keras's .keras format, the same bytes for the same model.

    `keras.models.load_model` opens the file as any other: compiled, the optimizer's state in it.
    Keras itself would write the time of saving into it, and memory addresses. Raises OutputError.
    """
    with replacing(path) as temporary, tempfile.TemporaryDirectory(prefix="digits-") as folder:
        saved = Path(folder, "model.keras")
        model.save(saved)
        with zipfile.ZipFile(saved) as members, zipfile.ZipFile(temporary, "w") as archive:
            for name in members.namelist():
                content = members.read(name)
                if name.endswith(".json"):
                    content = json.dumps(json.loads(content, object_hook=_timeless)).encode()
                archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo: dated 1980-01-01


def _timeless(node: dict[str, Any]) -> dict[str, Any]:
    """Drop the ids by which Keras marks equal objects, of no use for loading; set the date."""
    node.pop("shared_object_id", None)
    if "date_saved" in node:
        node["date_saved"] = "1980-01-01@00:00:00"
    return node
