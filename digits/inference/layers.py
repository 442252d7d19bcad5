"""The layers that numpy computes, and how each is read from its settings and its weights.

A layer takes the values of n images, float64, in any shape that begins with n or with n times the
positions that it is applied to, and returns its own. The values of an image stay in one order, the
channels last, so reshaping and flattening change nothing.
"""

import math
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digits.evaluation.scoring import probabilities
from digits.inference.limits import MAX_VALUES

Floats: TypeAlias = NDArray[np.float64]
Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]

ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0, out=values),  # in place: half the time
    "tanh": np.tanh,
    "sigmoid": lambda values: 0.5 + 0.5 * np.tanh(0.5 * values),  # no overflow on the way
    "softmax": probabilities,
}


class Dense(NamedTuple):
    """activation(values @ kernel + bias), with kernel (inputs, outputs) and bias (outputs,)."""

    kernel: Floats
    bias: Floats
    activation: str

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs along the last axis."""
        rows = values.reshape(-1, len(self.kernel))
        return ACTIVATIONS[self.activation](rows @ self.kernel + self.bias)


class Scaling(NamedTuple):
    """activation(values * scale + shift), both (inputs,): a trained BatchNormalization."""

    scale: Floats
    shift: Floats
    activation: str = "linear"

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs along the last axis."""
        rows = values.reshape(-1, len(self.scale))
        return ACTIVATIONS[self.activation](rows * self.scale + self.shift)


class Grid(NamedTuple):
    """Where windows lie on an image: all as (vertical, horizontal)."""

    size: Pair
    """Of the image, in pixels."""
    window: Pair
    strides: Pair
    before: Pair
    """Pixels by which the first window begins outside of the image."""
    number: Pair
    """Of the windows."""

    def pad(self, values: Floats, channels: int, fill: float) -> Floats:
        """Return the images (n, height, width, channels), as far as windows reach."""
        images = values.reshape(-1, *self.size, channels)
        tall, wide = (
            (number - 1) * stride + window
            for number, stride, window in zip(self.number, self.strides, self.window, strict=True)
        )
        if (tall, wide) == self.size:
            return images
        padded = np.full((len(images), tall, wide, channels), fill, np.float64)
        (top, left), (height, width) = self.before, self.size
        inside = padded[:, top : top + height, left : left + width]
        inside[:] = images[:, : inside.shape[1], : inside.shape[2]]
        return padded


class Convolution(NamedTuple):
    """activation(sums of windows * kernel + bias); kernel: (height, width, inputs, outputs)."""

    kernel: Floats
    bias: Floats
    activation: str
    grid: Grid

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs, (n, rows, columns, outputs): a product for each row of the kernel.

        So three times as much is copied for a kernel of 3 x 3, not nine times.
        """
        height, width, inputs, outputs = self.kernel.shape
        (down, right), (rows, columns) = self.grid.strides, self.grid.number
        padded = self.grid.pad(values, inputs, 0)
        runs = sliding_window_view(padded, width, axis=2)[:, :, ::right].swapaxes(3, 4)
        runs = runs.reshape(*padded.shape[:2], columns, width * inputs)
        sums, product = np.empty((2, len(padded), rows * columns, outputs))
        for y in range(height):
            part = runs[:, y : y + (rows - 1) * down + 1 : down]
            part = part.reshape(len(padded), rows * columns, -1)
            np.matmul(part, self.kernel[y].reshape(-1, outputs), out=product if y else sums)
            sums += product if y else self.bias
        return ACTIVATIONS[self.activation](sums)


class Pooling(NamedTuple):
    """The largest or the mean value of each window."""

    kind: str
    channels: int
    grid: Grid

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs, (n, rows, columns, channels)."""
        if self.kind == "max":
            return self._reduced(np.maximum, values, -np.inf)
        count = self._reduced(np.add, np.ones((*self.grid.size, self.channels)), 0)
        return self._reduced(np.add, values, 0) / count

    def _reduced(self, pair: np.ufunc, values: Floats, fill: float) -> Floats:
        """Reduce the rows of each window to one, then its columns to one value."""
        padded, (down, right) = self.grid.pad(values, self.channels, fill), self.grid.strides
        (height, width), (rows, columns) = self.grid.window, self.grid.number
        tall, wide = (rows - 1) * down + 1, (columns - 1) * right + 1
        lines: Floats = reduce(pair, (padded[:, y : y + tall : down] for y in range(height)))
        found: Floats = reduce(pair, (lines[:, :, x : x + wide : right] for x in range(width)))
        return found


