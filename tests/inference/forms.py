"""Builders of models of every form that Keras has, and of models that cannot be used."""

from functools import partial

import numpy as np

from digits.backend import keras
from digits.models import basic, convolutional, hidden

layers, ops = keras.layers, keras.ops
registered = keras.saving.register_keras_serializable("tests")


@registered
class Dense(layers.Layer):
    """A layer of its own, with a weight and a setting, that is named as one of Keras."""

    def __init__(self, power=3, **options):
        super().__init__(**options)
        self.power = power

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[1:], initializer="ones")

    def call(self, values):
        return self.scale * values**self.power

    def get_config(self):
        return super().get_config() | {"power": self.power}


@registered
class Subclass(keras.Model):
    """Its layers are not in the order in which they compute."""

    def __init__(self, kind=None, **options):
        super().__init__(**options)
        self.kind = kind
        self.head, self.body = layers.Dense(10, activation=kind), layers.Dense(9, activation="relu")

    def call(self, values):
        return self.head(self.body(values))

    def get_config(self):
        return {"kind": self.kind}


class Unknown(layers.Dense):
    """Not registered."""


@registered
class Forgetful(layers.Layer):
    """It keeps a number that is in no file."""

    def call(self, values):
        self.factor = getattr(self, "factor", None) or np.random.default_rng().random()
        return self.factor * values


def late():
    """A layer that is registered when the model is built, which other stages never do."""
    return registered(type("Late", (layers.Dense,), {}))(5)


