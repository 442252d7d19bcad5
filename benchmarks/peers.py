"""The reference models as the users of each library would train them well.

A peer is a function of (model, images, labels, epoch_done): it trains a model of HIDDEN with
batches of 32 for 5 epochs by Adam (0.001, epsilon 1e-7), calls epoch_done() after each epoch where
it can, and returns a function from images to predicted digits. What it imports is imported in
`imports`, before the clock starts.
"""

from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

HIDDEN: dict[str, tuple[int, ...]] = {"hidden": (100,), "basic": (), "convolutions": (16, 32)}
"""The reference models: the units of the layers before the last one; of "convolutions" the filters,
3 x 3, each with a relu and a pooling to half the size."""
CONVOLUTIONS = "convolutions"
AUGMENTED = "augmented"
"""The model that this project alone trains, with parameters of its own."""
EPOCHS, BATCH, RATE, EPSILON, SEED = 5, 32, 0.001, 1e-7, 0
Predict = Callable[[Any], Any]


def project(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Train as this project does: from its files, as its stage does with params.yaml."""
    from digits.backend import keras
    from digits.data.info import read_info
    from digits.data.loading import Examples
    from digits.training.definition import read_definition
    from digits.training.train import train

    trained, _ = train(
        training=Examples(images, labels),
        validation=Examples(images[:0], labels[:0]),
        after_epoch=lambda history: epoch_done(),
        **(read_definition("basic", read_info()) | {"build": lambda *_: _layers(keras, model)})
        if model == CONVOLUTIONS
        else read_definition(model, read_info()),
    )
    return lambda x: trained.predict(np.asarray(x), batch_size=1000, verbose=0).argmax(axis=1)


def _layers(keras: Any, model: str) -> Any:
    built = keras.Sequential([keras.Input((784,))])
    if model == CONVOLUTIONS:
        built.add(keras.layers.Reshape((28, 28, 1)))
    for units in HIDDEN[model]:
        if model == CONVOLUTIONS:
            built.add(keras.layers.Conv2D(units, 3, padding="same", activation="relu"))
            built.add(keras.layers.MaxPooling2D())
        else:
            built.add(keras.layers.Dense(units, activation="relu"))
    built.add(keras.layers.Flatten())
    built.add(keras.layers.Dense(10, activation="sigmoid"))
    return built


def _keras(model: str, **options: Any) -> Any:
    """Build and compile, without the pins of this project, as TensorFlow comes."""
    import keras

    keras.utils.set_random_seed(SEED)
    built = _layers(keras, model)
    built.compile(
        keras.optimizers.Adam(RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **options,
    )
    return built


def _fit(built: Any, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    import keras

    done = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: epoch_done())
    built.fit(
        np.asarray(images),
        np.asarray(labels),
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        callbacks=[done],
    )
    return lambda x: built.predict(np.asarray(x), batch_size=1000, verbose=0).argmax(axis=1)


def keras_fit(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Call `model.fit` as every tutorial does."""
    return _fit(_keras(model), images, labels, epoch_done)


def keras_fit_tuned(
    model: str, images: Any, labels: Any, epoch_done: Callable[[], None]
) -> Predict:
    """Call `model.fit` at its best here: 125 steps a call, but for convolutions compiled by XLA."""
    built = _keras(model, steps_per_execution=125, jit_compile=model != CONVOLUTIONS)
    return _fit(built, images, labels, epoch_done)


def _torch_model(model: str) -> Any:
    import torch

    torch.manual_seed(SEED)
    if model == CONVOLUTIONS:
        first, second = HIDDEN[model]
        return torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 28, 28)),
            torch.nn.Conv2d(1, first, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(first, second, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(49 * second, 10),
        )
    sizes, layers = [784, *HIDDEN[model], 10], []
    for n, m in pairwise(sizes):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _torch_predict(network: Any) -> Predict:
    import torch

    return lambda x: network(torch.tensor(np.asarray(x))).argmax(dim=1).numpy()


def torch_loop(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Write the loop of PyTorch's quickstart: DataLoader, zero_grad, backward, step."""
    import torch

    network = _torch_model(model)
    data = torch.utils.data.TensorDataset(
        torch.tensor(np.asarray(images)), torch.tensor(np.asarray(labels), dtype=torch.int64)
    )
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True)
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, eps=EPSILON)
    for _ in range(EPOCHS):
        for x, y in loader:
            optimizer.zero_grad()
            loss_of(network(x), y).backward()
            optimizer.step()
        epoch_done()
    return _torch_predict(network)


