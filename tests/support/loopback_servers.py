"""Real servers on loopback that answer as badly as a test wishes."""

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[bytes], Iterable[bytes]]  # the request's head -> the pieces to send, one after the other


@dataclass
class Server:
    """A server that runs: its port, and what it was asked."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # that TLS clients asked for (SNI)
    connections: int = 0


@contextlib.contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answer each connection on 127.0.0.1 until the block ends."""
    state = Server()
    if tls:
        tls.sni_callback = lambda _socket, name, _context: state.names.append(name)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            state.connections += 1
            with contextlib.suppress(OSError):  # a client that had enough hangs up
                connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                request = b""
                while b"\r\n\r\n" not in request and (piece := connection.recv(4096)):
                    request += piece
                state.requests.append(request)
                for piece in answer(request):
                    connection.sendall(piece)
                if tls:
                    connection.unwrap()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()


def ok(body: bytes, *headers: str) -> list[bytes]:
    """Make a complete answer with status 200."""
    return [head("200 OK", f"Content-Length: {len(body)}", *headers), body]


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("utf-8")


def redirect(location: str, status: str = "302 Found") -> list[bytes]:
    return [head(status, f"Location: {location}", "Content-Length: 0")]
