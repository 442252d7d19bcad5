"""Read from the environment where the workers of a training are."""

import json
import os
import sys
from contextlib import suppress
from urllib.parse import urlsplit

from digits.errors import ParameterError

FORM = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'


def read_tf_config(workers: int) -> tuple[int, list[str]]:
    """Return this worker's rank and all addresses, by TF_CONFIG. Raises ParameterError."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        kinds = {kind: cluster.get(kind, []) for kind in ("chief", "worker")}
        addresses = [*kinds["chief"], *kinds["worker"]]
        if not len(set(map(split_address, addresses))) == len(addresses) == workers:
            raise ValueError
        own = dict(enumerate(kinds[task["type"]]))[int(str(task["index"]))]
        return addresses.index(own), addresses
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise ParameterError(
            f"train.workers in params.yaml is {workers}: expected TF_CONFIG in the environment to "
            f"be like {FORM}, with {workers} different addresses, got {text[:300]!r}"
        ) from None


def split_address(address: str) -> tuple[str, int]:
    """Split host and port. Raises ValueError."""
    parts = urlsplit(f"//{address}")
    if parts.netloc != address or not parts.hostname or not parts.port:
        raise ValueError
    return parts.hostname, parts.port


def wait_seconds() -> float:
    """Return how long to wait for the others: --wait, or DIGITS_WAIT. Raises ParameterError."""
    words = [*sys.argv, "--wait", os.environ.get("DIGITS_WAIT", "60")]
    text = words[words.index("--wait") + 1]
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise ParameterError(f"--wait: expected a number of seconds, got {text}")
