"""Import TensorFlow and Keras: quietly, on the CPU, with every numeric setting pinned.

Use `from digits.models.backend import keras, tf` in place of the plain imports. The pins make the
results a function of code, data and parameters alone, not of the machine's settings:
- one intra-op thread setting, since the way a sum is split over threads decides its last bits
  (2, 4 and 8 gave the same bits, 1 gave others);
- no GPU and no oneDNN kernels, which round differently from machine to machine;
- Keras's float type and epsilon, which ~/.keras/keras.json could change.
"""

import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # informational lines off, warnings on

# What TensorFlow says at every start on a machine without a GPU, before it heeds the level above.
CHATTER = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog|E\d{4} .*cuInit"
)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold stderr back (C++ code's too), then pass on all of it but the lines of `CHATTER`."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not CHATTER.match(line):
                    os.write(2, line)


# The imports make two million objects, none of them garbage. The collector would look through them
# while they are made (0.6 s of 3.1), and at the process's end once more (0.9 s).
gc.disable()
with without_chatter():
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.set_visible_devices([], "GPU")
gc.freeze()
gc.enable()

keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)

__all__ = ["keras", "tf"]
