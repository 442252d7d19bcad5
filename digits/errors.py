"""What can go wrong by the user's hand or the world's: each ends in one line and exit code 1.

`digits.process.run` prints them. Whatever else is raised is our own fault: it keeps its traceback.
"""


class DigitsError(Exception):
    """An expected fault. Its message says what, expected, got and what to do next."""


class ParameterError(DigitsError):
    """params.yaml, or gate.yaml, cannot be used."""


class SourceError(DigitsError):
    """The images could not be obtained, or are not the ones that were asked for."""


class ArtifactError(DigitsError):
    """A file that an earlier stage wrote is missing, damaged or of another form."""


class OutputError(DigitsError):
    """A file cannot be written: disk full, folder read-only, path taken by a folder."""


class PictureError(DigitsError):
    """A picture in which no single digit can be read."""


class RevisionError(DigitsError):
    """Git cannot show a revision, or it does not hold what is asked of it."""
