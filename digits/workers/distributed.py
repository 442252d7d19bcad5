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
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.backend import keras, tf
from digits.backend.variables import set_variables, variables
from digits.data.blocks import CHUNK, Block, in_order, shuffled
from digits.data.loading import Examples
from digits.errors import DigitsError, ParameterError
from digits.files.arrays import remap
from digits.params.train import TrainParams
from digits.workers.meeting import TIMEOUT, Meeting, read_tf_config

if TYPE_CHECKING:
    from digits.training.checkpoint import Checkpoint

Epochs: TypeAlias = Iterator[Iterator[Block]]


class SingleWorker:
    """What a training asks of its workers, answered where there is only one."""

    rank, size = 0, 1

    def __init__(self, params: TrainParams) -> None:
        """Take the parameters."""
        self.batch_size = params.batch_size // self.size
        self.seed = params.seed + (self.rank << 32)  # of what differs between workers

    def load(self, checkpoint: "Checkpoint") -> list[dict[str, float]]:
        """Return the history that the first worker's checkpoint holds."""
        return checkpoint.load()

    def shard(self, examples: Examples) -> Examples:
        """Return this worker's share of the examples: a run of neighbours."""
        return examples

    def epochs(self, examples: Examples, params: TrainParams, done: int) -> Epochs:
        """Return this worker's part of each epoch but the first `done`; all take as many steps."""
        return shuffled(examples, self.batch_size, self.seed, params.epochs, done)

    def train_step(self, model: keras.Model) -> Callable[[Any], Any]:
        """Give all workers the first one's variables; return the step that all take together."""
        train_step: Callable[[Any], Any] = model.train_step
        return train_step

    def sync_metrics(self, model: keras.Model) -> None:
        """Make metrics, and what layers hold beside weights, the same on all workers."""

    def __enter__(self) -> None:
        """Compute with the others."""

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """Wait to be ended if this worker failed because another one has ended."""

    def finish(self) -> None:
        """Exit on all workers but the first, which writes the outputs."""


