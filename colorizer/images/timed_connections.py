"""Pools of urllib3 that end at a point in time, however slowly a server drips its bytes, and read no more than is due.

urllib3's own time limits are for one read of a socket each: a byte now and then goes on for ever. So what is read of a
connection is read through `_TimedStream`, and the handshake of TLS gets what is left of the time.
"""

import io
import socket
import time
from typing import Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """A point in time that everything in a fetch shares."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """Return the seconds left, more than 0.

        Raises:
            TimeoutError: where there are none.
        """
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining


class _TimedStream(io.RawIOBase):
    """Reads a socket, each time with what is left of the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)  # keeps the socket open until this is closed
        self._deadline = deadline
        self._left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int | None:  # type: ignore[override]
        self._connection.settimeout(self._deadline.remaining_seconds())
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise ConnectionAbortedError
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give `http.client.HTTPResponse` what it asks of a socket."""
        return io.BufferedReader(self)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedConnection(HTTPConnection):
    """A connection that ends at a deadline, and after so many bytes, framing and headers among them."""

    def __init__(self, *args: Any, deadline: Deadline, max_bytes: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline
        self._max_bytes = max_bytes

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        connection.settimeout(self._deadline.remaining_seconds())  # for the handshake of TLS and the request
        return connection

    def response_class(self, connection: socket.socket, **options: Any) -> Any:  # type: ignore[override]
        """Make the response that `http.client` reads from a connection."""
        stream = _TimedStream(connection, self._deadline, self._max_bytes)
        return super().response_class(cast(socket.socket, stream), **options)


class _TimedTlsConnection(_TimedConnection, HTTPSConnection):
    """The same, with TLS."""


class _TimedPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedTlsConnection


def make_pool(
    address: str, port: int, deadline: Deadline, max_bytes: int, server_name: str | None, ca_file: str
) -> urllib3.HTTPConnectionPool:
    """Make a pool for one request to an address.

    Args:
        address: where to connect, a number: no name is resolved.
        port: of the server.
        deadline: when everything ends, raising urllib3's TimeoutError or the built-in one.
        max_bytes: how much is read in all; beyond it the connection counts as broken.
        server_name: whose certificate the server must have; None for plain HTTP.
        ca_file: PEM file of the authorities that may vouch for servers.
    """
    limits: dict[str, Any] = {"deadline": deadline, "max_bytes": max_bytes}
    if server_name is None:
        return _TimedPool(address, port, **limits)
    return _TimedTlsPool(
        address, port, server_hostname=server_name, cert_reqs="CERT_REQUIRED", ca_certs=ca_file, **limits
    )
