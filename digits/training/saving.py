"""Save a model so that equal models are equal bytes."""

import json
import tempfile
import zipfile
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.files.atomic import replacing

if TYPE_CHECKING:
    from digits.backend import keras


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
                    content = json.dumps(json.loads(content, object_hook=_plain)).encode()
                archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo: dated 1980-01-01


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """Drop what says nothing, set the date. Keras's older releases refuse settings of newer ones.

    Dropped are the ids by which Keras marks equal objects, and settings that are None or False, as
    they are by default.
    """
    node.pop("shared_object_id", None)
    if "date_saved" in node:
        node["date_saved"] = "1980-01-01@00:00:00"
    if isinstance(node.get("config"), dict) and str(node.get("module")).startswith("keras"):
        known = signature(getattr(import_module(node["module"]), node["class_name"])).parameters
        node["config"] = {
            key: value
            for key, value in node["config"].items()
            if not (value is None or value is False)
            or key not in known
            or value is not known[key].default
        }
    return node