class MultiWorker(SingleWorker):
    """Several workers, seen by one of them."""

    def __init__(self, params: TrainParams, arrays: Sequence[NDArray[Any]], code: str) -> None:
        """Wait for the others, who must train the same. Raises DigitsError.

        No TensorFlow operation may have run before.
        """
        if sys.platform != "linux" or params.device == "gpu":
            raise ParameterError(
                f"params.yaml: train.workers is {params.workers}: several workers need Linux and "
                "train.device cpu"
            )
        self.size, self.rows = params.workers, 1
        self.rank, addresses = read_tf_config(params.workers)
        super().__init__(params)
        if params.batch_size % params.workers:
            raise ParameterError(
                f"params.yaml: train.workers is {params.workers}: expected a batch_size that it "
                f"divides, got {params.batch_size}"
            )
        wait, meeting = wait_seconds(), Meeting(self.rank, addresses)
        same = [params.model_dump(), digest(arrays), code]
        meeting.meet(sha256(json.dumps(same).encode()).hexdigest(), wait)
        connected = meeting.supervise(wait)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]  # or gradients would be sent there
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
        connected()
        self.compiled_sum = tf.function(self.all_reduce, autograph=False)

    def all_reduce(self, value: Any) -> Any:
        """Add up a tensor over all workers."""

        def add(part: Any) -> Any:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(part))

        return self.strategy.run(add, (value,))

    def all_sum(self, value: NDArray[Any]) -> NDArray[Any]:
        """Add up an array over all workers."""
        with self:
            return np.asarray(self.compiled_sum(value))

    def broadcast(self, values: bytes) -> bytes:
        """Return the first worker's bytes, as many as these."""
        bits = np.frombuffer(values.ljust(-(-len(values) // 4) * 4, b"\0"), np.int32)
        bits = self.all_sum(bits if self.rank == 0 else np.zeros_like(bits))  # not even -0 is lost
        return bits.tobytes()[: len(values)]

    def broadcast_variables(self, found: list[Any]) -> None:
        """Set variables to what they are on the first worker."""
        values = b"".join(variable.numpy().tobytes() for variable in found)
        if values:
            set_variables(found, self.broadcast(values))

    def load(self, checkpoint: "Checkpoint") -> list[dict[str, float]]:
        """See `SingleWorker`. The others learn only how many epochs it holds."""
        history = checkpoint.load() if self.rank == 0 else []
        done = int.from_bytes(self.broadcast(len(history).to_bytes(4)))
        return history or [{} for _ in range(done)]

    def shard(self, examples: Examples) -> Examples:
        """See `SingleWorker`."""
        count = len(examples.labels)
        return take(examples, *(count * n // self.size for n in (self.rank, self.rank + 1)))

    def epochs(self, examples: Examples, params: TrainParams, done: int) -> Epochs:
        """See `SingleWorker`. The file's last examples, if they fill no batch, are the last one."""
        count = len(examples.labels)
        whole = count // params.batch_size * params.batch_size
        full, rest = self.shard(take(examples, 0, whole)), self.shard(take(examples, whole, count))
        none = Block(rest.images[:0].copy(), rest.labels[:0].copy(), np.arange(0))
        last = list(in_order(rest, self.batch_size)) or [none]
        for blocks in shuffled(full, self.batch_size, self.seed, params.epochs, done):
            yield chain(blocks, last if whole < count else [])

    def train_step(self, model: keras.Model) -> Callable[[Any], Any]:
        """See `SingleWorker`."""
        self.broadcast_variables(variables(model))
        apply, weights = model.optimizer.apply, model.trainable_variables

        def apply_mean(gradients: Any, variables: Any = None) -> None:
            parts = [
                tf.zeros(weight.shape) if gradient is None else tf.convert_to_tensor(gradient)
                for gradient, weight in zip(gradients, weights, strict=True)
            ]
            flat = [tf.reshape(part, [-1]) * self.rows for part in parts]
            total = self.all_reduce(tf.concat([*flat, [float(self.rows)]], 0))
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
                apply_mean([None] * len(weights), weights)

        self.optimizer = model.optimizer
        self.optimizer.apply = apply_mean
        return train_step

    def sync_metrics(self, model: keras.Model) -> None:
        """See `SingleWorker`."""
        others = model.non_trainable_variables
        self.broadcast_variables([v for v in others if "float" not in v.dtype])  # layers' seeds
        means = [v for v in others if "float" in v.dtype]
        summed = [*model.metrics_variables, *means]
        values = np.concatenate([variable.numpy().ravel() for variable in summed])
        set_variables(summed, self.all_sum(values).tobytes())
        for variable in means:
            variable.assign(variable.numpy() / self.size)

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """See `SingleWorker`."""
        if isinstance(fault, tf.errors.OpError):  # most likely another worker has ended, and
            sleep(2 * TIMEOUT)  # the supervisor ends this one, with the reason

    def finish(self) -> None:
        """See `SingleWorker`."""
        del self.optimizer.apply
        if self.rank:
            sys.exit(0)


def wait_seconds() -> float:
    """Return for how long to wait for the others: --wait of the command line.

    Raises ParameterError.
    """
    parser = ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--wait", default="60")
    text = parser.parse_known_args()[0].wait
    with suppress(ValueError):
        if float(text) > 0:
            return float(text)
    raise ParameterError(f"--wait: expected a number of seconds, got {text}")


def take(examples: Examples, start: int, stop: int) -> Examples:
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


def connect(params: TrainParams, arrays: Sequence[NDArray[Any]], code: str) -> SingleWorker:
    """Return this worker, connected to the others if `train.workers` says that there are any.

    arrays, code: the data, and a hash of code and libraries; both must be the same on all workers.
    """
    return MultiWorker(params, arrays, code) if params.workers > 1 else SingleWorker(params)
