"""A server on loopback, and the ways in which it misbehaves."""

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Answers a request by the function in `answers` for its path.

    A list of functions there is used up one by one; the last one stays.
    """

    def __init__(self, certificate=None):
        self.answers, self.asked, over = {}, [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                answer = outer.answers[self.path]
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.over = over
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.address = f"{scheme}://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.over.set()
        self.http.shutdown()
        self.http.server_close()


def body(content, announce=True, status=200, **headers):
    """Send `content`; announce: its length, another one, or none."""

    def answer(request):
        request.send_response(status)
        if announce:
            length = len(content) if announce is True else announce
            request.send_header("Content-Length", str(length))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def raw(content):
    """Send bytes, whether they are HTTP or not."""
    return lambda request: request.wfile.write(content)


def forever(content, head, pause=0.0):
    """Send `head` at once, and `content` again and again, with a pause each time."""

    def answer(request):
        request.wfile.write(head)
        while not request.server.over.wait(pause):
            request.wfile.write(content)

    return answer
