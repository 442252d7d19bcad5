"""Check what the file of a model asks for, before memory is taken or time is spent on it."""

import math
from typing import Any

import h5py

MAX_VALUES = 2**22
"""Values that a step of the computation makes of one image, such as 64 channels of 256 x 256."""
MAX_LAYERS = 300
"""In all parts of a model together. Keras takes 25 ms for each."""


def check_weights(file: h5py.File, limit: int) -> int:
    """Return the number of weights; raise ValueError unless they fit in `limit` bytes of the file.

    Keras writes each array whole and plain. A chunk, a filter, a link or an array without values
    may stand for any amount of memory.
    """
    found: list[tuple[str, object]] = []
    file.visititems_links(lambda name, link: found.append((name, link)))
    count = size = 0
    for name, link in found:
        data: Any = file[name] if isinstance(link, h5py.HardLink) else None
        if isinstance(data, h5py.Group):
            continue
        has_numbers = isinstance(data, h5py.Dataset) and data.dtype.kind in "biuf"
        if not has_numbers or data.chunks or data.is_virtual or data.external:
            raise ValueError(f"expected plain numbers in {name}")
        count += data.size
        size += data.nbytes
        if size > limit:
            raise ValueError(f"{name} announces {size:,} bytes; the file holds {limit:,}")
    return count


def check_config(config: dict[str, Any], weights: int, pixels: int) -> None:
    """Raise ValueError unless Keras can build the model at the cost of a file of so many weights.

    Keras allocates what config.json announces, then reads the weights. So the model is built
    without its variables first, and traced for the shape of every intermediate value.
    """
    from digits.backend import keras, tf

    if (count := _layers(config)) > MAX_LAYERS:
        raise ValueError(f"expected at most {MAX_LAYERS} layers, got {count:,}")
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object({**config, "compile_config": None})
            count = sum(math.prod(weight.shape) for weight in model.weights)
            if count > weights:
                raise ValueError(f"it announces {count:,} weights; the file holds {weights:,}")
            spec = tf.TensorSpec((1, pixels))
            graph = tf.function(model).get_concrete_function(spec, training=False).graph
            shapes = [value.shape for step in graph.get_operations() for value in step.outputs]
    finally:
        keras.utils.clear_session()  # or Keras allocates these variables with the next model's
    largest = max(shape.num_elements() or 0 for shape in shapes)
    if largest > max(MAX_VALUES, weights):  # a step may read a weight
        raise ValueError(f"expected at most {MAX_VALUES:,} values in a step, got {largest:,}")


def _layers(node: Any) -> int:
    """Count the layers of a model and of each model within it."""
    if isinstance(node, dict):
        own = node.get("layers")
        return (len(own) if isinstance(own, list) else 0) + _layers(list(node.values()))
    return sum(map(_layers, node)) if isinstance(node, list) else 0
