"""Downloads from servers that misbehave: the file is whole, or there is one error."""

import contextlib
import re
import socket
import subprocess
import sys

import pytest

from digits.datasets import download as module
from digits.datasets.download import download
from digits.errors import SourceError
from tests.faults.server import Server, body, forever, raw

BODY = bytes(range(256)) * 1000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a full backlog drops packets on Linux")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in {"PAUSES": (0, 0, 0), "TIMEOUT": (0.3, 0.3), "DEADLINE": 20}.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def server():
    with Server() as server:
        yield server


@contextlib.contextmanager
def deaf():
    """A port of loopback that accepts no connection, as behind a firewall that drops packets."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x.npz"


def redirect(target):
    return body(b"", status=302, Location=target)


ANSWERS = {
    "cut at 10 %": (body(BODY[:25_600], announce=len(BODY)), r"IncompleteRead.*\(3 attempts\)", 3),
    "endless": (forever(bytes(2**16), b"HTTP/1.1 200 OK\r\n\r\n"), "than 67,108,864 bytes", 1),
    "no HTTP": (raw(b"220 ftp ready\r\n"), "BadStatusLine|220 ftp", 1),
    "silence": (lambda request: request.server.over.wait(60), "[Tt]imed out", 3),
    "HTTP 404": (body(b"", status=404), "HTTP 404$", 1),
    "HTTP 408": (body(b"", status=408), r"HTTP 408 \(3 attempts\)$", 3),
    "HTTP 503": (body(b"", status=503), r"HTTP 503 \(3 attempts\)$", 3),
    "a redirect to a file": (redirect("file:///etc/passwd"), "No connection adapters .* 'file:", 1),
    "a redirect to itself": (redirect("/x.npz"), "Exceeded 5 redirects", 6),
}
"""The answer to each request, what the error says then, and how many requests there are."""


@pytest.mark.parametrize("case", ANSWERS)
def test_a_bad_answer_is_one_error(server, tmp_path, case):
    server.answers["/x.npz"], message, times = ANSWERS[case]
    with pytest.raises(SourceError, match=message) as fault:
        download(f"{server.address}/x.npz", tmp_path)
    assert "\n" not in str(fault.value)
    assert len(server.asked) == times


@pytest.mark.parametrize("case", ["cut at 10 %", "HTTP 408", "HTTP 503"])
def test_a_temporary_fault_is_retried(server, tmp_path, case):
    server.answers["/x.npz"] = [ANSWERS[case][0], body(BODY)]
    path = download(f"{server.address}/x.npz", tmp_path)
    assert (path, path.read_bytes()) == (tmp_path / "x.npz", BODY)
    assert server.asked == ["/x.npz", "/x.npz"]


def test_the_deadline_holds_for_a_server_that_drips(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 1)
    server.answers["/x"] = forever(b"x", HEAD, pause=0.05)
    with pytest.raises(SourceError, match="not finished within 1 s"):
        download(f"{server.address}/x", tmp_path)


def test_no_connection(tmp_path, monkeypatch):
    with pytest.raises(SourceError, match="Connection refused"):
        download("http://127.0.0.1:9/x.npz", tmp_path)
    with deaf() as url, pytest.raises(SourceError, match="timed out"):
        download(url, tmp_path)
    with pytest.raises(SourceError, match=r"[Nn]ame"):
        download("https://nowhere.invalid/x.npz", tmp_path)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    with pytest.raises(SourceError, match=r"^Missing dependencies for SOCKS support\.$"):
        download("https://nowhere.invalid/x.npz", tmp_path)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for loopback, which requests trusts for this test."""
    path = tmp_path / "loopback.pem"
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1".split()  # noqa: SIM905
    options += ["-addext", "subjectAltName=IP:127.0.0.1"]
    options += ["-keyout", path, "-out", tmp_path / "cert.pem"]
    subprocess.run(["openssl", *options], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    return path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the server's
def test_https_is_verified_and_never_left(server, tmp_path, certificate, monkeypatch):
    with Server(certificate) as secure:
        secure.answers["/up"] = body(BODY)
        server.answers["/start"] = redirect(f"{secure.address}/up")
        assert download(f"{server.address}/start", tmp_path).read_bytes() == BODY
        secure.answers["/down"] = redirect(f"{server.address}/good")
        reason = re.escape(f"for '{server.address}/good'")
        with pytest.raises(SourceError, match=f"No connection adapters were found {reason}"):
            download(f"{secure.address}/down", tmp_path)
        assert "/good" not in server.asked
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(SourceError, match="certificate verify failed"):
            download(f"{secure.address}/up", tmp_path)