def torch_tuned(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Write it at its best here: tensors in memory, a gather a step, fused Adam, compiled."""
    import torch

    network = _torch_model(model)
    x_all, y_all = torch.tensor(np.asarray(images)), torch.tensor(np.asarray(labels)).long()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, eps=EPSILON, fused=True)

    @torch.compile
    def loss_of(x: Any, y: Any) -> Any:
        return torch.nn.functional.cross_entropy(network(x), y)

    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x_all)).split(BATCH):
            optimizer.zero_grad()
            loss_of(x_all[batch], y_all[batch]).backward()
            optimizer.step()
        epoch_done()
    return _torch_predict(network)


def sklearn_mlp(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Fit scikit-learn's MLPClassifier, which does not say when an epoch is over."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    network = MLPClassifier(
        hidden_layer_sizes=HIDDEN[model],
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        epsilon=EPSILON,
        max_iter=EPOCHS,
        random_state=SEED,
    )
    network.fit(np.asarray(images), np.asarray(labels))
    return lambda x: network.predict(np.asarray(x))


def jax_scan(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Write an epoch as one jitted lax.scan, Adam by hand as in JAX's examples."""
    import jax
    import jax.numpy as jnp

    sizes = [784, *HIDDEN[model], 10]
    keys = jax.random.split(jax.random.key(SEED), len(sizes))
    initial = jax.nn.initializers.glorot_uniform()
    if model == CONVOLUTIONS:
        first, second = HIDDEN[model]
        shapes = [(3, 3, 1, first), (3, 3, first, second), (49 * second, 10)]
    else:
        shapes = [*pairwise(sizes)]
    weights = [
        (initial(key, shape), jnp.zeros(shape[-1]))
        for key, shape in zip(keys[:-1], shapes, strict=True)
    ]
    x_all, y_all = jnp.asarray(images), jnp.asarray(labels)
    steps = len(x_all) // BATCH

    def logits(weights: Any, x: Any) -> Any:
        x = x.reshape(-1, 28, 28, 1) if model == CONVOLUTIONS else x
        for w, b in weights[:-1]:
            if model == CONVOLUTIONS:
                x = jax.lax.conv_general_dilated(
                    x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = jax.lax.reduce_window(
                    jax.nn.relu(x + b), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"
                )
            else:
                x = jax.nn.relu(x @ w + b)
        return x.reshape(len(x), -1) @ weights[-1][0] + weights[-1][1]

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        return -jnp.mean(jax.nn.log_softmax(logits(weights, x))[jnp.arange(BATCH), y])

    def step(state: Any, batch: Any) -> Any:
        weights, first, second, t = state
        slope = jax.grad(loss_of)(weights, x_all[batch], y_all[batch])
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, first, second
        )
        return (weights, first, second, t), None

    @jax.jit
    def epoch(state: Any, order: Any) -> Any:
        return jax.lax.scan(step, state, order)[0]

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, zeros, jnp.float32(0))
    for key in jax.random.split(keys[-1], EPOCHS):
        order = jax.random.permutation(key, len(x_all))[: steps * BATCH].reshape(steps, BATCH)
        state = jax.block_until_ready(epoch(state, order))
        epoch_done()
    return lambda x: logits(state[0], jnp.asarray(x)).argmax(axis=1)


PEERS: dict[str, tuple[Callable[..., Predict], str]] = {
    "this project": (project, "digits.training.train"),
    "model.fit": (keras_fit, "keras"),
    "model.fit, tuned": (keras_fit_tuned, "keras"),
    "PyTorch loop": (torch_loop, "torch"),
    "PyTorch, tuned": (torch_tuned, "torch"),
    "scikit-learn MLP": (sklearn_mlp, "sklearn.neural_network"),
    "JAX scan": (jax_scan, "jax"),
}


def imports(peer: str) -> None:
    """Import what the peer needs."""
    import_module(PEERS[peer][1])
