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
    with replacing(path) as temporary:
        with tempfile.TemporaryDirectory(prefix="digits-") as folder:
            saved = Path(folder, "model.keras")
            model.save(saved)
            members = _members(saved)
        members["metadata.json"]["date_saved"] = "1980-01-01@00:00:00"
        _drop_shared_object_ids(members["config.json"])
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, content in members.items():
                data = content if isinstance(content, bytes) else json.dumps(content)
                archive.writestr(zipfile.ZipInfo(name), data)  # ZipInfo: dated 1980-01-01


def _members(path: Path) -> dict[str, Any]:
    """Read a .keras file: JSON members parsed, the others (the weights) as bytes."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    return {
        name: json.loads(content) if name.endswith(".json") else content
        for name, content in contents.items()
    }


def _drop_shared_object_ids(node: Any) -> None:
    """Drop the ids by which Keras marks equal objects: memory addresses, of no use for loading."""
    if isinstance(node, dict):
        node.pop("shared_object_id", None)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _drop_shared_object_ids(child)
