"""One training on several workers: each reads its own rows, and all change the weights alike.

Each holds a whole model. A step takes the mean of all gradients, in one message, by TensorFlow's
collective operations. docs/cluster.md says how workers are started.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits import process
from digits.backend import context, keras, tf
from digits.data.loading import Examples
from digits.errors import DigitsError
from digits.params.train import TrainParams
from digits.watch import Watch
from digits.workers.meeting import Meeting


class Workers:
    """The workers of a training, seen by one of them; often it is the only one.

    TensorFlow's service watches several: all methods raise DigitsError when one ends.
    """

    def __init__(self, params: TrainParams) -> None:
        """Connect the workers, which have met. No TensorFlow operation may have run before."""
        self.params, self.rank, self.size = params, 0, params.workers
        if self.size > 1:
            self._connect()
        self.writes = self.rank == 0 or process.RUN_BY_DVC  # where DVC runs: in another clone
        self.batch_size = params.batch_size // self.size
        self.seed = params.seed + (self.rank << 32)  # of what differs between workers

    def _connect(self) -> None:
        self.meeting = Meeting(self.params)
        self.rank = self.meeting.rank
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]  # or gradients would be sent there
        context().configure_coordination_service(
            "standalone",
            service_leader="/job:worker/task:0",
            cluster_register_timeout_in_ms=60_000,
            heartbeat_timeout_in_ms=8_000,
        )
        config = context().coordination_service
        config.cluster_register_with_barrier = True  # or the first one would wait without a limit
        config.coordinated_job_list.add(name="worker", num_tasks=self.size)
        cluster = tf.train.ClusterSpec({"worker": self.meeting.addresses})
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=self.rank, rpc_layer="grpc"
        )
        with self.together():
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)

        def all_gather(row: Any) -> Any:
            return tf.distribute.get_replica_context().all_gather(tf.identity(row), 0)

        run = partial(self.strategy.run, all_gather)
        self.all_gather = tf.function(run, autograph=False, reduce_retracing=True)
        watch = Watch()
        self.gather(0)
        watch.connected = True

    @contextmanager
    def together(self) -> Iterator[None]:
        """Compute with the others. Raises DigitsError where that fails because one has ended."""
        gone = tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.UnavailableError
        try:
            yield
        except (*gone, tf.errors.DeadlineExceededError) as fault:
            tasks = [int(task) for task in re.findall(r"task:(\d+)", str(fault))]
            other = next((task for task in tasks if task != self.rank), 0)
            raise DigitsError(
                f"{self.meeting.name(other)} has ended, or does not answer, so this worker ends "
                "too. Start all again: they resume from the last checkpoint"
            ) from None

    def gather(self, values: Any) -> NDArray[Any]:
        """Wait for all workers; return an array's values on each, by rank."""
        with self.together():
            rows = self.all_gather((tf.constant(np.ravel(values)[None]),))
            return np.reshape(rows, (self.size, *np.shape(values)))

    def share(self, name: str, words: Any) -> list[Any]:
        """Return what each worker calls by this name, any JSON, by rank."""
        with self.together():
            context().set_config_key_value(f"{name}/{self.rank}", json.dumps(words))
            self.gather(0)  # waits for all
            places = [f"{name}/{rank}" for rank in range(self.size)]
            found = [json.loads(context().get_config_key_value(place)) for place in places]
            self.gather(0)  # or the first one, which holds them, might end
            return found

    def compare(self, decides: Mapping[str, Any]) -> None:
        """Raise DigitsError if another worker trains something else. decides: what, by names."""
        if self.size > 1:
            own = {**decides, "parameters": self.params.model_dump()}
            for rank, other in enumerate(self.share("trained", own)):
                if differ := [key for key in own | other if own.get(key) != other.get(key)]:
                    raise DigitsError(
                        f"{self.meeting.name(rank)} trains something else: expected the same on "
                        f"all workers, got other {', '.join(differ[:3])}"
                    )

    def resume(self, load: Callable[[list[Any]], list[Any]], variables: list[Any]) -> list[Any]:
        """Let the first worker `load` variables and a history; give all workers the same."""
        history = load(variables) if self.rank == 0 else []
        if self.size > 1:
            history = self.share("history", history)[0]
            for variable in variables:
                variable.assign(self.gather(variable.numpy())[0])
        return history

    def shard(self, examples: Examples) -> Examples:
        """Return this worker's share of the examples: a run of neighbours, as many as the others'.

        So at most `workers` - 1 of the last ones are left out.
        """
        count = len(examples.labels) // self.size
        part = slice(self.rank * count, (self.rank + 1) * count)
        return Examples(examples.images[part], examples.labels[part])

    def train_step(self, model: keras.Model) -> Any:
        """Return the step that all take together, each with its examples."""
        if self.size > 1:
            apply = model.optimizer.apply

            def mean(values: list[Any]) -> Any:
                context = tf.distribute.get_replica_context()
                return context.all_reduce("MEAN", [tf.identity(value) for value in values])

            def apply_mean(gradients: list[Any], variables: list[Any]) -> None:
                used = [n for n, gradient in enumerate(gradients) if gradient is not None]
                means = self.strategy.run(mean, ([gradients[n] for n in used],))
                apply(means, [variables[n] for n in used])

            model.optimizer.apply = apply_mean
        return model.train_step

    def share_metrics(self, model: keras.Model) -> None:
        """Set metrics, and what layers hold beside weights, to the means over all workers."""
        if self.size > 1:
            for variable in (*model.metrics_variables, *model.non_trainable_variables):
                if "float" in variable.dtype:
                    variable.assign(self.gather(variable.numpy()).mean(axis=0))

    def finish(self) -> None:
        """Wait until the outputs are written."""
        if self.size > 1:
            self.gather(0)
            with suppress(DigitsError):  # one that is here has left the sum before
                self.gather(0)
