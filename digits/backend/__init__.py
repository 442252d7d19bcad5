"""Import TensorFlow and Keras: quietly, on the CPU, with all that decides a result pinned.

With `from digits.backend import keras, tf` the results depend on code, data and parameters alone.
docs/same-bytes.md says on which machines, and what each pin is for.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from digits.backend.eigen import pin_caches
from digits.environment import restrict
from digits.errors import ParameterError

TENSORFLOW = "2.21"
"""The version for which `make rebuild-elsewhere` has shown that the pins suffice."""
SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # so that no keras.json is read, which sets the type of floats
    # warnings only; with several workers nothing, since each would report the end of the others
    "TF_CPP_MIN_LOG_LEVEL": "3" if "TF_CONFIG" in os.environ else "1",
    # oneDNN chooses its kernels by the processor: in TensorFlow itself, where it computes
    # convolutions, among those of AVX2; below Eigen it is off
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "false",
    # no YNNPACK, which blocks products of matrices by the sizes of the processor's caches; vectors
    # of one width, since others add up in another order
    "XLA_FLAGS": "--xla_cpu_experimental_ynn_fusion_type= --xla_cpu_prefer_vector_width=256 "
    "--xla_cpu_max_isa=AVX2",
}


@contextmanager
def silent() -> Iterator[None]:
    """Discard what is written to stderr, by C++ as well: TensorFlow tells of each missing GPU."""
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


restrict()
os.environ.update(SETTINGS)
early = "tensorflow" in sys.modules

# The imports make two million objects, none of them garbage. To search them takes 0.6 s of 3.1 s
# while they are made, and 0.9 s at the end of the process.
gc.disable()
with silent():
    import keras
    import tensorflow as tf
    from tensorflow.python.eager.context import context

    from digits.backend.functions import pin_functions

    with suppress(RuntimeError):  # it has computed something before: reported below
        tf.config.threading.set_intra_op_parallelism_threads(2)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
gc.freeze()
gc.enable()

warning = "TensorFlow was imported before its arithmetic was pinned" if early else ""
if not tf.__version__.startswith(f"{TENSORFLOW}."):
    del os.environ["XLA_FLAGS"]  # not yet read by XLA, which would abort at an unknown flag
    warning = f"TensorFlow {tf.__version__} is not {TENSORFLOW}, for which the arithmetic is pinned"
elif sys.platform == "linux" and not pin_caches(Path(tf.__file__).parent):
    warning = "the sizes of caches, by which TensorFlow blocks products, cannot be pinned here"
if warning:
    print(f"{warning}: the results may be other bytes than elsewhere", file=sys.stderr)
pin_functions()


def compute_on(device: str) -> None:
    """Let TensorFlow compute on the "cpu", its state after the import, or on the first "gpu".

    On a GPU, TensorFlow then refuses operations without a deterministic form. No operation may have
    run before. Raises ParameterError where there is no GPU.
    """
    if device == "cpu":
        return
    found = tf.config.list_physical_devices("GPU")[:1]
    if not found:
        raise ParameterError(
            "params.yaml: train.device is gpu: expected a GPU that TensorFlow can use, got none. "
            "Set it to cpu, or see docs/same-bytes.md for what a GPU needs"
        )
    tf.config.set_visible_devices(found, "GPU")
    tf.config.experimental.enable_op_determinism()


__all__ = ["compute_on", "context", "keras", "tf"]
