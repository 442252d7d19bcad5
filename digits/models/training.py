"""Train a Keras model: a whole epoch in one compiled program."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.data.blocks import Block, ahead, empty, in_order
from digits.data.stored import Examples
from digits.models.backend import compute_on, keras, tf
from digits.models.distributed import Alone, gather
from digits.models.resuming import State
from digits.params.train import Train
from digits.process import unbroken
from digits.progress import progress

History: TypeAlias = list[dict[str, float]]
"""For each epoch loss and accuracy, means over its steps; val_loss and val_accuracy after it."""
Augment: TypeAlias = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]
"""From the images of a block, (n, pixels), 0-1, to others of the same shape."""


def adam(recipe: Train, steps: int) -> keras.optimizers.Optimizer:
    """Make the optimizer that models are trained with unless they say otherwise."""
    return keras.optimizers.Adam(recipe.learning_rate, name="adam")


def train(
    build: Callable[[int, int], keras.Model],
    training: Examples,
    validation: Examples,
    recipe: Train,
    *,
    classes: int | None = None,
    after_epoch: Callable[[History], object] = lambda history: None,
    optimizer: Callable[[Train, int], keras.optimizers.Optimizer] = adam,
    augment: Augment | None = None,
    state: State | None = None,
) -> tuple[keras.Model, History]:
    """Build a model and train it by `recipe`, as `model.fit` would, 6 to 7 times faster.

    (hidden and basic, 5 epochs of MNIST in batches of 32, compiling included; an epoch after the
    first 9 and 13 times: `python -m benchmarks training`.) See `compile_loop`.

    build: makes the model for so many pixels and so many classes.
    training, validation: images and labels, in memory or memory-mapped, slices and views as well.
        validation is measured after each epoch if it holds any examples; never learnt from.
    classes: how many there are; unless it is told, as many as the highest label says.
    after_epoch: called with the history so far; what is true ends the training.
    optimizer: makes the optimizer for a recipe and a number of steps an epoch.
    augment: changes the images of each block anew in each epoch, by a generator of its own, that
        of seed and epoch.
    state: where it is kept, from time to time, how far the training has come. If there is one of
        this training already, which was killed, it goes on from there, to the same bytes.

    Returns the trained model, compiled, and its history. With several workers, see `gather`, only
    the first one does: the others exit when it has both.
    Raises DigitsError where the workers, or the GPU, are not there.
    """
    compute_on(recipe.device)
    arrays, settings = (*training, *validation), (build, recipe, classes, optimizer, augment)
    team = gather(recipe, [training.labels, validation.labels], settings)
    history = state.begin(arrays, *settings) if state and team.rank == 0 else []
    done = team.tell(len(history))
    epochs = team.epochs(training, recipe, done)
    if augment:
        epochs = augmented(epochs, augment, team.seed, done)
    keras.utils.set_random_seed(recipe.seed)
    model = build(training.images.shape[1], classes or int(training.labels.max()) + 1)
    model.compile(
        optimizer=optimizer(recipe, -(-len(training.labels) // recipe.batch_size)),
        loss=loss(model),
        metrics=["accuracy"],
        jit_compile=False,  # the loop over the steps is compiled, and the step within it
    )
    model.optimizer.build(model.trainable_variables)
    model.test_step((training.images[:1], training.labels[:1]))  # makes the variables of metrics
    if state and history:
        state.restore(model)
        print(f"{model.name}: resumed after epoch {done}", flush=True)
    history = history or [{}] * done  # which the first worker alone knows
    held_out = team.own(validation)
    with team:
        learn = compile_loop(model, team.step(model), team.batch_size, alone=team.size == 1)
        measure = compile_loop(model, model.test_step, team.batch_size)
        ended = bool(history) and team.tell(team.rank == 0 and bool(after_epoch(history)))
        while not ended and len(history) < recipe.epochs:
            metrics = run_over(next(epochs), learn, model, team, len(training.labels))
            if len(validation.labels):
                blocks = in_order(held_out, team.batch_size)
                measured = run_over(blocks, measure, model, team, len(validation.labels))
                metrics |= {f"val_{name}": value for name, value in measured.items()}
            history.append(metrics)
            ended = team.tell(team.rank == 0 and bool(after_epoch(history)))
            if state and team.rank == 0:
                state.keep(model, history)
    team.part()
    return model, history


def augmented(
    epochs: Iterable[Iterable[Block]], augment: Augment, seed: int, done: int = 0
) -> Iterator[Iterator[Block]]:
    """Augment the blocks of each epoch, the next one while the caller works on the last.

    done: how many epochs there were before these.
    """

    def changed(block: Block, random: np.random.Generator) -> Block:
        images = empty(block.images.shape, block.images.dtype)
        if len(images):
            images[:] = augment(block.images.copy(), random).reshape(images.shape)
        return block._replace(images=images)

    pairs = (
        (epoch, changed(block, random))
        for epoch, blocks in enumerate(epochs, done)
        for random in [np.random.default_rng([seed, 2, epoch])]
        for block in blocks
    )
    return ((block for _, block in of_one) for _, of_one in groupby(ahead(pairs), itemgetter(0)))


def loss(model: keras.Model) -> Any:
    """Return the cross-entropy of the softmax of the model's logits.

    Sigmoid and softmax outputs keep their logits beside them, which Keras's loss by name finds; a
    last layer without an activation puts out the logits themselves.
    """
    if getattr(model.layers[-1], "activation", None) is keras.activations.linear:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return "sparse_categorical_crossentropy"


def compile_loop(
    model: keras.Model, step: Callable[[Any], Any], batch_size: int, *, alone: bool = True
) -> Callable[[Any, Any, Any], None]:
    """Compile the loop over the batches of a block into one program.

    step: the model's own `train_step` or `test_step`, which `fit` and `evaluate` call as well.
    alone: whether there are no other workers, whose messages are between the steps.

    Returns a function of the block's images, labels and the order in which to take them, as
    tensors. The batches are the consecutive runs of the order; the last one is smaller when the
    batch size does not divide the number of examples. The model's metrics add up over the calls.

    `fit` goes back to Python between steps, which for models this small takes longer than the
    steps themselves. Here the loop over the steps is inside the program, and XLA compiles loop
    and step as one; not where there are convolutions, which XLA makes 6 to 9 times slower on a CPU.
    """
    convolutions = any(len(weight.shape) > 2 for weight in model.trainable_variables)

    @tf.function(jit_compile=alone and not convolutions, autograph=False)
    def run(images: Any, labels: Any, order: Any) -> None:
        count = images.shape[0]
        steps = count // batch_size if alone or count > batch_size else 0  # as all workers do
        if steps:
            batches = tf.reshape(order[: steps * batch_size], (steps, batch_size))

            def one(i: Any) -> Any:
                step((tf.gather(images, batches[i]), tf.gather(labels, batches[i])))
                return i + 1

            tf.while_loop(lambda i: i < steps, one, [0])
        if steps * batch_size < count or not steps:
            last = order[steps * batch_size :]
            step((tf.gather(images, last), tf.gather(labels, last)))

    compiled: Callable[[Any, Any, Any], None] = run
    return compiled


def run_over(
    blocks: Iterable[Block],
    loop: Callable[[Any, Any, Any], None],
    model: keras.Model,
    team: Alone,
    count: int,
) -> dict[str, float]:
    """Run a compiled loop over blocks, of `count` examples together; return the mean metrics."""
    with unbroken():
        model.reset_metrics()
    with progress(model.name, count, " examples") as advance:
        for block in blocks:
            with unbroken():
                loop(*tensors(block))
            advance(len(block.labels) * team.size)
            del block  # before the next but one is read
    with unbroken():
        team.settle(model)
        return {name: round(float(value), 6) for name, value in model.get_metrics_result().items()}


def tensors(block: Block) -> tuple[Any, Any, Any]:
    """Hand a block to TensorFlow. The images and labels are shared, not copied."""
    images, labels = (tf.experimental.dlpack.from_dlpack(array.__dlpack__()) for array in block[:2])
    return images, labels, tf.constant(block.order, tf.int32)