Layer: TypeAlias = Dense | Scaling | Convolution | Pooling
Settings: TypeAlias = dict[str, Any]
Read: TypeAlias = tuple[list[Layer], Shape]
"""A layer, if there is anything to compute, and the shape of an image's values after it."""


def _dense(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    kernel, bias = (*arrays, np.zeros(arrays[0].shape[1]))[:2]  # it may have none
    return [Dense(kernel, bias, settings["activation"])], (*shape[:-1], len(bias))


def _scaling(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    *learned, mean, variance = arrays
    gamma = learned.pop(0) if settings.get("scale") else 1.0
    scale = gamma / np.sqrt(variance + settings["epsilon"])
    shift = (learned.pop() if settings.get("center") else 0.0) - mean * scale
    return [Scaling(scale, shift)], shape


def _rescaling(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    return [Scaling(np.full(1, settings["scale"]), np.full(1, settings["offset"]))], shape


def _activation(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    return [Scaling(np.ones(1), np.zeros(1), settings["activation"])], shape


def _convolution(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    kernel, bias = (*arrays, np.zeros(arrays[0].shape[3]))[:2]
    grid = _grid(settings, shape, kernel.shape[:2])
    after = (*grid.number, len(bias))
    if math.prod(after) > MAX_VALUES:
        raise ValueError(f"expected at most {MAX_VALUES:,} values in a step, got {after}")
    return [Convolution(kernel, bias, settings["activation"], grid)], after


def _pooling(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    window = settings.get("pool_size", shape[:2])  # those of all of an image have none
    grid = _grid({"padding": "valid", "strides": None} | settings, shape, window)
    whole = "pool_size" not in settings and not settings.get("keepdims")
    after = shape[2:] if whole else (*grid.number, shape[2])
    return [Pooling(settings["kind"], shape[2], grid)], after


def _grid(settings: Settings, shape: Shape, window: Any) -> Grid:
    """Lay the windows of a layer on images of `shape`, as TensorFlow does. Raises ValueError."""
    size, strides = shape[:2], settings["strides"] or window
    pairs = [*zip(size, window, strides, strict=True)]
    same = settings["padding"] == "same"
    count = [-(-n // stride) if same else (n - k) // stride + 1 for n, k, stride in pairs]
    if len(shape) != 3 or min(count) < 1 or any(k > n + 64 for n, k, _ in pairs):
        raise ValueError(f"windows of {window} do not fit images of {shape}")
    missing = [max((c - 1) * s + k - n, 0) for c, (n, k, s) in zip(count, pairs, strict=True)]
    before = [total // 2 if same else 0 for total in missing]
    return Grid(*(tuple(map(int, pair)) for pair in (size, window, strides, before, count)))  # type: ignore[arg-type]


def _nothing(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    return [], shape


def _reshape(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    count = math.prod(shape)
    known = math.prod(size for size in settings["target_shape"] if size > 0)
    after = tuple(size if size > 0 else count // known for size in settings["target_shape"])
    if math.prod(after) != count:
        raise ValueError(f"expected a shape of {count} values, got {after}")
    return [], after


def _flatten(settings: Settings, arrays: list[Floats], shape: Shape) -> Read:
    return [], (math.prod(shape),)


READERS: dict[str, Callable[[Settings, list[Floats], Shape], Read]] = {
    **dict.fromkeys(("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise"), _nothing),
    "Flatten": _flatten,
    "Reshape": _reshape,
    **dict.fromkeys(("Activation", "ReLU", "Softmax"), _activation),
    "Rescaling": _rescaling,
    "Dense": _dense,
    "BatchNormalization": _scaling,
    "Conv2D": _convolution,
    **{
        f"{reach}{name}Pooling2D": lambda settings, *rest, kind=kind: _pooling(
            settings | {"kind": kind}, *rest
        )
        for reach in ("", "Global")
        for name, kind in (("Max", "max"), ("Average", "average"))
    },
}
"""By kind of layer: how it is read from its settings, its weights in Keras's order, and the shape
of an image's values before it."""


def merged(stack: list[Layer]) -> list[Layer]:
    """Let convolutions compute the scaling and the activation that follow: a third of the time."""
    layers: list[Layer] = []
    for layer in stack:
        last = layers[-1] if layers else None
        if (
            isinstance(last, Convolution)
            and isinstance(layer, Scaling)
            and last.activation == "linear"
        ):
            kernel, bias = last.kernel * layer.scale, last.bias * layer.scale + layer.shift
            layers[-1] = Convolution(kernel, bias, layer.activation, last.grid)
        else:
            layers.append(layer)
    return layers
