"""The loss that a model is trained by, and the labels that it takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.backend import keras, tf
from digits.backend.logits import call, logits


def cross_entropy(model: keras.Model, images: NDArray[np.float32], classes: int) -> Any:
    """Return the loss of the models that define none: the softmax's cross-entropy.

    images: some to try. Given by name, Keras finds the logits beneath a sigmoid or a softmax.
    """
    output = np.asarray(call(model, images), np.float64)
    if np.array_equal(logits(model, images.shape[1], classes)(images), output):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return "sparse_categorical_crossentropy"


def with_labels(step: Callable[[Any], Any], loss: Any, classes: int) -> Callable[[Any], Any]:
    """Let a step take images and labels, and give its loss the labels in the form that it expects.

    A loss of Keras gets one row of 0 and 1 for each label, unless it is a sparse one; so
    CategoricalCrossentropy can smooth labels. All other losses get the labels.
    """
    loss = keras.losses.get(loss)
    name = getattr(loss, "__name__", type(loss).__name__)
    if "sparse" in name.lower() or not loss.__module__.startswith("keras."):
        return step
    return lambda batch: step((batch[0], tf.one_hot(batch[1], classes)))
