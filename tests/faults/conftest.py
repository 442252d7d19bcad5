import pytest

from tests import pipeline
from tests.faults.ending import repro_restores


@pytest.fixture(scope="module")
def shared(built, tmp_path_factory):
    """A project for the faults of a module, which must leave it as it was."""
    project = pipeline.copy(built, tmp_path_factory.mktemp("faults") / "project")
    params = project.path("params.yaml").read_text()
    yield project
    project.path("params.yaml").write_text(params)
    repro_restores(project)
