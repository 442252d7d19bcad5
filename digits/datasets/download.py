"""Download a file: whole and in time, or with an error in one line."""

import multiprocessing
from multiprocessing.pool import ThreadPool
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from digits.errors import SourceError
from digits.progress import progress

TIMEOUT = (4, 30)
"""Seconds to connect, and to wait for the next bytes. A firewall may drop all packets."""
DEADLINE = 600
"""Seconds for one file, with all attempts."""
ATTEMPTS, PAUSE = 3, 0.5
"""Of the pauses in seconds: doubled before each attempt after the second."""
MAX_BYTES = 64 * 2**20


def download(url: str, folder: Path) -> Path:
    """Download `url` into `folder`; return the path of the file, which the caller verifies.

    Temporary faults (a silent server, a cut transfer, HTTP 408, 429, 5xx) are retried.
    Raises SourceError if the file is not complete in time.
    """
    path = folder / urlsplit(url).path.rsplit("/", 1)[-1]
    # A socket's time-out begins anew with every byte, and the look-up of a name has none. So the
    # transfer runs in a daemon thread, which is left behind when it takes too long.
    with ThreadPool(1) as threads:
        try:
            threads.apply_async(_transfer, (url, path)).get(DEADLINE)
        except multiprocessing.TimeoutError:
            raise SourceError(f"not finished within {DEADLINE} s") from None
    return path


def _transfer(url: str, path: Path) -> None:
    """Write the body of `url` to `path`, as it was sent. Raises SourceError."""
    with _session(urlsplit(url).scheme) as session:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with session.get(url, stream=True, timeout=TIMEOUT) as response:
                    _receive(response, path)
                return
            except HTTPError as cut:  # within the body, where the session does not retry
                if attempt == ATTEMPTS:
                    raise SourceError(f"{_reason(cut)} ({ATTEMPTS} attempts)") from None
            except (requests.RequestException, ValueError) as fault:
                raise SourceError(_reason(fault)) from None


def _session(scheme: str) -> requests.Session:
    """Return a session that retries what fails before the body, and never leaves https."""
    retry = Retry(
        ATTEMPTS - 1,
        connect=0,  # another source is quicker than a server that cannot be reached
        other=0,
        backoff_factor=PAUSE,
        status_forcelist={408, 429, 500, 502, 503, 504},
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session = requests.Session()
    session.max_redirects = 5
    session.headers["Accept-Encoding"] = "identity"
    session.adapters.clear()
    for allowed in ("https", scheme):
        session.mount(f"{allowed}://", HTTPAdapter(max_retries=retry))
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
    while isinstance(inner := fault.__cause__ or fault.__context__, Exception):
        fault = inner
    return str(fault) or type(fault).__name__
