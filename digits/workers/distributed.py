"""One training on several workers: each reads its own rows, and all change the weights alike.

Each holds a whole model. A step adds up the gradients over all workers, in one message, by
TensorFlow's collective operations, and applies the mean. docs/cluster.md says how they are started.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits import process
from digits.backend import context, keras, tf
from digits.backend.variables import set_variables, variables
from digits.data.blocks import CHUNK, Block, in_order, shuffled
from digits.data.loading import Examples
from digits.errors import DigitsError
from digits.files.arrays import release
from digits.params.train import TrainParams
from digits.workers.meeting import Meeting
from digits.workers.watch import Watch

if TYPE_CHECKING:
    from digits.training.checkpoint import Checkpoint

Epochs: TypeAlias = Iterator[Iterator[Block]]


CONNECT, HEARTBEAT = 30.0, 8.0
"""Seconds for TensorFlow to connect the workers; without a heartbeat, until one counts as gone."""
GONE = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
"""What an operation raises that another worker takes part in, and has left."""


class SingleWorker:
    """What a training asks of its workers, answered where there is only one."""

    rank, size, writes = 0, 1, True

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
        """Raise DigitsError where the computation failed because another worker has ended."""

    def finish(self) -> None:
        """Wait until the outputs are written."""


class MultiWorker(SingleWorker):
    """Several workers, seen by one of them. TensorFlow's coordination service watches them."""

    def __init__(self, meeting: Meeting) -> None:
        """Connect the workers that have met. No TensorFlow operation may have run before.

        Raises DigitsError.
        """
        self.rank, self.size, self.rows = meeting.rank, len(meeting.addresses), 1
        self.writes = self.rank == 0 or process.RUN_BY_DVC  # where DVC runs: in another clone
        super().__init__(meeting.params)
        self.meeting = meeting
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]  # or gradients would be sent there
        context().configure_coordination_service(
            "standalone",
            service_leader="/job:worker/task:0",
            cluster_register_timeout_in_ms=int(1000 * CONNECT),
            heartbeat_timeout_in_ms=int(1000 * HEARTBEAT),
        )
        config = context().coordination_service
        config.cluster_register_with_barrier = True  # or the first one would wait without a limit
        config.coordinated_job_list.add(name="worker", num_tasks=self.size)
        cluster = tf.train.ClusterSpec({"worker": meeting.addresses})
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=self.rank, rpc_layer="grpc"
        )
        with self:
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        self.compiled_sum = tf.function(self.all_reduce, autograph=False, reduce_retracing=True)
        watch = Watch(CONNECT)
        self.all_sum(np.zeros(1, np.int32))
        watch.connected = True

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
        if values:  # TensorFlow crashes where it adds up nothing
            set_variables(found, self.broadcast(values))

    def load(self, checkpoint: "Checkpoint") -> list[dict[str, float]]:
        """See `SingleWorker`."""
        content = json.dumps(checkpoint.load()).encode() if self.rank == 0 else b""
        size = int.from_bytes(self.broadcast(len(content).to_bytes(4)))
        history: list[dict[str, float]] = json.loads(self.broadcast(content or bytes(size)))
        return history

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

        model.optimizer.apply = apply_mean
        return train_step

    def sync_metrics(self, model: keras.Model) -> None:
        """See `SingleWorker`. A mean of totals, and of counts, gives the same metrics as sums."""
        others = model.non_trainable_variables
        self.broadcast_variables([v for v in others if "float" not in v.dtype])  # layers' seeds
        found = [*model.metrics_variables, *(v for v in others if "float" in v.dtype)]
        values = np.concatenate([variable.numpy().ravel() for variable in found])
        set_variables(found, (self.all_sum(values) / np.float32(self.size)).tobytes())

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        """See `SingleWorker`."""
        if isinstance(fault, GONE):
            tasks = [int(task) for task in re.findall(r"task:(\d+)", str(fault))]
            other = next((task for task in tasks if task != self.rank), 0)
            raise DigitsError(
                f"{self.meeting.name(other)} has ended, or does not answer, so this worker ends "
                "too. Start all again: they resume from the last checkpoint"
            ) from None

    def finish(self) -> None:
        """See `SingleWorker`."""
        self.all_sum(np.zeros(1, np.int32))
        with suppress(DigitsError):  # one that is here has left the sum before, which needs all
            self.all_sum(np.zeros(1, np.int32))


def take(examples: Examples, start: int, stop: int) -> Examples:
    """Return a view of some of the examples."""
    return Examples(examples.images[start:stop], examples.labels[start:stop])


def digest(arrays: Sequence[NDArray[Any]]) -> str:
    """Return the SHA-256 of the content of arrays; in chunks, since they may exceed memory."""
    content = sha256()
    for array in arrays:
        content.update(f"{array.dtype} {array.shape}".encode())
        for start in range(0, len(array), CHUNK):
            content.update(release(array)[start : start + CHUNK].tobytes())
    return content.hexdigest()


def connect(
    params: TrainParams, arrays: Sequence[NDArray[Any]], same: Mapping[str, str]
) -> SingleWorker:
    """Return this worker, connected to the others if `train.workers` says that there are any.

    arrays, same: the data, and hashes by name of what else must be the same on all workers.
    """
    if params.workers == 1:
        return SingleWorker(params)
    meeting = Meeting(params)
    meeting.compare(
        {"parameters": params.model_dump_json(), "images or labels": digest(arrays), **same}
    )
    return MultiWorker(meeting)
