"""Train a Keras model: build, compile, loop. The loop over a block's batches is one program."""

from collections.abc import Callable, Iterable
from itertools import groupby
from math import ceil
from operator import attrgetter
from typing import Any

import numpy as np

from digits.backend import compute_on, keras, tf
from digits.backend.logits import check_saved, finite
from digits.data.blocks import Block, in_order, prefetch, shuffled
from digits.data.loading import Examples
from digits.errors import ModelError, ParameterError
from digits.params.train import TrainParams
from digits.process import unbroken
from digits.progress import progress
from digits.training.checkpoint import Checkpoint
from digits.training.epochs import Augment, augmented
from digits.training.history import History, best_epoch
from digits.training.loss import cross_entropy, with_labels
from digits.workers.distributed import Workers


def adam(params: TrainParams, steps: int) -> keras.optimizers.Optimizer:
    """Make the optimizer of the models that define none."""
    return keras.optimizers.Adam(params.learning_rate, name="adam")


def train(
    build: Callable[[int, int], keras.Model],
    training: Examples,
    validation: Examples,
    params: TrainParams,
    *,
    classes: int | None = None,
    optimizer: Callable[[TrainParams, int], keras.optimizers.Optimizer] = adam,
    loss: Callable[[], keras.losses.Loss] | None = None,
    augment: Augment | None = None,
    after_epoch: Callable[[History], object] = lambda history: None,
    after_training: Callable[[keras.Model, History], object] = lambda model, history: None,
    stage: str | None = None,
) -> tuple[keras.Model, History]:
    """Build a model and train it as `model.fit` would, 6 to 7 times faster: see `compile_loop`.

    build, optimizer, loss, augment: see `read_definition`.
    training, validation: in memory or memory-mapped, slices and views as well. If there are any of
        validation, the model is measured on them after each epoch.
    classes: their number; by default the highest label tells.
    after_epoch, after_training: called, on the worker that writes, with the history so far, and
        with what this returns.
    stage: the stage of dvc.yaml whose checkpoints are saved, and resumed from if it was killed.

    Returns the trained model, compiled, and its history: the same on all workers, which must have
    met. With `params.patience` its variables are those after the best epoch, see `best_epoch`.
    Raises DigitsError where the workers or the GPU are not available, before the first epoch if the
    other stages cannot use the model, and when the training diverges.
    """
    patience = params.patience
    if patience and not len(validation.labels):
        raise ParameterError(
            f"params.yaml: patience is {patience}: expected preprocess.validation above 0, got no "
            "validation examples. Set it, or set patience to null"
        )
    compute_on(params.device)
    workers = Workers(params)
    checkpoint = Checkpoint(stage)
    workers.compare(checkpoint.decides)

    keras.utils.set_random_seed(params.seed)
    registered = set(keras.saving.get_custom_objects())
    pixels, classes = training.images.shape[1], classes or int(training.labels.max()) + 1
    model, some = build(pixels, classes), np.array(training.images[:8], np.float32)
    model.compile(
        optimizer=optimizer(params, ceil(len(training.labels) / params.batch_size)),
        loss=loss() if loss else cross_entropy(model, some, classes),
        metrics=["accuracy"],
        jit_compile=False,  # the loop over the steps is compiled, and the step within it
    )
    check_saved(model, some, classes, registered)
    model.optimizer.build(model.trainable_variables)
    test_step = with_labels(model.test_step, model.loss, classes)
    test_step((training.images[:1], training.labels[:1]))  # makes the variables of metrics
    model.reset_metrics()
    state = [*model.variables, *model.optimizer.variables]  # what an epoch changes
    best = [tf.Variable(variable.numpy()) for variable in state] if patience else []

    with workers.together():
        history = workers.resume(checkpoint.load, [*state, *best])
        if history and workers.writes:  # DVC has removed what was written of these epochs
            after_epoch(history)
        train_step = with_labels(workers.train_step(model), model.loss, classes)
        train_loop = compile_loop(model, train_step, workers)
        test_loop = compile_loop(model, test_step, workers)
        own, held_out = workers.shard(training), workers.shard(validation)
        seed, batch_size = workers.seed, workers.batch_size
        blocks = shuffled(own, batch_size, seed, params.epochs, len(history))
        if augment:
            blocks = prefetch(augmented(blocks, augment, seed))
        for _, epoch in groupby(blocks, attrgetter("epoch")):
            if patience and len(history) > best_epoch(history, patience) + patience:
                break
            means = run_epoch(train_loop, epoch, len(training.labels), model, workers)
            if len(held_out.labels):
                epoch = in_order(held_out, batch_size)
                measured = run_epoch(test_loop, epoch, len(validation.labels), model, workers)
                means |= {f"val_{name}": value for name, value in measured.items()}
            if not np.isfinite([*means.values()]).all() or not finite(model):
                raise ModelError(
                    "the training diverges: the loss or a weight is NaN or infinite. Try a "
                    f"learning_rate below {params.learning_rate:g}, or BatchNormalization between "
                    "layers"
                )
            history.append(means)
            if best_epoch(history, patience) == len(history) - 1:
                copy_variables(state, best)
            if workers.writes:
                after_epoch(history)
            if workers.rank == 0:
                checkpoint.save(history, [*state, *best])
        copy_variables(best, state)
        if workers.writes:
            after_training(model, history)
    workers.finish()
    checkpoint.delete()
    return model, history


