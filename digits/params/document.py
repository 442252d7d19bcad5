"""Validate params.yaml as a whole. No stage needs this: a stage validates what it reads."""

from digits.errors import ParameterError
from digits.params import Section, nearest, read_document, validate
from digits.params.fetch import Fetch
from digits.params.preprocess import Preprocess
from digits.params.robustness import Robustness
from digits.params.train import Train
from digits.params.train_hidden import TrainHidden

SECTIONS: tuple[type[Section], ...] = (Fetch, Preprocess, Train, TrainHidden, Robustness)


def check(path: str) -> None:
    """Raise ParameterError unless the file holds these sections, all valid, and no other."""
    document = read_document(path)
    names = [schema.section for schema in SECTIONS]
    for name in document:
        if name not in names:
            raise ParameterError(f"{path}: unknown section '{name}'{nearest(name, names)}")
    for schema in SECTIONS:
        validate(path, document, schema)
