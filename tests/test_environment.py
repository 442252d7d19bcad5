"""Settings of the user's that libraries heed: none changes a byte or stops a run."""

import subprocess
import sys

import pytest

from tests import pipeline
from tests.strokes import draw

DIGITS = [sys.executable, "-m", "digits"]
HOSTILE = {
    "matplotlib": {
        # what every notebook's kernel passes on; a style that is none
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": "/etc/passwd",
        "MPLCONFIGDIR": "/dev/null/none",
    },
    "Keras and TensorFlow, XLA and oneDNN beneath it": {
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": "/dev/null/none",
        "KERAS_TORCH_DEVICE": "cuda",
        "TF_USE_LEGACY_KERAS": "1",
        "TF_XLA_FLAGS": "--no-such-flag --tf_xla_auto_jit=2",
        "XLA_FLAGS": "--no-such-flag --xla_cpu_enable_fast_math=true",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "many",
        "TF_ENABLE_AUTO_MIXED_PRECISION": "1",
        "TF_FUNCTION_JIT_COMPILE_DEFAULT": "1",
        "TF_DISABLE_MLIR_BRIDGE": "1",
        "TF_CPP_VMODULE": "segfault=2",
        "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "false",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
        "DNNL_VERBOSE": "all",
        "CUDA_VISIBLE_DEVICES": "all of them",
    },
    "numpy and what multiplies beneath it": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
        "NPY_ENABLE_CPU_FEATURES": "SSE2 NO_SUCH",
        "NPY_PROMOTION_STATE": "weak",
        "NUMPY_EXPERIMENTAL_ARRAY_FUNCTION": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "-7",
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENBLAS_VERBOSE": "2",
        "MKL_CBWR": "COMPATIBLE",
    },
    "Python": {
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "2",
        "PYTHONHASHSEED": "7",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "PYTHONINTMAXSTRDIGITS": "640",
        "PYTHONMALLOC": "malloc",
        "PYTHONSTARTUP": "/etc/passwd",
    },
    "pandas, pydantic, tqdm, h5py": {
        "PANDAS_COPY_ON_WRITE": "warn",
        "PANDAS_FUTURE_INFER_STRING": "1",
        "PYDANTIC_DISABLE_PLUGINS": "no",
        "TQDM_MININTERVAL": "often",
        "TQDM_DISABLE": "yes",
        "HDF5_PLUGIN_PATH": "/nowhere",
        "HDF5_USE_FILE_LOCKING": "perhaps",
    },
    "the machine": {
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "C",
        "TZ": "Pacific/Kiritimati",
        "COLUMNS": "1",
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/dev/null/none",
        "TMPDIR": "/nonexistent",
        "MALLOC_PERTURB_": "165",
    },
}
ALL = {name: value for settings in HOSTILE.values() for name, value in settings.items()}


@pytest.fixture(scope="module")
def own(built, tmp_path_factory):
    return pipeline.copy(built, tmp_path_factory.mktemp("own") / "project")


@pytest.mark.slow
@pytest.mark.parametrize("library", HOSTILE)
@pytest.mark.fault("field: settings of the environment")
def test_the_settings_of_a_library_change_nothing(own, library):
    assert own.unlike(**HOSTILE[library]) == []


@pytest.mark.slow
@pytest.mark.fault("field: settings of the environment")
def test_all_settings_together_change_nothing(own):
    assert own.unlike(**ALL) == []


@pytest.mark.fault("field: settings of the environment", tried=len(ALL))
def test_none_but_what_tells_of_the_machine_reaches_a_stage():
    code = "import sys; sys.argv = ['-m']; import os, stages; print(*os.environ)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=pipeline.ENVIRONMENT | ALL, stdout=subprocess.PIPE, text=True
    )
    assert set(done.stdout.split()) & set(ALL) == {
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONUTF8", "LC_ALL", "LANG", "TZ"),
        *("COLUMNS", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "CUDA_VISIBLE_DEVICES"),
    }


@pytest.mark.fault("field: notebooks and other checkouts")
def test_stages_of_another_checkout_are_not_run(own):
    said = own.run("env", "PYTHONSAFEPATH=1", "python", "-m", "stages.explore", code=1)
    assert said.startswith(f"error: these are the stages of {pipeline.ROOT}: run them there.")


@pytest.mark.fault("field: settings of the environment")
def test_a_command_heeds_none_of_them_either(own, tmp_path):
    draw(4).save(tmp_path / "4.png")
    answers = []
    for place, variables in enumerate(({}, ALL)):
        shown = tmp_path / f"shown {place}.png"
        done = subprocess.run(
            [*DIGITS, "predict", tmp_path / "4.png", "--json", "--model", "all", "--show", shown],
            cwd=own.folder,
            env=pipeline.ENVIRONMENT | variables,
            check=True,
            stdout=subprocess.PIPE,
        )
        answers.append((done.stdout, shown.read_bytes()))
    assert answers[0] == answers[1]
