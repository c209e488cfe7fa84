"""A real server on loopback for files of weights, which answers as badly as a test wishes; and a catalogue for them."""

import contextlib
import hashlib
import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

from benchmarks.formula_weights import formula_state
from colorizer.checkpoints import published

REFERENCES = Path(__file__).parents[1] / "unit" / "models" / "published"
_CHUNK = 1 << 20


@dataclass
class File:
    """What the server has under an address, and how it gives it."""

    content: bytes = b""
    breaks: list[int] = field(default_factory=list)
    """After how many bytes of an answer the connection breaks off, one for each of the first answers."""
    takes_ranges: bool = True
    status: int = 200
    location: str = ""
    """Where it sends to instead."""


@dataclass
class WeightsServer:
    """A server that runs."""

    url: str
    files: dict[str, File] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path, and the range that was asked for."""


@contextlib.contextmanager
def weights_server() -> Iterator[WeightsServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.requests.append((self.path, asked))
            file = state.files.get(self.path, File(status=404))
            if file.location or file.status != 200:
                self.send_response(302 if file.location else file.status)
                self.send_header("Location", file.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(file, asked)

        def _send(self, file: File, asked: str) -> None:
            match = re.fullmatch(r"bytes=(\d+)-", asked)
            first = int(match[1]) if match and file.takes_ranges else 0
            size = len(file.content)
            if first >= size > 0:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(size - first))
            if first:
                self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
            self.end_headers()
            end = min(size, first + file.breaks.pop(0)) if file.breaks else size
            with contextlib.suppress(OSError):  # a client that had enough hangs up
                for place in range(first, end, _CHUNK):
                    self.wfile.write(file.content[place : min(end, place + _CHUNK)])
            if end < size:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = WeightsServer(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def pickled_formula_weights(network: str, wrapper: str = "") -> bytes:
    """Make a file as the authors of a network published theirs: `torch.save` of its state, plain or in a wrapper."""
    state = formula_state(json.loads((REFERENCES / f"{network}.json").read_text())["tensors"])
    torch.save({wrapper: state} if wrapper else state, stream := io.BytesIO())
    return stream.getvalue()


def offer(
    server: WeightsServer,
    folder: Path,
    network: str,
    content: bytes,
    *,
    sha256: str = "",
    size: int = 0,
    path: str = "/weights.pth",
) -> File:
    """Put content on the server, and an entry into a catalogue folder that says it is a network's weights there.

    Everything but the sources is the shipped catalogue's.
    """
    folder.mkdir(exist_ok=True)
    entry = Path(published.__file__).parent / "catalogue" / f"{network}.toml"
    head = entry.read_text().partition("[[sources]]")[0]
    digest = sha256 or hashlib.sha256(content).hexdigest()
    source = (
        f'[[sources]]\nurl = "https://weights.invalid{path}"\nsha256 = "{digest}"\nbytes = {size or len(content)}\n'
    )
    (folder / f"{network}.toml").write_text(head + source)
    server.files[path] = File(content)
    return server.files[path]
