import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from digits.backend import compute_on, tf, without_chatter
from digits.errors import ParameterError
from digits.models import eigen

BITS = """
import hashlib
import numpy
random = numpy.random.default_rng(0)
image, wide, narrow, gradient = (
    tf.constant(random.standard_normal(shape, numpy.float32))
    for shape in ((32, 784), (784, 100), (784, 10), (32, 100))
)
product = tf.function(tf.matmul, jit_compile=True)
products = product(image, wide), product(image, narrow), product(image, gradient, transpose_a=True)
print(hashlib.sha256(b"".join(values.numpy().tobytes() for values in products)).hexdigest())
"""
PINNED = "from digits.backend import tf\n"


def run(code, out=False, **variables):
    """Run `code` in a new Python; return what it wrote to stderr, or to stdout."""
    pins = ("KERAS_", "TENSORFLOW_", "TF_", "XLA_")  # set here, too, by tests that train
    environment = {key: value for key, value in os.environ.items() if not key.startswith(pins)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout if out else done.stderr


@pytest.fixture(scope="module")
def pinned():
    """The bits of three products, as the stages compute them."""
    return run(PINNED + BITS, out=True)


def test_the_pins_reach_xla(pinned):
    assert run("import tensorflow as tf\n" + BITS, out=True) != pinned


@pytest.mark.parametrize(
    "variables",
    [
        {
            "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2 --xla_cpu_enable_fast_math=true",
            "TF_NUM_INTRAOP_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        },
        {
            "XLA_FLAGS": "--no-such-flag",
            "TF_XLA_FLAGS": "--neither-this",
            "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "true",
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "KERAS_BACKEND": "jax",
        },
    ],
)
def test_no_setting_of_the_users_changes_a_bit(pinned, variables):
    assert run(PINNED + BITS, out=True, **variables) == pinned


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no such call")
def test_one_core_gives_the_same_bits(pinned):
    one = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert run(one + PINNED + BITS, out=True) == pinned


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there caches are pinned")


@pytest.mark.slow
@LINUX
def test_eigen_takes_the_sizes_of_caches_from_here(pinned):
    other = "from digits.models import eigen\neigen.CACHES = (64 << 10, 1 << 20, 32 << 20)\n"
    assert run(other + PINNED + BITS, out=True) != pinned


@LINUX
@pytest.mark.parametrize(
    ("name", "other"),
    [("LIBRARY", "other.so"), ("LIBRARY", "__init__.py"), ("SIZES", b"no such name")],
)
def test_sizes_of_caches_that_cannot_be_pinned_are_told(name, other, monkeypatch):
    monkeypatch.setattr(eigen, name, other)
    assert not eigen.pin_caches(Path(tf.__file__).parent)


@pytest.mark.slow
@LINUX
def test_sizes_of_caches_that_are_not_pinned_are_said():
    code = "from digits.models import eigen\neigen.LIBRARY = 'other.so'\n"
    assert "the sizes of caches, by which" in run(code + PINNED)


@pytest.mark.slow
@pytest.mark.fault("field: notebooks and other checkouts")
def test_what_keras_json_says_does_not_count(pinned, tmp_path):
    tmp_path.joinpath("keras.json").write_text(
        '{"floatx": "float64", "epsilon": 1, "backend": "torch",'
        ' "image_data_format": "channels_first"}'
    )
    code = "from digits.backend import keras, tf\nassert keras.config.epsilon() == 1e-7\n"
    assert run(code + BITS, out=True, KERAS_HOME=str(tmp_path)) == pinned


@pytest.mark.slow
def test_another_tensorflow_is_told_and_not_pinned():
    code = "import tensorflow\ntensorflow.__version__ = '2.99.0'\n"
    assert "\nTensorFlow 2.99.0 is not 2." in "\n" + run(code + PINNED + BITS)


@pytest.mark.fault("field: notebooks and other checkouts")
def test_a_tensorflow_that_was_used_before_is_told():
    code = "import tensorflow as tf\ntf.zeros(3) + 1\n"
    assert "before its arithmetic was pinned" in run(code + PINNED)


def test_it_starts_quietly_with_the_settings_that_decide_the_last_bits():
    stderr = run(
        "import sys\n"
        "from digits.backend import keras, tf\n"
        "tf.function(lambda x: x + 1, jit_compile=True)(tf.ones(3))\n"
        "threads = tf.config.threading.get_intra_op_parallelism_threads()\n"
        "print(threads, keras.config.floatx(), keras.config.epsilon(), file=sys.stderr)\n"
        "print(tf.config.get_visible_devices('GPU'), file=sys.stderr)\n"
    )
    assert stderr == "2 float32 1e-07\n[]\n"


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="here is a GPU")
def test_a_gpu_that_is_not_there_is_told_and_not_replaced():
    compute_on("cpu")
    with pytest.raises(ParameterError, match=r"train\.device is gpu: expected a GPU .* got none"):
        compute_on("gpu")


def test_only_what_informs_is_held_back(capfd):
    with without_chatter():
        os.write(2, b"I0000 00:00:1 2 x.cc:1] informational\n")
        os.write(2, b"W0000 00:00:1 2 x.cc:1] a real warning\n")
        os.write(2, b"a message\n")
    assert capfd.readouterr().err == "W0000 00:00:1 2 x.cc:1] a real warning\na message\n"
    with suppress(ImportError), without_chatter():
        os.write(2, b"the reason\n")
        raise ImportError
    assert capfd.readouterr().err == "the reason\n"
