"""Download a file that is known by its hash: whole and verified, or an error."""

import contextlib
import hashlib
import multiprocessing
import socket
import time
from collections.abc import Iterable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import Retry
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
)

from digits.errors import SourceError
from digits.progress import progress

TIMEOUT = (10, 30)
"""Seconds to connect, and to wait for the next bytes."""
DEADLINE = 600
"""Seconds for one file, all attempts together."""
PATIENCE = 4
"""Seconds for a server to take a connection, or it is asked for a file after all others."""
ATTEMPTS = 3
PAUSE = 0.5
"""Seconds, doubled before each attempt after the second."""
MAX_PAUSE = 30
"""Seconds, when the server asks for a longer pause (Retry-After)."""
MAX_BYTES = 64 * 2**20


def download(url: str, digest: str, folder: Path) -> Path:
    """Fetch `url` into `folder` and return the file, whose hash is then `digest`.

    digest: a SHA-256; or an MD5 where no other is published, and what the file holds is checked by
        more.

    Passing faults (connection, time-out, cut transfer, HTTP 408, 429, 5xx) are tried again.
    Raises SourceError: not to be had in time, or another content, which is thrown away.
    """
    path = folder / urlsplit(url).path.rsplit("/", 1)[-1]
    # The time-out of a socket begins anew with every byte, and that of a name look-up is not ours
    # to set: so the transfer has a thread, a daemon, which is left behind when it takes too long.
    with ThreadPool(1) as threads:
        try:
            threads.apply_async(_transfer, (url, path)).get(DEADLINE)
        except multiprocessing.TimeoutError:
            raise SourceError(f"not finished within {DEADLINE} s") from None
    kind = "SHA-256" if len(digest) == 64 else "MD5"
    made = hashlib.new(kind.replace("-", ""), path.read_bytes(), usedforsecurity=kind != "MD5")
    if (got := made.hexdigest()) != digest:
        path.unlink()
        raise SourceError(f"{url}: expected {kind} {digest}, got {got}; the file was thrown away")
    return path


def silent(urls: Iterable[str]) -> list[str]:
    """Name those of `urls` whose server, or proxy, takes no connection within PATIENCE seconds.

    All are tried at once, so that a firewall that swallows everything costs that time once. What is
    no URL of http(s), or refused, or unknown, does not count: a download says so at once.
    """
    tried = [url for url in urls if url.startswith("http")]
    end = time.monotonic() + PATIENCE
    with ThreadPool(max(len(tried), 1)) as threads:  # daemons: a look-up of a name may take longer
        answers = [threads.apply_async(_connect, [url]) for url in tried]
        for answer in answers:
            answer.wait(max(0, end - time.monotonic()))
        return [url for url, answer in zip(tried, answers, strict=True) if not answer.ready()]


def _connect(url: str) -> None:
    proxy = select_proxy(url, get_environ_proxies(url))
    server = urlsplit(url if not proxy else proxy if "//" in proxy else f"http://{proxy}")
    port = server.port or (443 if server.scheme == "https" else 80)
    with contextlib.suppress(OSError):
        wait = 2 * PATIENCE  # longer than `silent` does, or what has ended would count as an answer
        socket.create_connection((server.hostname, port), wait).close()


def _transfer(url: str, path: Path) -> None:
    """Write the body of `url` to `path`, as it was sent. Raises SourceError."""
    with _session(urlsplit(url).scheme) as session:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with session.get(url, stream=True, timeout=TIMEOUT) as response:
                    _receive(response, path)
                return
            except HTTPError as cut:  # within the body, where the session does not see it
                if attempt == ATTEMPTS:
                    raise SourceError(f"{_reason(cut)} ({ATTEMPTS} attempts)") from None
            except (requests.RequestException, ValueError) as fault:
                raise SourceError(_reason(fault)) from None


class _Retry(Retry):
    """As urllib3 repeats requests, but not to an unknown name or a server that does not answer."""

    def increment(self, method: Any = None, url: Any = None, **fault: Any) -> Retry:  # type: ignore[override]
        if isinstance(fault.get("error"), NameResolutionError | ConnectTimeoutError):
            raise MaxRetryError(fault["_pool"], url, fault["error"])
        return super().increment(method, url, **fault)


def _session(scheme: str) -> requests.Session:
    """Return a session that tries again what fails before the body, and never leaves https."""
    retry = _Retry(
        ATTEMPTS - 1,
        backoff_factor=PAUSE,
        status_forcelist={408, 429, 500, 502, 503, 504},
        raise_on_status=False,
        retry_after_max=MAX_PAUSE,
    )
    session = requests.Session()
    session.max_redirects = 5
    session.headers["Accept-Encoding"] = "identity"
    session.adapters.clear()
    for followed in ("https", scheme):
        session.mount(f"{followed}://", HTTPAdapter(max_retries=retry))
    return session


def _receive(response: requests.Response, path: Path) -> None:
    if not response.ok:
        raise SourceError(f"HTTP {response.status_code}")
    size = response.raw.length_remaining or 0
    with path.open("wb") as file, progress(path.name, size, "B") as advance:
        for block in response.raw.stream(2**16, decode_content=False):
            file.write(block)
            advance(len(block))
            if file.tell() > MAX_BYTES:
                raise SourceError(f"larger than {MAX_BYTES:,} bytes")


def _reason(fault: BaseException) -> str:
    """Return the innermost cause, without the addresses of objects that requests puts around it."""
    while (inner := fault.__cause__ or fault.__context__) and isinstance(inner, Exception):
        fault = inner
    return str(fault) or type(fault).__name__
