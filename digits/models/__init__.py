"""The models: a file for each, with how it is built and, where it has any, its parameters.

`NAME.py` defines `build(pixels, classes, ...)` and, if it reads parameters, `Params`, the schema of
the section `train_NAME` of params.yaml. TensorFlow is imported when a model is built, not before.
Which of them are evaluated and shown, and in what order, params.yaml says.
"""

from pathlib import Path


def there() -> list[str]:
    """Name the models that this folder holds, by the alphabet."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [file.stem for file in files if "\ndef build(" in file.read_text(encoding="utf-8")]
