import os
import subprocess
import sys


def run(code):
    """Run `code` in a new Python; return what it wrote to stderr."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stderr


def test_tensorflow_starts_quietly_and_real_warnings_are_passed_on():
    stderr = run(
        "import os, sys\n"
        "from digits.models import backend\n"
        "backend.tf.function(lambda x: x + 1, jit_compile=True)(backend.tf.ones(3))\n"
        "with backend.without_chatter():\n"
        "    os.write(2, b'I0000 00:00:1 2 x.cc:1] informational\\n')\n"
        "    os.write(2, b'W0000 00:00:1 2 x.cc:1] a real warning\\n')\n"
        "    print('a message', file=sys.stderr)\n"
    )
    assert stderr == "W0000 00:00:1 2 x.cc:1] a real warning\na message\n"


def test_what_was_said_before_a_crash_is_not_lost():
    stderr = run(
        "import sys\n"
        "from digits.models import backend\n"
        "try:\n"
        "    with backend.without_chatter():\n"
        "        print('the reason', file=sys.stderr)\n"
        "        raise ImportError\n"
        "except ImportError:\n"
        "    pass\n"
    )
    assert stderr == "the reason\n"


def test_the_settings_that_decide_the_last_bits_are_pinned():
    stderr = run(
        "import sys\n"
        "from digits.models.backend import keras, tf\n"
        "threads = tf.config.threading.get_intra_op_parallelism_threads()\n"
        "print(threads, keras.config.floatx(), keras.config.epsilon(), file=sys.stderr)\n"
        "print(tf.config.get_visible_devices('GPU'), file=sys.stderr)\n"
    )
    assert stderr == "2 float32 1e-07\n[]\n"
