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

HIDDEN: dict[str, tuple[int, ...]] = {"hidden": (100,), "basic": ()}
"""The reference models: the units of the layers before the last one."""
AUGMENTED = "augmented"
"""The model that this project alone trains, with parameters of its own."""
EPOCHS, BATCH, RATE, EPSILON, SEED = 5, 32, 0.001, 1e-7, 0
Predict = Callable[[Any], Any]


def project(model: str, images: Any, labels: Any, epoch_done: Callable[[], None]) -> Predict:
    """Train as this project does: from its files, as its stage does with params.yaml."""
    from digits.data.info import read_info
    from digits.data.loading import Examples
    from digits.training.definition import read_definition
    from digits.training.train import train

    trained, _ = train(
        training=Examples(images, labels),
        validation=Examples(images[:0], labels[:0]),
        after_epoch=lambda history: epoch_done(),
        **read_definition(model, read_info()),
    )
    return lambda x: trained.predict(np.asarray(x), batch_size=1000, verbose=0).argmax(axis=1)


def _keras(model: str, **options: Any) -> Any:
    """Build and compile, without the pins of this project, as TensorFlow comes."""
    import keras

    keras.utils.set_random_seed(SEED)
    dense = keras.layers.Dense
    layers = [dense(units, activation="relu") for units in HIDDEN[model]]
    built = keras.Sequential([keras.Input((784,)), *layers, dense(10, activation="sigmoid")])
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
    """Call `model.fit` at its best here: 125 steps a call, compiled by XLA."""
    built = _keras(model, steps_per_execution=125, jit_compile=True)
    return _fit(built, images, labels, epoch_done)


def _torch_model(model: str) -> Any:
    import torch

    torch.manual_seed(SEED)
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
    weights = [
        (initial(key, (n, m)), jnp.zeros(m))
        for key, (n, m) in zip(keys[:-1], pairwise(sizes), strict=True)
    ]
    x_all, y_all = jnp.asarray(images), jnp.asarray(labels)
    steps = len(x_all) // BATCH

    def logits(weights: Any, x: Any) -> Any:
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        return x @ weights[-1][0] + weights[-1][1]

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
