import contextlib
import hashlib
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from digits.data import download as module
from digits.datasets.download import download
from digits.errors import SourceError

BODY = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def serve(monkeypatch):
    """Start a server on loopback that answers each request by the next of the given functions."""
    monkeypatch.setattr(module, "PAUSE", 0)
    servers = []

    def start(*answers):
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                left.pop(0)(self)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def status(code):
    def answer(request):
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def body(content, announce=None):
    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(announce or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no port is ever deaf")


@contextlib.contextmanager
def deaf():
    """A port of loopback that takes no connection, as behind a firewall that says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/mnist.npz"
        for one in waiting:
            one.close()


def test_the_file_arrives_whole(serve, tmp_path):
    path = download(serve(body(BODY)), SHA256, tmp_path)
    assert path == tmp_path / "mnist.npz"
    assert path.read_bytes() == BODY


def test_passing_faults_are_tried_again(serve, tmp_path):
    url = serve(status(503), body(BODY[:1000], announce=len(BODY)), body(BODY))
    assert download(url, SHA256, tmp_path).read_bytes() == BODY


def test_a_lasting_fault_is_not_tried_again(serve, tmp_path):
    with pytest.raises(SourceError, match="HTTP 404"):
        download(serve(status(404)), SHA256, tmp_path)


@pytest.mark.parametrize(
    ("answer", "message"),
    [(status(500), "HTTP 500"), (body(BODY[:1000], len(BODY)), r"IncompleteRead.*\(3 attempts\)")],
)
def test_three_attempts_are_enough(serve, tmp_path, answer, message):
    with pytest.raises(SourceError, match=message):
        download(serve(*[answer] * 3), SHA256, tmp_path)


def test_another_content_is_thrown_away(serve, tmp_path):
    other = BODY[:-1] + b"!"
    with pytest.raises(SourceError) as fault:
        download(url := serve(body(other)), SHA256, tmp_path)
    assert str(fault.value) == (
        f"{url}: expected SHA-256 {SHA256}, got {hashlib.sha256(other).hexdigest()}; "
        "the file was thrown away"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0)
    with pytest.raises(SourceError, match="Connection refused"):
        download("http://127.0.0.1:9/mnist.npz", SHA256, tmp_path)


def test_a_file_that_does_not_end_is_cut_off(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(SourceError, match="larger than 1,000 bytes"):
        download(serve(body(BODY)), SHA256, tmp_path)


def test_a_server_that_is_too_slow_is_left(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 0)
    with pytest.raises(SourceError, match="not finished within 0 s"):
        download(serve(body(BODY)), SHA256, tmp_path)


@pytest.mark.fault("field: settings of the environment")
def test_a_name_that_is_unknown_is_asked_for_once(tmp_path, monkeypatch):
    asked = []

    def unknown(name, *_):
        asked.append(name)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SourceError, match="Name or service not known"):
        download("https://digits.invalid/mnist.npz", SHA256, tmp_path)
    assert asked.count("digits.invalid") == 1  # a transfer that was left may ask for another


@LINUX
@pytest.mark.fault("field: settings of the environment")
def test_servers_that_take_no_connection_are_told_from_all_others(serve, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with contextlib.ExitStack() as stack:
        full = [stack.enter_context(deaf()) for _ in range(3)]
        others = [serve(), "http://127.0.0.1:9/", "https://digits.invalid/", "no address"]
        assert module.silent([*full, *others]) == full


@LINUX
@pytest.mark.fault("field: settings of the environment")
def test_a_proxy_that_takes_no_connection(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with deaf() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", urlsplit(proxy).netloc)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert module.silent(["https://digits.invalid/x"]) == ["https://digits.invalid/x"]
