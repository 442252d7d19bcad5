"""Train a Keras model: a whole epoch in one compiled program."""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from digits.backend import keras, tf
from digits.blocks import Block, Examples, in_order, shuffled
from digits.params.train import Train
from digits.progress import progress


def train(
    build: Callable[[], keras.Model],
    training: Examples,
    validation: Examples,
    recipe: Train,
    report: Callable[[str], object] = print,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Build a model and train it by `recipe`, as `model.fit` would, 6 times faster.

    (Both models, 5 epochs of MNIST in batches of 32, compiling included; an epoch after the first
    12 and 10 times. Measured by `make bench`: benchmarks/results/table.md.) It is fast because an
    epoch is one compiled program, with no Python between the steps: see `compile_loop`.

    validation: measured after each epoch if it holds any examples; never learnt from.
    report: called with a line for each epoch when it is over.

    Returns the trained model, compiled, and its history: for each epoch loss and accuracy, means
    over the epoch's steps as Keras reports them, and val_loss and val_accuracy after it.
    """
    epochs = shuffled(training, recipe.batch_size, recipe.seed, recipe.epochs)  # reads already
    keras.utils.set_random_seed(recipe.seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate, name="adam"),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # the loop over the steps is compiled, and the step within it
    )
    learn = compile_loop(model, model.train_step, recipe.batch_size)
    measure = compile_loop(model, model.test_step, recipe.batch_size)
    history: list[dict[str, float]] = []
    start = perf_counter()
    for blocks in epochs:
        metrics = run_over(blocks, learn, model, len(training[1]))
        if len(validation[1]):
            held_out = in_order(validation, recipe.batch_size)
            measured = run_over(held_out, measure, model, len(validation[1]))
            metrics |= {f"val_{name}": value for name, value in measured.items()}
        history.append(metrics)
        values = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        report(f"{model.name}: epoch {len(history)}/{recipe.epochs}, {values}")
    report(f"{model.name}: trained in {perf_counter() - start:.1f} s")
    return model, history


def compile_loop(
    model: keras.Model, step: Callable[[Any], Any], batch_size: int
) -> Callable[[Any, Any, Any], None]:
    """Compile the loop over the batches of a block into one program.

    step: the model's own `train_step` or `test_step`, which `fit` and `evaluate` call as well.

    Returns a function of the block's images, labels and the order in which to take them, as
    tensors. The batches are the consecutive runs of the order; the last one is smaller when the
    batch size does not divide the number of examples. The model's metrics add up over the calls.

    `fit` goes back to Python between steps, which for models this small takes longer than the
    steps themselves. Here the loop over the steps is inside the program, and XLA compiles loop
    and step as one.
    """
    model.optimizer.build(model.trainable_variables)
    model.test_step((tf.zeros((1, *model.input_shape[1:])), tf.zeros(1)))  # builds the metrics

    @tf.function(jit_compile=True, autograph=False)
    def run(images: Any, labels: Any, order: Any) -> None:
        steps, rest = divmod(images.shape[0], batch_size)
        if steps:
            batches = tf.reshape(order[: steps * batch_size], (steps, batch_size))

            def one(i: Any) -> Any:
                step((tf.gather(images, batches[i]), tf.gather(labels, batches[i])))
                return i + 1

            tf.while_loop(lambda i: i < steps, one, [0])
        if rest:
            last = order[steps * batch_size :]
            step((tf.gather(images, last), tf.gather(labels, last)))

    compiled: Callable[[Any, Any, Any], None] = run
    return compiled


def run_over(
    blocks: Iterable[Block], loop: Callable[[Any, Any, Any], None], model: keras.Model, count: int
) -> dict[str, float]:
    """Run a compiled loop over blocks, of `count` examples together; return the mean metrics."""
    model.reset_metrics()
    with progress(model.name, count, " examples") as advance:
        for block in blocks:
            loop(*tensors(block))
            advance(len(block.labels))
            del block  # before the next but one is read
    return {name: round(float(value), 6) for name, value in model.get_metrics_result().items()}


def tensors(block: Block) -> tuple[Any, Any, Any]:
    """Hand a block to TensorFlow. The images and labels are shared, not copied."""
    images, labels = (tf.experimental.dlpack.from_dlpack(array.__dlpack__()) for array in block[:2])
    return images, labels, tf.constant(block.order, tf.int32)
