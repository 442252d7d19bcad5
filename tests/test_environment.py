"""Settings of the user's that libraries heed: none changes a byte or stops a run."""

import shlex
import subprocess
import sys

import pytest

from tests import pipeline
from tests.strokes import draw

REMOVED = """
    MPLBACKEND=module://matplotlib_inline.backend_inline MATPLOTLIBRC=/etc/passwd
    KERAS_BACKEND=jax KERAS_HOME=/dev/null/none TF_USE_LEGACY_KERAS=1 TF2_BEHAVIOR=0
    TF_XLA_FLAGS='--no-such-flag --tf_xla_auto_jit=2' TF_ENABLE_ONEDNN_OPTS=1
    XLA_FLAGS='--no-such-flag --xla_cpu_enable_fast_math=true' TF_NUM_INTEROP_THREADS=many
    TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL=false ONEDNN_MAX_CPU_ISA=SSE41 DNNL_VERBOSE=all
    PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=none
    NPY_DISABLE_CPU_FEATURES='AVX512F AVX512CD AVX512_SKX' NUMPY_EXPERIMENTAL_ARRAY_FUNCTION=0
    OPENBLAS_CORETYPE=Haswell OMP_WAIT_POLICY=active MKL_CBWR=COMPATIBLE
    PYTHONWARNINGS=error PYTHONOPTIMIZE=2 PYTHONHASHSEED=7 PYTHONIOENCODING=ascii
    PYTHONINTMAXSTRDIGITS=640 PYTHONSTARTUP=/etc/passwd
    PIP_REQUIRE_VIRTUALENV=yes PIP_TARGET=/dev/null/none PANDAS_FUTURE_INFER_STRING=1
    PYDANTIC_DISABLE_PLUGINS=no TQDM_MININTERVAL=often HDF5_USE_FILE_LOCKING=perhaps
    PILLOW_BLOCK_SIZE=many
"""
KEPT = """
    LC_ALL=tr_TR.UTF-8 LANG=C TZ=Pacific/Kiritimati COLUMNS=1 HOME=/nonexistent
    XDG_CONFIG_HOME=/dev/null/none TMPDIR=/nonexistent MALLOC_PERTURB_=165 PYTHONUTF8=0
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=-7 CUDA_VISIBLE_DEVICES='all of them'
    PIP_TRUSTED_HOST=nowhere MY_API_KEY=secret SEED=7
"""
"""What reaches a stage, since it tells of the machine or is its author's."""
KEPT, ALL = (
    dict(word.split("=", 1) for word in shlex.split(text)) for text in (KEPT, REMOVED + KEPT)
)


@pytest.fixture(scope="module")
def own(built, tmp_path_factory):
    return pipeline.copy(built, tmp_path_factory.mktemp("own") / "project")


@pytest.mark.slow
def test_the_settings_of_a_library_change_nothing(own, tmp_path):
    assert own.unlike(**ALL) == []
    draw(4).save(tmp_path / "4.png")
    command = ["python", "-m", "digits", "predict", str(tmp_path / "4.png"), "--model", "all"]
    assert own.run(*command, **ALL) == own.run(*command)


def test_what_the_libraries_heed_does_not_reach_a_stage():
    code = """
import os, sys
sys.argv = ["-m"]  # as in `python -m stages.fetch`
import stages
for pair in os.environ.items(): print(*pair)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=pipeline.ENVIRONMENT | ALL, stdout=subprocess.PIPE, text=True
    )
    pairs = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    reached = {name: value for name, value in pairs.items() if name in ALL}
    assert reached == KEPT | {"OPENBLAS_NUM_THREADS": "1"}


def test_stages_of_another_checkout_are_not_run(own):
    said = own.run("env", "PYTHONSAFEPATH=1", "python", "-m", "stages.explore", code=1)
    assert said.startswith(f"error: these are the stages of {pipeline.ROOT}: run them there.")


def test_a_file_of_a_students_is_not_taken_for_a_module(own):
    for name in ("random", "statistics", "re", "numpy"):
        own.path(f"{name}.py").write_text("raise SystemExit('not Python's')\n")
    own.run("python", "-m", "stages.explore")
