"""Real servers on loopback that answer as badly as a test wishes."""

import contextlib
import socket
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


@contextlib.contextmanager
def forwarding(upstream: int, *headers: str) -> Iterator[int]:
    """Stand as a proxy before a port of 127.0.0.1, and add headers to the first request of each connection.

    A browser opens a connection of its own for each WebSocket, so they come to that request, too. Yields the proxy's
    port.
    """

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", upstream)) as server:
                request = b""
                while b"\r\n" not in request and (piece := self.request.recv(4096)):
                    request += piece
                first, _, rest = request.partition(b"\r\n")
                server.sendall(b"\r\n".join([first, *(header.encode() for header in headers), rest]))
                answering = threading.Thread(target=pump, args=(server, self.request), daemon=True)
                answering.start()
                pump(self.request, server)
                answering.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.daemon_threads = True
        proxy.block_on_close = False
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield int(proxy.server_address[1])
        finally:
            proxy.shutdown()


def ok(body: bytes, *headers: str) -> list[bytes]:
    """Make a complete answer with status 200."""
    return [head("200 OK", f"Content-Length: {len(body)}", *headers), body]


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("utf-8")


def redirect(location: str, status: str = "302 Found") -> list[bytes]:
    return [head(status, f"Location: {location}", "Content-Length: 0")]
