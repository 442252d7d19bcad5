"""Expected faults. `digits.process.run` prints their message and ends with exit code 1.

Any other exception is a bug of ours and keeps its traceback.
"""


class DigitsError(Exception):
    """An expected fault. Its message says what, expected, got and what to do next."""


class ParameterError(DigitsError):
    """params.yaml, or gate.yaml, cannot be used."""


class SourceError(DigitsError):
    """The images cannot be obtained, or are not those that were asked for."""


class ArtifactError(DigitsError):
    """A file that an earlier stage wrote is missing or damaged."""


class ModelError(DigitsError):
    """A model that the other stages cannot use, or a training that came to nothing."""


class OutputError(DigitsError):
    """A file cannot be written: disk full, folder read-only, path taken by a folder."""


class PictureError(DigitsError):
    """A picture in which no single digit can be read."""


class RevisionError(DigitsError):
    """Git cannot show a revision, or it does not hold what is asked of it."""
