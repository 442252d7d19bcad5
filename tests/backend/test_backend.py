import os
import subprocess
import sys
from inspect import getsource
from pathlib import Path

import numpy as np
import pytest

from digits.backend import compute_on, eigen, functions, keras, tf
from digits.errors import ParameterError


def bits(tf):
    """The SHA-256 of the bits of products and convolutions, as the stages compute them."""
    from hashlib import sha256

    import numpy as np

    random = np.random.default_rng(0)
    image, wide, narrow, gradient = (
        tf.constant(random.standard_normal(shape, np.float32))
        for shape in ((32, 784), (784, 100), (784, 10), (32, 100))
    )
    product = tf.function(tf.matmul, jit_compile=True)
    products = [product(image, wide), product(image, narrow), product(image, gradient, True)]
    images = tf.reshape(image, (-1, 14, 14, 4))
    for size, strides in (1, 1), (3, 1), (5, 2):
        kernel = tf.reshape(wide[: size * size], (size, size, 4, 25))
        products.append(tf.nn.conv2d(images, kernel, strides, "SAME"))
    return sha256(b"".join(values.numpy().tobytes() for values in products)).hexdigest()


PINNED = "from digits.backend import keras, tf\n"
BITS = f"{getsource(bits)}\nprint(bits(tf))\n"


def run(code, **variables):
    """Run `code` in a new Python; return what it wrote to stdout, stripped, and to stderr."""
    pins = ("KERAS_", "TENSORFLOW_", "TF_", "XLA_")  # set here, too, by tests that train
    environment = {key: value for key, value in os.environ.items() if not key.startswith(pins)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip(), done.stderr


def test_the_pins_reach_xla():
    assert run("import tensorflow as tf\n" + BITS)[0] != bits(tf)


def test_no_setting_of_the_users_changes_a_bit_and_it_starts_quietly(tmp_path):
    tmp_path.joinpath("keras.json").write_text(
        '{"floatx": "float64", "epsilon": 1, "backend": "torch",'
        ' "image_data_format": "channels_first"}'
    )
    shown = (
        "print(tf.config.threading.get_intra_op_parallelism_threads(), file=sys.stderr)\n"
        "print(keras.config.floatx(), keras.config.epsilon(), file=sys.stderr)\n"
        "print(tf.config.get_visible_devices('GPU'), file=sys.stderr)\n"
    )
    settings = {
        "XLA_FLAGS": "--no-such-flag --xla_cpu_max_isa=SSE4_2 --xla_cpu_enable_fast_math=true",
        "TF_XLA_FLAGS": "--neither-this",
        "TF_NUM_INTRAOP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "true",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": str(tmp_path),
    }
    stdout, stderr = run(f"import sys\n{PINNED}{BITS}{shown}", **settings)
    assert stdout == bits(tf)
    assert stderr == "2\nfloat32 1e-07\n[]\n"


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there caches are pinned")


@pytest.mark.slow
@LINUX
def test_eigen_takes_the_sizes_of_caches_from_here():
    other = (
        "from pathlib import Path\n"
        "from digits.backend import eigen\n"
        "eigen.CACHES = (64 << 10, 1 << 20, 32 << 20)\n"
        "assert eigen.pin_caches(Path(tf.__file__).parent)\n"
    )
    assert run(PINNED + other + BITS)[0] != bits(tf)


@LINUX
def test_sizes_of_caches_that_cannot_be_pinned_are_told(monkeypatch):
    for name, other in (("SIZES", b"no such name"), ("LIBRARY", "__init__.py")):
        monkeypatch.setattr(eigen, name, other)
        assert not eigen.pin_caches(Path(tf.__file__).parent)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import tensorflow\ntensorflow.__version__ = '2.99.0'\n", "TensorFlow 2.99.0 is not 2."),
        ("import tensorflow as tf\ntf.zeros(3) + 1\n", "before its arithmetic was pinned"),
    ],
)
def test_arithmetic_that_cannot_be_pinned_is_told(code, message):
    assert message in run(code + PINNED + BITS)[1]


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="here is a GPU")
def test_a_gpu_that_is_not_there_is_told_and_not_replaced():
    compute_on("cpu")
    with pytest.raises(ParameterError, match=r"train\.device is gpu: expected a GPU .* got none"):
        compute_on("gpu")


def normalized(call):
    """A layer's outputs, gradients and statistics in training, where `call` computes it."""
    random = np.random.default_rng(0)
    images, slopes = (tf.constant(random.random((6, 5, 4, 3), np.float32)) for _ in range(2))
    layer = keras.layers.BatchNormalization()
    layer.build(images.shape)
    for weight, value in zip(layer.weights, (2.0, 0.5, 0.25, 4.0), strict=True):
        weight.assign(np.full(3, value))
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = call(layer, images, training=True)
    gradients = tape.gradient(outputs, [images, *layer.trainable_weights], slopes)
    return [*map(np.asarray, (outputs, *gradients, *layer.weights))]


def test_images_are_normalized_as_keras_does():
    for ours, keras_own in zip(
        normalized(functions.normalize_images), normalized(functions.normalize), strict=True
    ):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-4, atol=2e-4)
