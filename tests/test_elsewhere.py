"""The same bytes elsewhere: every stage, under qemu's emulation of other processors, or with
another C library.

`make rebuild-elsewhere` tries all of them, `make test-slow` one. What they have in common with the
processor of this machine is AVX2 and FMA; their caches, makers and further instructions differ.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from digits.data.dataset import Dataset
from tests import pipeline
from tests.conftest import make_images

QEMU = shutil.which("qemu-x86_64")
PROCESSORS = {
    "EPYC-Milan,legacy-cache=on": "AMD, first cache of 64 KiB: 64 KiB, 512 KiB, 16 MiB",
    "Haswell": "Intel: 32 KiB, 4 MiB, 16 MiB",
    "EPYC-Milan": "AMD: caches of 32 KiB, 512 KiB, 32 MiB",
    "EPYC-Rome,l3-cache=off": "AMD, without a third cache",
    "Icelake-Server": "Intel, whose code LLVM tunes otherwise; qemu leaves out AVX-512",
    "Dhyana": "of a third maker",
}
"""The first is a slow test; the others are run by `make rebuild-elsewhere` alone."""
SMALL = {  # train_augmented has no arithmetic that the others lack
    "models": ["basic", "hidden", "convolutional"],
    "train.epochs": 1,
    "preprocess.validation": 128,  # full batches of any model: each step is compiled once
    **{f"robustness.{name}": [1] for name in ("shift", "rotation", "blur")},
    **{f"robustness.{name}": [0.2] for name in ("noise", "contrast")},
}


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """A project that was built on this machine's own processor, on digits that are hard to read."""
    said = QEMU and subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    if not said or [*map(int, re.findall(r"\d+", said)[:2])] < [7, 2]:
        miss = pytest.fail if "REQUIRE_QEMU" in os.environ else pytest.skip
        miss(
            "no qemu-x86_64 of 7.2 or later, the first with AVX2: on Debian, apt install qemu-user"
        )
    hard = Dataset(*make_images(384, seed=1, ink=36), *make_images(100, seed=2, ink=36))
    folder = tmp_path_factory.mktemp("native") / "project"
    project = pipeline.make(folder, hard)
    for name, value in SMALL.items():
        project.set(name, value)
    for path in project.contents():  # the committed results, those of other models among them
        path.unlink()
    project.stages()
    return project


def emulated(folder, processor):
    """Make an environment like the one of this Python, in which Python runs on `processor`."""
    python = folder / "bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy(Path(sys.prefix, "pyvenv.cfg"), folder)
    folder.joinpath("lib").symlink_to(Path(sys.prefix, "lib"))
    real = os.path.realpath(sys.executable)
    python.write_text(f'#!/bin/sh\nexec {QEMU} -cpu {processor} -0 "$0" {real} "$@"\n')
    python.chmod(0o700)
    return python


@pytest.mark.parametrize(
    "processor",
    [
        pytest.param(name, marks=pytest.mark.elsewhere if place else pytest.mark.slow)
        for place, name in enumerate(PROCESSORS)
    ],
)
def test_a_rebuild_gives_the_same_bytes(native, tmp_path, processor):
    project = pipeline.copy(native, tmp_path / "project")
    assert project.unlike(emulated(tmp_path / "environment", processor)) == []


@pytest.mark.slow
def test_another_c_library_gives_the_same_bytes(project, tmp_path):
    compiler = shutil.which("cc")
    if sys.platform != "linux" or not compiler:
        miss = pytest.fail if "REQUIRE_CC" in os.environ else pytest.skip
        miss("no Linux, or no C compiler, cc: on Debian, apt install gcc libc6-dev")
    library, source = str(tmp_path / "libm.so"), str(Path(__file__).with_name("libm.c"))
    options = ["-O1", "-fno-builtin", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, "-o", library, source, "-ldl", "-lm"], check=True)
    assert project.unlike(LD_PRELOAD=library) == []
