"""The proxy's own configuration, run by a real Caddy: TLS ends there, WebSockets pass, large bodies do not."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from colorizer.images import LIMITS

ROOT = Path(__file__).resolve().parents[3]
LARGEST_PHOTO = LIMITS.max_bytes
_START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Proxy:
    """Caddy in front of something that answers; `tls` trusts its certificate."""

    port: int
    tls: ssl.SSLContext

    def request(self, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str]]:
        """Status of a request, and the headers that it came with behind the proxy."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.status == 200 else {}


class _Echo(BaseHTTPRequestHandler):
    """Says with which headers it was asked, once it has all of the body."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def caddy(upstream: int, folder: Path) -> Iterator[Proxy]:
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed: apt-get install caddy")
    port = free_port()
    environment = {
        **os.environ,
        "COLORIZER_HOST": "localhost",
        "COLORIZER_UPSTREAM": f"127.0.0.1:{upstream}",
        "COLORIZER_HTTP_PORT": str(free_port()),
        "COLORIZER_HTTPS_PORT": str(port),
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    command = ["caddy", "run", "--config", str(ROOT / "hosting/proxy/Caddyfile"), "--adapter", "caddyfile"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        root = folder / "caddy/pki/authorities/local/root.crt"
        end = time.monotonic() + _START_SECONDS
        while not (root.exists() and _shakes_hands(port, root)):
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail((folder / "log").read_text())
            time.sleep(0.1)
        yield Proxy(port, ssl.create_default_context(cafile=str(root)))
    finally:
        process.terminate()
        process.wait(30)


def _shakes_hands(port: int, root: Path) -> bool:
    """Whether the certificate is there already: the port is open before."""
    context = ssl.create_default_context(cafile=str(root))
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            context.wrap_socket(plain, server_hostname="localhost").close()
    except OSError:
        return False
    return True


def test_tls_ends_there_and_a_photo_passes_while_larger_bodies_do_not(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with caddy(server.server_port, tmp_path) as proxy:
            status, headers = proxy.request(bytes(LARGEST_PHOTO), **{"X-Forwarded-For": "198.51.100.9"})
            assert status == 200 and headers["X-Forwarded-Proto"] == "https"
            assert headers["X-Forwarded-For"] == "127.0.0.1", "what the visitor says of itself is dropped"
            try:
                status, _ = proxy.request(bytes(LARGEST_PHOTO + 3_000_000))
            except OSError:  # the connection ends while the body is still being sent
                status = 413
            assert status in (413, 502)
        server.shutdown()


def test_a_websocket_passes_both_ways(tmp_path: Path) -> None:
    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (
            caddy(server.socket.getsockname()[1], tmp_path) as proxy,
            connect(f"wss://localhost:{proxy.port}/_stcore/stream", ssl=proxy.tls, max_size=None) as visitor,
        ):
            for message in (b"short", bytes(3_000_000)):
                visitor.send(message)
                assert visitor.recv(60) == message
        server.shutdown()
