"""One training on several workers: each reads its own rows, and all change the weights alike.

Each holds a whole model. A step adds up the gradients over all workers, in one message, by
TensorFlow's collective operations, and applies the mean. docs/cluster.md says how they are started.
"""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from time import sleep
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digits.backend import keras, tf
from digits.backend.variables import restore, variables
from digits.data.blocks import CHUNK, Block, in_order, shuffled
from digits.data.loading import Examples
from digits.errors import DigitsError, ParameterError
from digits.files.arrays import remap
from digits.params.train import TrainParams
from digits.workers.meeting import QUIET, Meeting, named

if TYPE_CHECKING:
    from digits.training.checkpoint import Checkpoint


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


class SingleWorker:
    """What a training asks of its workers, answered where there is only one."""

    rank, size = 0, 1

    def __init__(self, params: TrainParams) -> None:
        """Take the params."""
        self.batch_size = params.batch_size // self.size
        self.seed = params.seed + (self.rank << 32)  # of what differs between workers

    def load(self, checkpoint: "Checkpoint") -> list[dict[str, float]]:
        """Return the history that the first worker's checkpoint holds."""
        return checkpoint.load()

    def shard(self, examples: Examples) -> Examples:
        """Return this worker's share of examples, neighbours."""
        return examples

    def epochs(
        self, examples: Examples, params: TrainParams, done: int
    ) -> Iterator[Iterator[Block]]:
        """Return this worker's part of each epoch: as many steps as the others have."""
        return shuffled(examples, self.batch_size, self.seed, params.epochs, done)

    def train_step(self, model: keras.Model) -> Callable[[Any], Any]:
        """Give all workers the first one's variables; return the step of all of them."""
        train_step: Callable[[Any], Any] = model.train_step
        return train_step

    def sync_metrics(self, model: keras.Model) -> None:
        """Make metrics, and what layers keep beside weights, the same on all workers."""

    def __enter__(self) -> None:
        """Compute with the others."""

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """Wait where this failed because another one has ended: this one is ended, too."""

    def finish(self) -> None:
        """End all workers but the first one, which writes the outputs; they wait for its end."""


class MultiWorker(SingleWorker):
    """Several workers, seen by one of them."""

    def __init__(
        self, params: TrainParams, arrays: Sequence[NDArray[Any]], fingerprint: str
    ) -> None:
        """Wait for the others, who must train the same. Raises DigitsError.

        No TensorFlow operation may have run before.
        """
        if sys.platform != "linux" or params.device == "gpu":
            raise ParameterError(
                f"params.yaml: train.workers is {params.workers}: several workers need Linux and "
                "train.device cpu"
            )
        self.size, self.rows = params.workers, 1
        self.rank, addresses = named(params.workers)
        super().__init__(params)
        if params.batch_size % params.workers:
            raise ParameterError(
                f"params.yaml: train.workers is {params.workers}: expected a batch_size that it "
                f"divides, got {params.batch_size}"
            )
        wait, meeting = waiting(), Meeting(self.rank, addresses)
        same = [params.model_dump(), digest(arrays), fingerprint]
        meeting.gather(sha256(json.dumps(same).encode()).hexdigest(), wait)
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

    def all_sum(self, value: NDArray[Any]) -> NDArray[Any]:
        """Add up an array over all workers."""
        with self:
            return np.asarray(self.adding(value))

    def broadcast_bytes(self, values: bytes) -> bytes:
        """Return the first worker's bytes, as many as these."""
        bits = np.frombuffer(values.ljust(-(-len(values) // 4) * 4, b"\0"), np.int32)
        bits = self.all_sum(bits if self.rank == 0 else np.zeros_like(bits))  # not even -0 is lost
        return bits.tobytes()[: len(values)]

    def load(self, checkpoint: "Checkpoint") -> list[dict[str, float]]:
        """See `SingleWorker`. The others learn only how many epochs it holds."""
        history = checkpoint.load() if self.rank == 0 else []
        done = int.from_bytes(self.broadcast_bytes(len(history).to_bytes(4)))
        return history or [{} for _ in range(done)]

    def shard(self, examples: Examples) -> Examples:
        """See `SingleWorker`."""
        count = len(examples.labels)
        return rows(examples, *(count * n // self.size for n in (self.rank, self.rank + 1)))

    def epochs(
        self, examples: Examples, params: TrainParams, done: int
    ) -> Iterator[Iterator[Block]]:
        """See `SingleWorker`."""
        # the examples at the file's end that fill no batch are the last, smaller one
        whole = len(examples.labels) // params.batch_size * params.batch_size
        full = self.shard(rows(examples, 0, whole))
        rest = self.shard(rows(examples, whole, len(examples.labels)))
        none = Block(rest.images[:0].copy(), rest.labels[:0].copy(), np.arange(0))
        last = list(in_order(rest, self.batch_size)) or [none]
        for blocks in shuffled(full, self.batch_size, self.seed, params.epochs, done):
            yield chain(blocks, last if whole < len(examples.labels) else [])

    def train_step(self, model: keras.Model) -> Callable[[Any], Any]:
        """See `SingleWorker`."""
        self.broadcast_variables(variables(model))
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

        def train_step(batch: Any) -> None:
            self.rows = batch[0].shape[0]
            if self.rows:
                model.train_step(batch)
            else:  # fewer examples are left than there are workers
                together([None] * len(weights), weights)

        self.optimizer = model.optimizer
        self.optimizer.apply = together
        return train_step

    def broadcast_variables(self, found: list[Any]) -> None:
        """Set variables to what they are on the first worker."""
        if found:
            restore(
                found,
                self.broadcast_bytes(b"".join(variable.numpy().tobytes() for variable in found)),
            )

    def sync_metrics(self, model: keras.Model) -> None:
        """See `SingleWorker`."""
        beside = model.non_trainable_variables
        means = [v for v in beside if "float" in v.dtype]
        self.broadcast_variables(
            [v for v in beside if "float" not in v.dtype]
        )  # the seeds of layers
        found = [*model.metrics_variables, *means]
        parts = [variable.numpy() for variable in found]
        total = self.all_sum(np.concatenate([part.ravel() for part in parts]))
        restore(found, total.tobytes())
        for variable in means:
            variable.assign(variable.numpy() / self.size)

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """See `SingleWorker`."""
        if isinstance(fault, tf.errors.OpError):  # most likely by the end of another worker,
            sleep(2 * QUIET)  # with which this one is ended

    def finish(self) -> None:
        """See `SingleWorker`."""
        del self.optimizer.apply
        if self.rank:
            sys.exit(0)


def rows(examples: Examples, start: int, stop: int) -> Examples:
    """Return a view of some of the examples."""
    return Examples(examples.images[start:stop], examples.labels[start:stop])


def digest(arrays: Sequence[NDArray[Any]]) -> str:
    """Return the SHA-256 of the content of arrays; in chunks, since they may exceed memory."""
    content = sha256()
    for array in arrays:
        content.update(f"{array.dtype} {array.shape}".encode())
        for start in range(0, len(array), CHUNK):
            content.update(remap(array)[start : start + CHUNK].tobytes())
    return content.hexdigest()


def connect(params: TrainParams, arrays: Sequence[NDArray[Any]], fingerprint: str) -> SingleWorker:
    """Bring together as many workers as `train.workers` says; see `MultiWorker`.

    fingerprint: of the code, the parameters and the libraries, which all workers must share.
    """
    return MultiWorker(params, arrays, fingerprint) if params.workers > 1 else SingleWorker(params)
