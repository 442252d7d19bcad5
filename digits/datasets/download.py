"""Download a file: whole and in time, or with an error in one line."""

import multiprocessing
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from digits.errors import SourceError
from digits.progress import progress

TIMEOUT = (4, 30)  # seconds to connect, and to wait for the next bytes
DEADLINE = 600  # seconds for one file, with all attempts
PAUSES = (0.5, 1, 0)  # seconds after each attempt
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
    with requests.Session() as session:
        session.max_redirects = 5
        session.headers["Accept-Encoding"] = "identity"
        if url.startswith("https:"):  # which a redirect must not leave
            del session.adapters["http://"]
        for pause in PAUSES:
            try:
                with session.get(url, stream=True, timeout=TIMEOUT) as response:
                    if response.ok:
                        return _receive(response, path)
                    fault, code = f"HTTP {response.status_code}", response.status_code
                    if code < 500 and code not in (408, 429):
                        raise SourceError(fault)
            except (HTTPError, requests.ReadTimeout) as cut:
                fault = _reason(cut)
            except (requests.RequestException, ValueError) as final:
                raise SourceError(_reason(final)) from None
            time.sleep(pause)
        raise SourceError(f"{fault} ({len(PAUSES)} attempts)")


def _receive(response: requests.Response, path: Path) -> None:
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
    return " ".join(str(fault).split()) or type(fault).__name__
