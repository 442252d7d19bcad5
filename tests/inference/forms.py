"""Models of every form that Keras has, and models that cannot be used."""

from functools import partial

import numpy as np

from digits.backend import keras
from digits.models import basic, hidden

layers, ops = keras.layers, keras.ops
registered = keras.saving.register_keras_serializable("tests")


@registered
class Scaled(layers.Layer):
    """A layer with a weight and a setting of its own."""

    def __init__(self, power=2, **options):
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
    """Its layers are not in the order in which they compute; none is its last one."""

    def __init__(self, classes=10, activation=None, **options):
        super().__init__(**options)
        self.classes, self.activation_name = classes, activation
        self.head = layers.Dense(classes, activation=activation)
        self.body = layers.Dense(9, activation="relu")

    def call(self, values):
        return self.head(self.body(values))

    def get_config(self):
        return {"classes": self.classes, "activation": self.activation_name}


@registered
class Dense(layers.Dense):
    """Named as a layer of Keras that it is not."""

    def call(self, values):
        return 2 * super().call(values)


class Unknown(layers.Dense):
    """Not registered."""


@registered
class Forgetful(layers.Layer):
    """It keeps a number that is in no file."""

    def call(self, values):
        self.factor = getattr(self, "factor", None) or np.random.default_rng().random()
        return self.factor * values


def chain(*makers):
    """A builder of a Sequential of these layers, each made anew, then Dense."""

    def build(pixels, classes):
        made = [keras.Input((pixels,)), *(make() for make in makers)]
        return keras.Sequential([*made, layers.Dense(classes, activation="softmax")])

    return build


def graph(body):
    """A builder of a functional model: `body` makes the last values from the pixels."""

    def build(pixels, classes):
        inputs = keras.Input((pixels,))
        return keras.Model(inputs, body(inputs, layers.Dense(classes, name="last")))

    return build


def pictures(*makers):
    """A builder of a model of these layers on images of a channel."""
    return chain(partial(layers.Reshape, (28, 28, 1)), *makers, layers.Flatten)


def skip(inputs, last):
    one = layers.Dense(8, activation="relu")(inputs)
    return last(layers.Add()([one, layers.Dense(8)(one)]))


def shared(inputs, last):
    layer = layers.Dense(inputs.shape[1], activation="tanh")
    return last(layer(layer(inputs)))


def attention(inputs, last):
    rows = layers.Reshape((28, 28))(inputs)
    return last(layers.Flatten()(layers.MultiHeadAttention(2, 4)(rows, rows)))


def nested(*inner):
    return lambda pixels, classes: keras.Sequential(
        [keras.Input((pixels,)), keras.Sequential([make(classes) for make in inner])]
    )


def of_sides(pixels, classes):
    inputs = keras.Input((pixels,))
    sides = [layers.Dense(classes, activation="softmax")(inputs) for _ in range(2)]
    return keras.Model(inputs, layers.Average()(sides))


def late(pixels, classes):
    @registered
    class Late(layers.Dense):
        """Another stage never calls `build`."""

    return chain(partial(Late, 5))(pixels, classes)


