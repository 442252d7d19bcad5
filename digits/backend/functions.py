"""Replace the functions whose last bits depend on the processor's maker or on the C library."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow import numpy as keras_numpy
from tensorflow.python.ops import math_ops

normalize = keras.layers.BatchNormalization.call


def pin_functions() -> None:
    """Let Keras call the replacements below."""
    for name in ("cos", "log", "power"):  # what optimizers and schedules of their rates call
        setattr(keras_numpy, name, in_float64(getattr(keras_numpy, name)))
    # In float32 it is the processor's own approximation. Normalizations call it by either name.
    tf.math.rsqrt = math_ops.rsqrt = in_float64(tf.math.rsqrt)
    for name in (
        *("elu", "selu", "sigmoid", "silu", "softplus", "sparse_softmax_cross_entropy_with_logits"),
        *("softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits"),
    ):  # Outside of XLA the C library computes the exponentials of the last few values.
        setattr(tf.nn, name, tf.function(getattr(tf.nn, name), jit_compile=True))
    keras.layers.BatchNormalization.call = normalize_images


def in_float64(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of floats compute in float64, and round its result.

    In float32 the C library computes it, and C libraries differ in the last bit.
    """

    def rounded(*values: Any) -> Any:
        dtype = keras.backend.result_type(*(getattr(x, "dtype", type(x)) for x in values))
        if "float" not in dtype:
            return function(*values)
        return tf.cast(function(*(tf.cast(x, "float64") for x in values)), dtype)

    return rounded


def normalize_images(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """Normalize a batch of images in one operation, as Keras does in a dozen, half as fast.

    Inputs of other forms are left to Keras.
    """
    plain = layer.scale and layer.center and not (layer.synchronized or layer.renorm)
    images = inputs.dtype == tf.float32 and len(inputs.shape) == 4 and layer.axis in (-1, 3)
    if mask is not None or not (training and layer.trainable and plain and images):
        return normalize(layer, inputs, training=training, mask=mask)
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, layer.gamma, layer.beta, epsilon=layer.epsilon
    )
    count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)
    for moving, now in (
        (layer.moving_mean, mean),
        (layer.moving_variance, variance * ((count - 1) / count)),  # Keras's has no correction
    ):
        moving.assign(moving * layer.momentum + now * (1 - layer.momentum))
    return outputs
