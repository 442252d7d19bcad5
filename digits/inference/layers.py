"""The layers that numpy computes, and how each is read from its settings and its weights.

A layer takes the values of n images, float64, in any shape that begins with n, and returns its own.
The values of an image stay in one order, the channels last, so reshaping and flattening change
nothing.
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
    activation: str

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

    def windows(self, values: Floats, fill: float) -> Floats:
        """Return a view of n images: (window's height, n, rows, columns, window's width, channels).

        fill: the value outside of the image.
        """
        images = values.reshape(len(values), *self.size, -1)
        around = [
            (before, max((number - 1) * stride + window - before - size, 0))
            for size, window, stride, before, number in zip(*self, strict=True)
        ]
        padded = np.pad(images, [(0, 0), *around, (0, 0)], constant_values=fill)
        (down, right), (rows, columns) = self.strides, self.number
        found = sliding_window_view(padded, self.window, axis=(1, 2))[:, ::down, ::right]
        return found[:, :rows, :columns].transpose(4, 0, 1, 2, 5, 3)


class Convolution(NamedTuple):
    """activation(sums of windows * kernel + bias); kernel: (height, width, inputs, outputs)."""

    kernel: Floats
    bias: Floats
    activation: str
    grid: Grid

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs, (n, rows * columns, outputs): a product for each row of the kernel.

        Products of all rows at once would take more memory, and threads, which cost more than
        they save.
        """
        windows, count = self.grid.windows(values, 0), math.prod(self.grid.number)
        sums = np.tile(self.bias, (len(values), count, 1))
        for part, row in zip(windows, self.kernel, strict=True):
            sums += part.reshape(len(values), count, -1) @ row.reshape(-1, len(self.bias))
        return ACTIVATIONS[self.activation](sums)


class Pooling(NamedTuple):
    """The largest or the mean value of each window."""

    kind: str
    """Of pooling: max or ave."""
    grid: Grid

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs, (n, rows, columns, channels)."""
        if self.kind == "max":
            return self._reduced(np.maximum, values, -np.inf)
        ones = np.ones((1, math.prod(self.grid.size)))
        return self._reduced(np.add, values, 0) / self._reduced(np.add, ones, 0)

    def _reduced(self, pair: np.ufunc, values: Floats, fill: float) -> Floats:
        windows = self.grid.windows(values, fill)
        columns = range(self.grid.window[1])
        return reduce(pair, (part[..., x, :] for part in windows for x in columns))


Layer: TypeAlias = Dense | Scaling | Convolution | Pooling


def read(
    kind: str, settings: dict[str, Any], arrays: list[Floats], shape: Shape
) -> tuple[Layer | None, Shape]:
    """Return what a layer of Keras computes, if anything, and the shape of an image after it.

    settings: its configuration, with the name of its activation. arrays: its weights in Keras's
    order. shape: of an image before it.
    Raises NotImplementedError for other layers, an exception of any type if these do not fit.
    """
    activation = settings["activation"]
    match kind:
        case "InputLayer" | "Dropout" | "SpatialDropout2D" | "GaussianNoise":
            return None, shape
        case "Flatten":
            return None, (math.prod(shape),)
        case "Reshape":
            return None, np.empty(shape).reshape(settings["target_shape"]).shape
        case _ if activation == "softmax" and kind != "Dense":
            pass  # it needs to know which values belong together
        case "Activation" | "ReLU" | "Softmax":
            return Scaling(np.ones(1), np.zeros(1), activation), shape
        case "Rescaling":
            scale, shift = np.full(1, settings["scale"]), np.full(1, settings["offset"])
            return Scaling(scale, shift, activation), shape
        case "BatchNormalization":
            *learned, mean, variance = arrays
            gamma = learned.pop(0) if settings["scale"] else 1.0
            scale = gamma / np.sqrt(variance + settings["epsilon"])
            shift = (learned.pop() if settings["center"] else 0.0) - mean * scale
            return Scaling(scale, shift, activation), shape
        case "Dense":
            kernel, bias = (*arrays, np.zeros(arrays[0].shape[-1]))[:2]  # it may have none
            return Dense(kernel, bias, activation), (*shape[:-1], len(bias))
        case "Conv2D":
            kernel, bias = (*arrays, np.zeros(arrays[0].shape[-1]))[:2]
            grid = _grid(settings, shape, kernel.shape[:2])
            return Convolution(kernel, bias, activation, grid), (*grid.number, len(bias))
        case "MaxPooling2D" | "AveragePooling2D":
            grid = _grid(settings, shape, settings["pool_size"])
            return Pooling(kind.lower()[:3], grid), (*grid.number, shape[2])
        case "GlobalMaxPooling2D" | "GlobalAveragePooling2D":
            grid = _grid({"padding": "valid", "strides": None}, shape, shape[:2])
            after = (1, 1, shape[2]) if settings["keepdims"] else shape[2:]
            return Pooling(kind.lower()[6:9], grid), after
    raise NotImplementedError(kind)


def _grid(settings: dict[str, Any], shape: Shape, window: Any) -> Grid:
    """Lay the windows of a layer on images of `shape`, as TensorFlow does. Raises ValueError."""
    size, strides = shape[:2], settings["strides"] or window
    pairs = [*zip(size, window, strides, strict=True)]
    same = settings["padding"] == "same"
    count = [-(-n // stride) if same else (n - k) // stride + 1 for n, k, stride in pairs]
    if len(shape) != 3 or min(count) < 1 or math.prod((*count, *window)) > MAX_VALUES:
        raise ValueError(f"windows of {window} do not fit images of {shape}")
    missing = [max((c - 1) * s + k - n, 0) for c, (n, k, s) in zip(count, pairs, strict=True)]
    before = [total // 2 if same else 0 for total in missing]
    return Grid(*(tuple(map(int, pair)) for pair in (size, window, strides, before, count)))  # type: ignore[arg-type]