def chain(*makers):
    """A model of these layers, each made anew, then Dense(classes, softmax)."""
    return lambda pixels, classes: keras.Sequential(
        [
            keras.Input((pixels,)),
            *(make() for make in makers),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def graph(body):
    """A functional model: `body` makes its output from the pixels and Dense(classes)."""

    def build(pixels, classes):
        inputs = keras.Input((pixels,))
        return keras.Model(inputs, body(inputs, layers.Dense(classes)))

    return build


def pictures(*makers):
    """A model of these layers on images of one channel."""
    return chain(partial(layers.Reshape, (28, 28, 1)), *makers, layers.Flatten)


def twice(layer, values):
    return layer(layer(values))


def alone(*made):
    """A model that is a list of layers, whatever the data."""
    return lambda pixels, classes: keras.Sequential([*made])


dense, normalized = partial(partial, layers.Dense), partial(partial, layers.BatchNormalization)
activation, convolution = partial(partial, layers.Activation), partial(partial, layers.Conv2D)
rows = partial(layers.Reshape, (28, 28))
relu = activation("relu")
STACKS = {
    "basic": basic.build,
    "hidden": partial(hidden.build, units=7),
    **{
        name: chain(layers.Flatten, dense(5, activation=name), partial(layers.Dropout, 0.5))
        for name in ("linear", "relu", "tanh", "sigmoid", "softmax")
    },
    "without bias": chain(dense(5, use_bias=False)),
    "functional": graph(lambda x, last: last(layers.Dense(6, activation="relu")(x))),
    "of rows": chain(rows, dense(5, activation="softmax"), dense(3), layers.Flatten),
    "normalized": chain(normalized(), dense(5), normalized(scale=False), normalized(center=False)),
    "normalized rows": chain(rows, normalized(), layers.Flatten, normalized(epsilon=0.1)),
    "rescaled": chain(partial(layers.Rescaling, 2.0, -1.0)),
    "activations as layers": chain(dense(5), normalized(), relu, layers.ReLU),
    "pictures": partial(convolutional.build, size=(28, 28), filters=[3, 4], dropout=0.1),
    "pictures in strides": pictures(
        convolution(3, 5, strides=(2, 3), padding="same", activation="tanh"),
        partial(layers.AveragePooling2D, 3, strides=2, padding="same"),
        normalized(center=False),
        convolution(4, (3, 1), use_bias=False),
        partial(layers.MaxPooling2D, (3, 2), strides=(2, 1), padding="same"),
    ),
    "pictures as a whole": pictures(
        convolution(3, 4, strides=2),
        layers.ReLU,
        partial(layers.MaxPooling2D, 3),
        convolution(4, 1, padding="same"),
        partial(layers.GlobalMaxPooling2D, keepdims=True),
        layers.GlobalAveragePooling2D,
    ),
}
"""Models that numpy and the page compute, ending in Dense."""
ENDS = {
    "Softmax": graph(lambda x, last: layers.Softmax()(last(x))),
    "Activation": graph(lambda x, last: layers.Activation("sigmoid")(last(x))),
    "BatchNormalization": graph(lambda x, last: layers.BatchNormalization()(last(x))),
    "without an input": lambda pixels, classes: keras.Sequential([layers.Dense(classes)]),
    "a list of one output": graph(lambda x, last: [last(x)]),
}
"""Further ones."""
OTHERS = {
    "skip by layer": graph(lambda x, last: last(layers.Add()([x, layers.Dense(784)(x)]))),
    "skip by operator": graph(lambda x, last: last(x + layers.Dense(784)(x))),
    "branches": graph(
        lambda x, last: last(layers.Concatenate()([layers.Dense(3)(x), layers.Dense(4)(x)]))
    ),
    "shared": graph(lambda x, last: last(twice(layers.Dense(784, activation="tanh"), x))),
    "nested": chain(lambda: keras.Sequential([layers.Dense(5, activation="relu")])),
    "subclass": alone(Subclass()),
    "subclass with softmax": alone(Subclass("softmax")),
    "custom layer": chain(Dense),
    "dilated": pictures(partial(layers.Conv2D, 2, 3, dilation_rate=2)),
    "groups": pictures(convolution(2, 3), partial(layers.Conv2D, 4, 3, groups=2)),
    "normalized along rows": chain(rows, normalized(axis=1), layers.Flatten),
    "channels first": chain(rows, partial(layers.Flatten, data_format="channels_first")),
    "attention": graph(
        lambda x, last: last(layers.Flatten()(layers.MultiHeadAttention(2, 4)(*[rows()(x)] * 2)))
    ),
    "resized": pictures(partial(layers.Resizing, 9, 9), partial(layers.RandomContrast, 0.2)),
    "gelu": chain(dense(6000, activation="gelu")),  # more weights than a step may have values
    "a layer for an activation": chain(lambda: layers.Dense(5, activation=layers.LeakyReLU(0.1))),
    "bounded relu": chain(dense(5), partial(layers.ReLU, max_value=1.0)),
    "softmax between": chain(rows, layers.Softmax, layers.Flatten),
    "mean of softmaxes": graph(
        lambda x, last: layers.Average()([ops.softmax(last(x)), layers.Dense(10, "softmax")(x)])
    ),
}
"""Models that Keras computes."""
TANH = layers.Dense(10, activation="tanh")
UNUSABLE = {
    "relu": (graph(lambda x, last: ops.relu(last(x))), "expected 10 logits .*, got relu"),
    "nested tanh": (graph(lambda x, last: keras.Sequential([TANH])(x)), "logits .*, got tanh"),
    "other classes": (graph(lambda x, last: layers.Dense(3)(x)), r"got .*\(3,\)"),
    "bfloat16": (chain(dense(5, dtype="mixed_bfloat16")), "float32, got bfloat16"),
    "float16": (chain(dense(5, dtype="mixed_float16")), "float32, got float16"),
    "no vector": (graph(lambda x, last: last(rows()(x))), r"got .*\(28, 10\)"),
    "two outputs": (graph(lambda x, last: [last(x), last(x)]), "expected 10 logits"),
    "other pixels": (lambda pixels, classes: basic.build(783, 10), "expected a model of 784 pix"),
    "pictures": (
        alone(keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)),
        r"expected a model of 784 pixels.*keras\.Input\(\(pixels,\)\)",
    ),
    "a lambda": (chain(partial(layers.Lambda, lambda x: 2 * x)), "a `Lambda` layer.* register"),
    "not registered": (chain(partial(Unknown, 5)), "not locate class 'Unknown'.* register"),
    "registered too late": (chain(late), "not locate class 'Late'.* outside of build"),
    "a function": (chain(dense(5, activation=lambda x: x * x)), "cannot be saved and loaded"),
    "forgetful": (chain(Forgetful), "answers otherwise after it was saved and loaded"),
}
"""Models that the other stages cannot use, and the message that says why."""
