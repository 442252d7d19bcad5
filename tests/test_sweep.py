import shutil
import subprocess

import pytest

from digits.figures.sweep import Point, smallest_as_good, sweep
from digits.models import hidden
from tests import pipeline
from tests.test_figures import pixels

POINTS = [Point(f"units-{units}", units, right, 10_000) for units, right in ((8, 9139), (64, 9700))]


@pytest.mark.parametrize("units", [1, 100])
def test_parameters_are_those_of_the_model(units):
    assert Point("a", units, 0, 1).parameters == hidden(units).count_params()


def test_the_interval_is_wilsons():
    assert Point("a", 1, 81, 263).interval == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_the_smallest_within_the_best_ones_interval_is_as_good():
    close = [*POINTS, Point("c", 128, 9716, 10_000), Point("d", 256, 9714, 10_000)]
    assert [point.units for point in smallest_as_good(close)] == [64, 128]
    assert [point.units for point in smallest_as_good(POINTS)] == [64, 64]


def test_the_same_points_in_any_order_give_the_same_picture():
    png = sweep(POINTS)
    assert png == sweep(POINTS[::-1])
    assert pixels(png).shape == (600, 960, 4)
    assert png != sweep([POINTS[0], POINTS[1]._replace(right=9600)])


def test_there_are_more_points_than_room_for_labels():
    many = [Point(str(units), units, 9000 + units, 10_000) for units in range(10, 200, 5)]
    assert pixels(sweep(many)).shape == (600, 960, 4)


def test_without_experiments_it_says_how_to_run_some(project):
    output = project.run("python", "-m", "digits", "sweep", code=1)
    assert output.startswith("error: expected two or more experiments of this commit")
    assert "got 0. Run some, such as: dvc exp run" in output
    assert not project.path("sweep.png").exists()


def test_outside_a_project_it_passes_on_what_dvc_says(tmp_path):
    command = [shutil.which("digits", path=pipeline.ENVIRONMENT["PATH"]), "sweep"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: `dvc exp show` cannot list the experiments: ")
    assert "Traceback" not in done.stderr