dense, normalized = partial(partial, layers.Dense), partial(partial, layers.BatchNormalization)
activation = partial(partial, layers.Activation)
rows, strips = partial(layers.Reshape, (28, 28)), partial(layers.Reshape, (4, 196))
STACKS = {
    "basic": basic.build,
    "hidden": partial(hidden.build, units=7),
    **{
        name: chain(layers.Flatten, dense(5, activation=name), partial(layers.Dropout, 0.5))
        for name in ("linear", "relu", "tanh", "sigmoid", "softmax")
    },
    "without bias": chain(dense(5, use_bias=False)),
    "functional": graph(lambda inputs, last: last(layers.Dense(6, activation="relu")(inputs))),
    "of rows": chain(rows, dense(5, activation="softmax"), dense(3), layers.Flatten),
    "normalized": chain(normalized(), dense(5), normalized(scale=False), normalized(center=False)),
    "normalized rows": chain(rows, normalized(), layers.Flatten, normalized(epsilon=0.1)),
    "rescaled": chain(partial(layers.Rescaling, 2.0, -1.0)),
    "activations as layers": chain(dense(5), normalized(), activation("relu"), layers.ReLU),
}
"""Models that numpy and the page compute."""
ENDS = {
    "ending in Softmax": lambda pixels, classes: keras.Sequential(
        [keras.Input((pixels,)), layers.Dense(classes), layers.Softmax()]
    ),
    "ending in an activation": lambda pixels, classes: keras.Sequential(
        [keras.Input((pixels,)), layers.Dense(classes), layers.Activation("sigmoid")]
    ),
    "without an input": lambda pixels, classes: keras.Sequential([layers.Dense(classes)]),
    "a list of one output": graph(lambda inputs, last: [last(inputs)]),
    "ending in a normalization": graph(
        lambda inputs, last: layers.BatchNormalization()(last(inputs))
    ),
}
"""Further ones, which end otherwise."""
OTHERS = {
    "skip by layer": graph(skip),
    "skip by operator": graph(lambda x, last: last(x + layers.Dense(x.shape[1])(x))),
    "scaled by operators": graph(lambda x, last: last(2 * x - 1)),
    "operations": graph(lambda x, last: last(ops.tanh(ops.reshape(x, (-1, 784))[:, :300]))),
    "branches": graph(
        lambda x, last: last(layers.Concatenate()([layers.Dense(3)(x), layers.Dense(4)(x)]))
    ),
    "shared": graph(shared),
    "nested": chain(lambda: keras.Sequential([layers.Dense(5, activation="relu")])),
    "nested head": nested(
        lambda n: layers.Dense(5), lambda n: layers.Dense(n, activation="softmax")
    ),
    "subclass": lambda pixels, classes: Subclass(classes),
    "subclass with softmax": lambda pixels, classes: Subclass(classes, "softmax"),
    "custom layer": chain(partial(Scaled, 3)),
    "custom layer with a name of Keras": chain(partial(Dense, 5)),
    "convolution": pictures(partial(layers.Conv2D, 2, 3, activation="relu"), layers.MaxPooling2D),
    "separable": pictures(partial(layers.SeparableConv2D, 2, 3)),
    "depthwise": pictures(partial(layers.DepthwiseConv2D, 3)),
    "transposed": pictures(partial(layers.Conv2DTranspose, 1, 3), layers.GlobalAveragePooling2D),
    "convolution of rows": chain(rows, partial(layers.Conv1D, 2, 3), layers.Flatten),
    "layer normalization": chain(layers.LayerNormalization),
    "group normalization": pictures(partial(layers.GroupNormalization, 1)),
    "normalized along rows": chain(rows, normalized(axis=1), layers.Flatten),
    "channels first": chain(rows, partial(layers.Flatten, data_format="channels_first")),
    "attention": graph(attention),
    "recurrent": chain(strips, partial(layers.LSTM, 3)),
    "recurrent both ways": chain(strips, lambda: layers.Bidirectional(layers.SimpleRNN(3))),
    "embedding": chain(partial(layers.Embedding, 2, 2), layers.Flatten),
    "preprocessing": pictures(
        partial(layers.Rescaling, 2.0, -1.0), partial(layers.RandomRotation, 0.1)
    ),
    "resized": pictures(partial(layers.Resizing, 9, 9), partial(layers.RandomContrast, 0.2)),
    "noise": chain(partial(layers.GaussianNoise, 0.1), partial(layers.AlphaDropout, 0.1)),
    "gelu": chain(dense(5, activation="gelu")),
    "a layer for an activation": chain(lambda: layers.Dense(5, activation=layers.LeakyReLU(0.1))),
    "prelu": chain(dense(5), layers.PReLU),
    "bounded relu": chain(dense(5), partial(layers.ReLU, max_value=1.0)),
    "softmax between": chain(rows, layers.Softmax, layers.Flatten),
    "half precision": chain(dense(5, dtype="mixed_bfloat16"), dense(5, dtype="mixed_float16")),
    "half precision at the end": graph(
        lambda x, last: layers.Dense(10, activation="softmax", dtype="mixed_float16")(x)
    ),
    "mean of softmaxes": of_sides,
    "softmax, then reshaped": graph(lambda x, last: layers.Reshape((10,))(ops.softmax(last(x)))),
    "log of softmax": graph(lambda x, last: ops.log_softmax(last(x))),
    "spectral": chain(lambda: layers.SpectralNormalization(layers.Dense(5))),
}
"""Models that Keras computes."""
UNUSABLE = {
    "relu": (graph(lambda x, last: ops.relu(last(x))), "expected 10 logits .*, got relu"),
    "nested tanh": (
        nested(lambda n: layers.Dense(n, activation="tanh")),
        "expected 10 logits .*, got tanh",
    ),
    "other classes": (
        graph(lambda x, last: layers.Dense(3)(x)),
        r"10 (logits|classes) .*, got .*\(3,\)",
    ),
    "no vector": (graph(lambda x, last: last(layers.Reshape((28, 28))(x))), r"got .*\(28, 10\)"),
    "two outputs": (graph(lambda x, last: [last(x), last(x)]), "expected 10 logits"),
    "other pixels": (lambda pixels, classes: basic.build(783, 10), "expected a model of 784 pix"),
    "pictures": (
        lambda pixels, classes: keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(classes)]
        ),
        r"expected a model of 784 pixels.*keras\.Input\(\(pixels,\)\)",
    ),
    "a lambda": (chain(partial(layers.Lambda, lambda x: 2 * x)), "a `Lambda` layer .*register_k"),
    "not registered": (chain(partial(Unknown, 5)), "not locate class 'Unknown'.*register_keras"),
    "registered too late": (late, "not locate class 'Late'.*outside of build"),
    "a function": (chain(dense(5, activation=lambda x: x * x)), "cannot be saved and loaded"),
    "forgetful": (chain(Forgetful), "answers otherwise after it was saved and loaded"),
}
"""Models that the other stages cannot use, and the message that says why."""
