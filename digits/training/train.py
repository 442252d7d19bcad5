"""Train a Keras model: build, compile, loop. A whole epoch is one compiled program."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from digits.backend import compute_on, keras, tf
from digits.data.blocks import Block, in_order
from digits.data.loading import Examples
from digits.params.train import TrainParams
from digits.process import unbroken
from digits.progress import progress
from digits.training.augmentation import Augment, augmented
from digits.training.checkpoint import Checkpoint, fingerprint
from digits.workers.distributed import SingleWorker, connect

History: TypeAlias = list[dict[str, float]]
"""For each epoch loss and accuracy, means over its steps; val_loss and val_accuracy after it."""


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
    stage: str | None = None,
) -> tuple[keras.Model, History]:
    """Build a model and train it as `model.fit` would, 6 to 7 times faster.

    (hidden and basic, 5 epochs of MNIST in batches of 32, compiling included; an epoch after the
    first 9 and 13 times: `python -m benchmarks training`.) See `compile_loop`.

    build: makes the model for so many pixels and so many classes.
    training, validation: images and labels, in memory or memory-mapped, slices and views as well.
        The model is measured on validation after each epoch if it holds any examples.
    classes: how many there are; by default the highest label says.
    optimizer: makes the optimizer for the parameters and a number of steps an epoch.
    loss: makes the loss; by default the cross-entropy, see `cross_entropy`.
    augment: changes the images of each block anew in each epoch.
    after_epoch: called with the history so far.
    stage: the stage of dvc.yaml whose checkpoints are saved, and resumed from if it was killed.

    Returns the trained model, compiled, and its history. With several workers only the first one
    returns; the others exit when it has both.
    Raises DigitsError where the workers or the GPU are not available.
    """
    compute_on(params.device)
    checkpoint = Checkpoint(stage)
    same = fingerprint(stage, data=False) if stage else ""
    workers = connect(params, (*training, *validation), same)
    history = workers.load(checkpoint)
    epochs = workers.epochs(training, params, len(history))
    if augment:
        epochs = augmented(epochs, augment, workers.seed, len(history))

    keras.utils.set_random_seed(params.seed)
    model = build(training.images.shape[1], classes or int(training.labels.max()) + 1)
    model.compile(
        optimizer=optimizer(params, -(-len(training.labels) // params.batch_size)),
        loss=loss() if loss else cross_entropy(model),
        metrics=["accuracy"],
        jit_compile=False,  # the loop over the steps is compiled, and the step within it
    )
    model.optimizer.build(model.trainable_variables)
    model.test_step((training.images[:1], training.labels[:1]))  # makes the variables of metrics
    checkpoint.restore(model)

    with workers:
        train_block = compile_loop(model, workers.train_step(model), workers)
        test_block = compile_loop(model, model.test_step, workers)
        for blocks in epochs:
            means = run_epoch(blocks, train_block, model, workers, len(training.labels))
            if len(validation.labels):
                blocks = in_order(workers.shard(validation), workers.batch_size)
                measured = run_epoch(blocks, test_block, model, workers, len(validation.labels))
                means |= {f"val_{name}": value for name, value in measured.items()}
            history.append(means)
            if workers.rank == 0:
                after_epoch(history)
                checkpoint.save(model, history)
    workers.finish()
    return model, history


def cross_entropy(model: keras.Model) -> Any:
    """Return the cross-entropy of the softmax of the model's logits.

    Sigmoid and softmax outputs keep their logits beside them, which Keras's loss by name finds; a
    last layer without an activation puts out the logits themselves.
    """
    if getattr(model.layers[-1], "activation", None) is keras.activations.linear:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return "sparse_categorical_crossentropy"


def compile_loop(
    model: keras.Model, step: Callable[[Any], Any], workers: SingleWorker
) -> Callable[[Any, Any, Any], None]:
    """Compile the loop over the batches of a block into one program.

    step: the model's own `train_step` or `test_step`, which `fit` and `evaluate` call as well.
    workers: if there are several, their messages are between the steps.

    Returns a function of the block's images, labels and the order in which to take them, as
    tensors. The batches are the consecutive runs of the order; the last one is smaller when the
    batch size does not divide the number of examples. The model's metrics add up over the calls.

    `fit` goes back to Python between steps, which for models this small takes longer than the
    steps themselves. Here the loop over the steps is inside the program, and XLA compiles loop
    and step as one; not where there are convolutions, which XLA makes 6 to 9 times slower on a CPU.
    """
    batch_size, alone = workers.batch_size, workers.size == 1
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


def run_epoch(
    blocks: Iterable[Block],
    loop: Callable[[Any, Any, Any], None],
    model: keras.Model,
    workers: SingleWorker,
    count: int,
) -> dict[str, float]:
    """Run a compiled loop over blocks, of `count` examples together; return the mean metrics."""
    with unbroken():
        model.reset_metrics()
    with progress(model.name, count, " examples") as advance:
        for block in blocks:
            with unbroken():
                loop(*tensors(block))
            advance(len(block.labels) * workers.size)
            del block  # before the next but one is read
    with unbroken():
        workers.sync_metrics(model)
        return {name: round(float(value), 6) for name, value in model.get_metrics_result().items()}


def tensors(block: Block) -> tuple[Any, Any, Any]:
    """Hand a block to TensorFlow. The images and labels are shared, not copied."""
    images, labels = (tf.experimental.dlpack.from_dlpack(array.__dlpack__()) for array in block[:2])
    return images, labels, tf.constant(block.order, tf.int32)
