"""One training on several workers: each reads its own rows, and all change the weights alike.

Each holds a whole model. A step adds up the gradients over all workers, in one message, by
TensorFlow's collective operations, and applies the mean. docs/cluster.md says how they are started.
"""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.blocks import Block, in_order, shuffled
from digits.data.dataset import Labels
from digits.data.stored import Examples
from digits.errors import DigitsError, ParameterError
from digits.models.backend import keras, tf
from digits.models.meeting import QUIET, Meeting, named
from digits.models.resuming import code, digest, in_words, restore, variables, versions
from digits.params.train import Train


def waiting() -> float:
    """Return for how many seconds to wait for the others: --wait of the command line.

    Raises ParameterError.
    """
    parser = ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--wait", default="60")
    text = parser.parse_known_args()[0].wait
    with suppress(ValueError):
        if float(text) > 0:
            return float(text)
    raise ParameterError(f"--wait: expected a number of seconds, got {text}")


class Alone:
    """What a training needs to know of its workers, and its answers where there is only one."""

    rank, size = 0, 1

    def __init__(self, recipe: Train) -> None:
        """Take the recipe."""
        self.batch_size = recipe.batch_size // self.size
        self.seed = recipe.seed + (self.rank << 32)  # of what differs between workers

    def tell(self, value: int) -> int:
        """Return what the first worker says."""
        return value

    def own(self, examples: Examples) -> Examples:
        """Return this worker's share of examples, neighbours."""
        return examples

    def epochs(self, examples: Examples, recipe: Train, done: int) -> Iterator[Iterator[Block]]:
        """Return this worker's part of each epoch: as many steps as the others have."""
        return shuffled(examples, self.batch_size, self.seed, recipe.epochs, done)

    def step(self, model: keras.Model) -> Callable[[Any], Any]:
        """Give all workers the first one's variables; return the step of all of them."""
        step: Callable[[Any], Any] = model.train_step
        return step

    def settle(self, model: keras.Model) -> None:
        """Make metrics, and what layers keep beside weights, the same on all workers."""

    def __enter__(self) -> None:
        """Compute with the others."""

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """Wait where this failed because another one has ended: this one is ended, too."""

    def part(self) -> None:
        """End all workers but the first one, which writes the outputs; they wait for its end."""


