"""Download a file that is known by its SHA-256: whole and verified, or an error."""

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from digits.errors import SourceError
from digits.progress import progress

TIMEOUT = (10, 30)
"""Seconds to connect, and to wait for the next bytes."""
DEADLINE = 600
"""Seconds for one file, all attempts together."""
ATTEMPTS = 3
PAUSE = 0.5
"""Seconds before the second attempt; doubled before each further one."""
MAX_PAUSE = 30
"""Seconds, when the server asks for a longer pause (Retry-After)."""
MAX_BYTES = 64 * 2**20
TRANSIENT = {408, 429, 500, 502, 503, 504}


class _PassingError(Exception):
    """A fault that may pass, in `wait` seconds if the server knows."""

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = min(wait, MAX_PAUSE)


def download(url: str, sha256: str, folder: Path) -> Path:
    """Fetch `url` into `folder` and return the file, whose SHA-256 is then `sha256`.

    Passing faults (connection, time-out, cut transfer, HTTP 408, 429, 5xx) are tried again.
    Raises SourceError: not to be had, or another content, which is thrown away.
    """
    path = folder / urlsplit(url).path.rsplit("/", 1)[-1]
    deadline = time.monotonic() + DEADLINE
    for attempt in range(ATTEMPTS):
        try:
            got = _within(deadline, lambda: _transfer(url, path, deadline))
            break
        except _PassingError as fault:
            if attempt == ATTEMPTS - 1:
                raise SourceError(f"{fault} ({ATTEMPTS} attempts)") from None
            time.sleep(max(PAUSE * 2**attempt, fault.wait))
    if got != sha256:
        path.unlink()
        raise SourceError(f"{url}: expected SHA-256 {sha256}, got {got}; the file was thrown away")
    return path


def _within(deadline: float, transfer: Callable[[], str]) -> str:
    """Return what `transfer` returns. Raises SourceError at the deadline, whatever it waits for.

    The time-out of a socket begins anew with every byte, and that of a name look-up is not ours
    to set: so the transfer has a thread of its own, and is left behind when it takes too long.
    """
    outcome: Future[str] = Future()

    def work() -> None:
        try:
            outcome.set_result(transfer())
        except Exception as fault:
            outcome.set_exception(fault)

    threading.Thread(target=work, daemon=True).start()
    try:
        return outcome.result(max(0, deadline - time.monotonic()))
    except TimeoutError:
        raise SourceError(f"not finished within {DEADLINE} s") from None


def _transfer(url: str, path: Path, deadline: float) -> str:
    """Write the body of `url` to `path`, as it was sent; return its SHA-256."""
    try:
        with requests.Session() as session:
            session.max_redirects = 5
            session.headers["Accept-Encoding"] = "identity"
            session.hooks["response"].append(_refuse_downgrade)
            with session.get(url, stream=True, timeout=TIMEOUT) as response:
                return _receive(response, path, deadline)
    except requests.TooManyRedirects:
        raise SourceError("redirected more than 5 times") from None
    except (requests.RequestException, HTTPError, ValueError) as fault:
        raise _PassingError(_reason(fault)) from None


def _receive(response: requests.Response, path: Path, deadline: float) -> str:
    if response.status_code in TRANSIENT:
        wait = Retry().get_retry_after(response.raw) or 0
        raise _PassingError(f"HTTP {response.status_code}", wait)
    if not response.ok:
        raise SourceError(f"HTTP {response.status_code}")
    digest = hashlib.sha256()
    size = response.raw.length_remaining or 0
    with path.open("wb") as file, progress(path.name, size, "B") as advance:
        while block := response.raw.read(2**16, decode_content=False):
            file.write(block)
            digest.update(block)
            advance(len(block))
            if file.tell() > MAX_BYTES:
                raise SourceError(f"larger than {MAX_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise SourceError(f"not finished within {DEADLINE} s")
    return digest.hexdigest()


def _refuse_downgrade(response: requests.Response, **_: Any) -> None:
    """Raise SourceError at a redirect from https to anything else, or to neither http nor https."""
    if response.is_redirect:
        with response:  # closes it, whatever comes
            target = urljoin(response.url, response.headers["location"])
            if urlsplit(target).scheme not in ("https", urlsplit(response.url).scheme):
                raise SourceError(f"redirected to {target}, which is not followed")


def _reason(fault: BaseException) -> str:
    """Return the innermost cause, without the addresses of objects that requests puts around it."""
    while (inner := fault.__cause__ or fault.__context__) and isinstance(inner, Exception):
        fault = inner
    return str(fault) or type(fault).__name__
