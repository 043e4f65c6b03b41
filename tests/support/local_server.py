"""A web server on this machine that misbehaves on command, and small pieces of data to serve."""

import gzip
import hashlib
import io
import ssl
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

# Rows of all gases in the original files, batch 1 … 10 (data set description); 13,910 together.
TOTAL_ROWS = (445, 1244, 1586, 161, 197, 2300, 3613, 294, 470, 3600)

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Answers by path, used up in order, the last one repeated; what was asked for stands in `requests`."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url + path


def serve(body: bytes) -> Answer:
    """The whole body, properly."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def truncate(body: bytes, length: int, *, announce: bool) -> Answer:
    """The beginning of the body, with or without having announced all of it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if announce:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:length])

    return answer


def refuse(status: int) -> Answer:
    """An error page."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def stall(seconds: float) -> Answer:
    """Silence."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.server.stopping.wait(seconds)  # type: ignore[attr-defined]
        handler.close_connection = True

    return answer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script: Server = self.server.script  # type: ignore[attr-defined]
        script.requests.append(self.path)
        answers = script.answers.get(self.path, [refuse(404)])
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        pass  # the client gave up: that is what is being tested


@contextmanager
def running(certificate: Path | None = None) -> Iterator[Server]:
    """The server, as long as the context lasts; over TLS where a file with its key and `certificate` is given."""
    with _Server(("127.0.0.1", 0), _Handler) as http:
        script = Server(f"http{'s' if certificate else ''}://127.0.0.1:{http.server_port}")
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True)
        http.script, http.stopping = script, threading.Event()
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield script
        http.stopping.set()
        http.shutdown()
        thread.join()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def row(gas: int, value: float = 1.0) -> str:
    """One made-up row in the original format."""
    return f"{gas};{10 + value:.6f} " + " ".join(f"{i}:{value + i:.6f}" for i in range(1, 129)) + " \n"


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as a gzipped IDX file."""
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)
