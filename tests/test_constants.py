"""No module but the catalogue knows how many classes there are, or how large an image is."""

import io
import re
import tokenize
from pathlib import Path

SIZES = {"10", "28", "784"}
KNOWN = {
    ("digits/data/download.py", "10"): "seconds to connect",
    ("digits/data/formats.py", "28"): "a quarter of a gibibyte",
    ("digits/models/augmentation.py", "10"): "what is drawn for each group",
    ("digits/models/augmented.py", "10"): "ten times as black",
    ("digits/models/eigen.py", "10"): "a kibibyte",
    ("digits/page/assets/certainty.html.j2", "10"): "80% is 8 of 10",
    ("digits/page/assets/parts.html.j2", "10"): "the box of a marker",
    ("digits/page/assets/prepare.js", "28"): "the preparation `mnist`",
    ("digits/page/charts.py", "10"): "powers of ten",
    ("digits/params/document.py", "10"): "decimal numbers",
    ("digits/params/preprocess.py", "10"): "a billion",
    ("digits/pictures/preparing.py", "28"): "the preparation `mnist`",
    ("digits/pictures/reading.py", "28"): "a quarter of a gibibyte",
}


def numbers(path):
    """The numbers in a file: of Python as its tokens, of others all but their comments."""
    text = path.read_text()
    if path.suffix == ".py":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return [token.string for token in tokens if token.type == tokenize.NUMBER]
    return re.findall(r"(?<![\w.#-])\d+(?![\w.%])", re.sub(r"(?s)/\*.*?\*/|//.*?\n", "", text))


def test_each_size_that_is_left_is_known_by_name():
    files = [p for kind in ("py", "js", "j2") for p in Path("digits").rglob(f"*.{kind}")]
    files += Path("stages").glob("*.py")
    found = {
        (path.as_posix(), number)
        for path in files
        for number in numbers(path)
        if number.replace("_", "") in SIZES
    }
    catalogue = {place for place in found if place[0] == "digits/data/catalogue.py"}
    assert found - catalogue == set(KNOWN)


def test_mnist_is_named_by_the_catalogue_alone():
    """In code; how its pictures were prepared is documented where that is done."""
    for path in [*Path("digits").rglob("*.py"), *Path("stages").glob("*.py")]:
        tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        texts = [t.string for t in tokens if t.type == tokenize.STRING and '"""' not in t.string]
        if path.name != "catalogue.py":
            assert not [text for text in texts if "MNIST" in text], path
    for path in Path("digits/page/assets").glob("*.j2"):
        assert "MNIST" not in path.read_text(), path