class Team(Alone):
    """Several workers, seen by one of them."""

    def __init__(self, recipe: Train, labels: list[Labels], settings: object) -> None:
        """Wait for the others, who must have the same labels and settings. Raises DigitsError.

        No TensorFlow operation may have run before.
        """
        if sys.platform != "linux" or recipe.device == "gpu":
            raise ParameterError(
                f"params.yaml: train.workers is {recipe.workers}: several workers need Linux and "
                "train.device cpu"
            )
        self.size, self.rows = recipe.workers, 1
        self.rank, addresses = named(recipe.workers)
        super().__init__(recipe)
        if recipe.batch_size % recipe.workers:
            raise ParameterError(
                f"params.yaml: train.workers is {recipe.workers}: expected a batch_size that it "
                f"divides, got {recipe.batch_size}"
            )
        wait, meeting = waiting(), Meeting(self.rank, addresses)
        told = json.dumps([digest(labels), settings, versions(), code()], default=known)
        meeting.gather(sha256(told.encode()).hexdigest(), wait)
        reached = meeting.attend(wait)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]  # or gradients would go that way
        cluster = tf.train.ClusterSpec({"worker": addresses})
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=self.rank, rpc_layer="grpc"
        )
        try:
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        except (RuntimeError, tf.errors.OpError) as fault:
            reason = str(fault).partition("\n")[0]
            raise DigitsError(
                f"TensorFlow cannot serve at {addresses[self.rank]}: {reason}"
            ) from None
        reached()
        self.adding = tf.function(self.total, autograph=False)

    def total(self, value: Any) -> Any:
        """Add up a tensor over all workers."""

        def add(part: Any) -> Any:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(part))

        return self.strategy.run(add, (value,))

    def summed(self, value: NDArray[Any]) -> NDArray[Any]:
        """Add up an array over all workers."""
        with self:
            return np.asarray(self.adding(value))

    def told(self, values: bytes) -> bytes:
        """Return the first worker's bytes, as many as these."""
        bits = np.frombuffer(values.ljust(-(-len(values) // 4) * 4, b"\0"), np.int32)
        bits = self.summed(bits if self.rank == 0 else np.zeros_like(bits))  # not even -0 is lost
        return bits.tobytes()[: len(values)]

    def tell(self, value: int) -> int:
        """See `Alone`."""
        return int.from_bytes(self.told(value.to_bytes(4)))

    def own(self, examples: Examples) -> Examples:
        """See `Alone`."""
        count = len(examples.labels)
        return rows(examples, *(count * n // self.size for n in (self.rank, self.rank + 1)))

    def epochs(self, examples: Examples, recipe: Train, done: int) -> Iterator[Iterator[Block]]:
        """See `Alone`."""
        # the examples at the file's end that fill no batch are the last, smaller one
        whole = len(examples.labels) // recipe.batch_size * recipe.batch_size
        full = self.own(rows(examples, 0, whole))
        rest = self.own(rows(examples, whole, len(examples.labels)))
        none = Block(rest.images[:0].copy(), rest.labels[:0].copy(), np.arange(0))
        last = list(in_order(rest, self.batch_size)) or [none]
        for blocks in shuffled(full, self.batch_size, self.seed, recipe.epochs, done):
            yield chain(blocks, last if whole < len(examples.labels) else [])

    def step(self, model: keras.Model) -> Callable[[Any], Any]:
        """See `Alone`."""
        self.share(variables(model))
        apply, weights = model.optimizer.apply, model.trainable_variables

        def together(gradients: Any, variables: Any = None) -> None:
            parts = [
                tf.zeros(weight.shape) if gradient is None else tf.convert_to_tensor(gradient)
                for gradient, weight in zip(gradients, weights, strict=True)
            ]
            flat = [tf.reshape(part, [-1]) * self.rows for part in parts]
            total = self.total(tf.concat([*flat, [float(self.rows)]], 0))
            sizes = [part.shape.num_elements() for part in parts]
            means = tf.split(total[:-1] / total[-1], sizes)
            apply(
                [tf.reshape(mean, part.shape) for mean, part in zip(means, parts, strict=True)],
                variables,
            )

        def step(batch: Any) -> None:
            self.rows = batch[0].shape[0]
            if self.rows:
                model.train_step(batch)
            else:  # fewer examples are left than there are workers
                together([None] * len(weights), weights)

        self.optimizer = model.optimizer
        self.optimizer.apply = together
        return step

    def share(self, found: list[Any]) -> None:
        """Set variables to what they are on the first worker."""
        if found:
            restore(found, self.told(b"".join(variable.numpy().tobytes() for variable in found)))

    def settle(self, model: keras.Model) -> None:
        """See `Alone`."""
        beside = model.non_trainable_variables
        means = [v for v in beside if "float" in v.dtype]
        self.share([v for v in beside if "float" not in v.dtype])  # the seeds of layers
        found = [*model.metrics_variables, *means]
        parts = [variable.numpy() for variable in found]
        total = self.summed(np.concatenate([part.ravel() for part in parts]))
        restore(found, total.tobytes())
        for variable in means:
            variable.assign(variable.numpy() / self.size)

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """See `Alone`."""
        if isinstance(fault, tf.errors.OpError):  # most likely by the end of another worker,
            sleep(2 * QUIET)  # with which this one is ended

    def part(self) -> None:
        """See `Alone`."""
        del self.optimizer.apply
        if self.rank:
            sys.exit(0)


def rows(examples: Examples, start: int, stop: int) -> Examples:
    """Return a view of some of the examples."""
    return Examples(examples.images[start:stop], examples.labels[start:stop])


def known(setting: object) -> Any:
    """Put a setting in words, as for a state; those that have none are taken for alike."""
    words = in_words(setting)
    return None if isinstance(words, str) else words


def gather(recipe: Train, labels: list[Labels], settings: object) -> Alone:
    """Bring together the workers that a recipe asks for; see `Team`."""
    return Team(recipe, labels, settings) if recipe.workers > 1 else Alone(recipe)
