"""Save a model so that equal models are equal bytes."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from digits.files.atomic import replacing


def save(model: Any, path: str) -> None:
    """Save a model in Keras's format, without times and memory addresses. Raises OutputError."""
    with replacing(path) as temporary, tempfile.TemporaryDirectory(prefix="digits-") as folder:
        saved = Path(folder, "model.keras")
        model.save(saved)
        with zipfile.ZipFile(saved) as members, zipfile.ZipFile(temporary, "w") as archive:
            for name in members.namelist():
                content = members.read(name)
                if name.endswith(".json"):
                    content = json.dumps(json.loads(content, object_hook=_without_time)).encode()
                archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo: dated 1980-01-01


def _without_time(node: dict[str, Any]) -> dict[str, Any]:
    """Replace the date, and drop the addresses by which Keras marks shared objects."""
    node.pop("shared_object_id", None)
    if "date_saved" in node:
        node["date_saved"] = "1980-01-01@00:00:00"
    return node