def compile_loop(model: keras.Model, step: Callable[[Any], Any], workers: Workers) -> Any:
    """Compile the loop over the batches of a block into one program.

    step: the model's own `train_step` or `test_step`, which `fit` and `evaluate` call as well.

    Returns a function of a block's images, labels, and the order in which to take them, as tensors.
    The last batch is smaller when the batch size does not divide the number of examples. The
    model's metrics add up over the calls.

    `fit` returns to Python between steps, which for models this small takes longer than the steps
    themselves. Here XLA compiles loop and step as one: an epoch of `hidden` takes a ninth of the
    time, one of `basic` a thirteenth. It makes convolutions 6 to 9 times slower on a CPU, cannot
    compile some layers, nor the messages of several workers: those models it leaves alone.
    """
    convolutions = any(len(weight.shape) > 2 for weight in model.trainable_variables)
    supported = all(layer.supports_jit for layer in model._flatten_layers())

    @tf.function(jit_compile=workers.size == 1 and supported and not convolutions, autograph=False)
    def run(images: Any, labels: Any, order: Any) -> None:
        def step_on(rows: Any) -> Any:
            return step((tf.gather(images, rows), tf.gather(labels, rows)))

        def body(i: Any) -> list[Any]:
            step_on(batches[i])
            return [i + 1]

        count = images.shape[0]
        whole = count - count % workers.batch_size
        if whole:
            batches = tf.reshape(order[:whole], (-1, workers.batch_size))
            tf.while_loop(lambda i: i < batches.shape[0], body, [0])
        if whole < count:
            step_on(order[whole:])

    return run


def run_epoch(
    loop: Any, blocks: Iterable[Block], count: int, model: keras.Model, workers: Workers
) -> dict[str, float]:
    """Run a compiled loop over blocks, of `count` examples together; return the mean metrics."""
    with progress(model.name, count, " examples") as advance:
        for block in blocks:
            with unbroken():
                loop(*tensors(block))
            advance(len(block.labels) * workers.size)
            del block  # before the next but one is read
    with unbroken():
        workers.share_metrics(model)
        means = {name: round(float(x), 6) for name, x in model.get_metrics_result().items()}
        model.reset_metrics()
    return means


def tensors(block: Block) -> tuple[Any, Any, Any]:
    """Hand a block to TensorFlow. The images and labels are shared, not copied."""
    images, labels = (tf.experimental.dlpack.from_dlpack(array.__dlpack__()) for array in block[:2])
    return images, labels, tf.constant(block.order, tf.int32)


def copy_variables(sources: list[Any], targets: list[Any]) -> None:
    """Set variables to the values of others; do nothing where there are no others."""
    for source, target in zip(sources, targets, strict=False):
        target.assign(source.numpy())
