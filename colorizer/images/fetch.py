"""Fetching a picture from a link that a stranger typed, without becoming a door into the network this runs in.

What is kept: only http and https; only addresses of the public internet, checked after every resolution and redirect;
the connection goes to the very address that was checked, while certificate and Host header are for the name, so that
a name cannot change its address in between; one time limit over all of it; a size limit while the bytes come in.
Proxies of the environment, cookies, referrers and compressed bodies are not used. A Content-Encoding that nobody knows
(storage services send `aws-chunked`, `UTF-8`, `none`) is none: the body is judged by its bytes, as everywhere.

`POLICY` holds the settings. A program that needs others (a test with a server on loopback) sets `fetch.POLICY` in its
own entry script or passes a policy; nothing in the environment changes it.
"""

import contextlib
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import certifi
import urllib3
from urllib3 import exceptions

from colorizer.errors import LinkError
from colorizer.images.limits import MAX_LINK_BYTES
from colorizer.images.public_addresses import IPAddress, is_public_unicast, parse_address
from colorizer.images.timed_connections import Deadline, make_pool
from colorizer.images.urls import Target, parse_link, parse_redirect

_USER_AGENT: Final = "colorizer/0.1 (a person asked for this picture)"
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)
_CHUNK_BYTES: Final = 65_536
_FRAMING_BYTES: Final = 1_000_000  # of headers, and of a body's chunks beside what they hold
_COMPRESSIONS: Final = frozenset(("gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"))
_PUBLIC_ADDRESSES: Final = (
    (socket.AF_INET, "192.0.2.1"),
    (socket.AF_INET6, "2001:db8::1"),
)  # RFC 5737 and 3849
_MAX_ADDRESSES_TRIED: Final = 4  # so that a name with hundreds of dead addresses does not open hundreds of connections


def has_network() -> bool:
    """Tell whether this machine knows a way to any public address; nothing is sent for it."""
    for family, address in _PUBLIC_ADDRESSES:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 443))
            return True
    return False


def resolve_with_system(host: str, port: int) -> list[str]:
    """Return all addresses that the system's resolver has for a name, in its order of preference."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


@dataclass(frozen=True)
class LinkPolicy:
    """What a fetch may do.

    Attributes:
        timeout_seconds: for names, connections, redirects and the body together.
        max_bytes: of the body; its home is with the other limits.
        max_redirects: how many times a server may point elsewhere.
        resolve: (host, port) to addresses; raises OSError where there are none.
        is_allowed_address: whether a connection to an address may be opened.
        has_network: asked only after a failure, to say what it comes from.
        ca_file: PEM file of the authorities that may vouch for servers.
    """

    timeout_seconds: float = 10.0
    max_bytes: int = MAX_LINK_BYTES
    max_redirects: int = 10
    resolve: Callable[[str, int], list[str]] = resolve_with_system
    is_allowed_address: Callable[[IPAddress], bool] = is_public_unicast
    has_network: Callable[[], bool] = has_network
    ca_file: str = certifi.where()


POLICY = LinkPolicy()


def fetch(link: str, policy: LinkPolicy | None = None) -> bytes:
    """Fetch the bytes behind a link; what they are is for the caller to find out.

    Args:
        link: an http or https address.
        policy: by default the module's `POLICY` at the time of the call.

    Raises:
        LinkError: the link is refused, leads to a refused place, or gives no picture in time and size.
    """
    policy = policy or POLICY
    deadline = Deadline(policy.timeout_seconds)
    target = parse_link(link)
    try:
        for _ in range(policy.max_redirects + 1):
            answer = _get(target, policy, deadline)
            if isinstance(answer, bytes):
                return answer
            target = answer
    except TimeoutError:
        raise _too_slow(target, policy) from None
    raise LinkError(f"The link is redirected more than {policy.max_redirects} times; use the address it ends at.")


def _get(target: Target, policy: LinkPolicy, deadline: Deadline) -> bytes | Target:
    """Ask the first address that answers: the body, or where the server points instead."""
    addresses = _checked_addresses(target, policy, deadline)[:_MAX_ADDRESSES_TRIED]
    for position, address in enumerate(addresses):
        connect_seconds = deadline.remaining_seconds() / (len(addresses) - position)  # shared with those not yet tried
        try:
            return _ask(address, target, policy, deadline, connect_seconds)
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError):
            continue
    deadline.remaining_seconds()
    _require_network(policy)
    raise LinkError(f"{target.host} does not accept a connection; try again later, or upload the picture.")


def _ask(
    address: str, target: Target, policy: LinkPolicy, deadline: Deadline, connect_seconds: float
) -> bytes | Target:
    """Make one request to one address, which has been checked; the pool resolves and redirects nothing itself."""
    server_name = target.host if target.scheme == "https" else None
    max_bytes = 2 * policy.max_bytes + _FRAMING_BYTES
    try:
        with make_pool(address, target.port, deadline, max_bytes, server_name, policy.ca_file) as pool:
            response = pool.urlopen(
                "GET", target.path, headers=_headers(target), redirect=False, retries=False, preload_content=False,
                decode_content=False, timeout=urllib3.Timeout(connect=connect_seconds, read=None),
            )  # fmt: skip
            with contextlib.closing(response):
                return _read_answer(response, target, policy)
    except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError):
        raise
    except (exceptions.TimeoutError, TimeoutError):
        raise TimeoutError from None
    except exceptions.SSLError as error:
        raise _refused_certificate(target) if _is_about_certificate(error) else _broken_off(target) from None
    except (exceptions.HTTPError, OSError, ValueError):  # ValueError: headers of nonsense
        raise _broken_off(target) from None


def _checked_addresses(target: Target, policy: LinkPolicy, deadline: Deadline) -> list[str]:
    """Resolve a host, and refuse it unless every one of its addresses is allowed."""
    addresses = [target.host] if parse_address(target.host) else _resolve(target, policy, deadline)
    for text in addresses:
        address = parse_address(text)
        if address is None or not policy.is_allowed_address(address):
            raise LinkError(f"{target.host} is not a place on the public internet; use a link that everyone can open.")
    return addresses


def _resolve(target: Target, policy: LinkPolicy, deadline: Deadline) -> list[str]:
    """Ask the resolver in a thread of its own: the system's resolver knows no time limit."""
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(policy.resolve(target.host, target.port))
        except socket.gaierror as error:
            answers.put(None if error.errno == socket.EAI_AGAIN else [])
        except Exception:  # OSError where there is no such name; whatever else, the caller must not wait in vain
            answers.put([])

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        addresses = answers.get(timeout=deadline.remaining_seconds())
    except queue.Empty:
        raise TimeoutError from None
    if not addresses:
        _require_network(policy)
    if addresses is None:
        raise LinkError(
            f"The address of {target.host} cannot be looked up at present, as no name server answers; check the "
            "network of the computer that this runs on, or upload the picture."
        )
    if not addresses:
        raise LinkError(f"There is no server named {target.host}; check the link for typing errors.")
    return addresses


def _require_network(policy: LinkPolicy) -> None:
    if not policy.has_network():
        raise LinkError(
            "The computer that this runs on has no connection to the internet; connect it, or upload the picture."
        )


def _headers(target: Target) -> dict[str, str]:
    return {
        "Host": target.host_header,
        "User-Agent": _USER_AGENT,
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _read_answer(response: urllib3.BaseHTTPResponse, target: Target, policy: LinkPolicy) -> bytes | Target:
    if response.status in _REDIRECT_STATUSES:
        return parse_redirect(target, response.headers.get("Location"))
    if response.status != 200:
        raise LinkError(
            f"{target.host} answers with status {response.status} instead of a picture; open the link in a browser."
        )
    if _COMPRESSIONS & set(re.split(r"[\s,;]+", response.headers.get("Content-Encoding", "").lower())):
        raise LinkError(f"{target.host} sends the picture compressed, which is refused; upload it instead.")
    if (response.length_remaining or 0) > policy.max_bytes:
        raise _too_large(policy)
    body = bytearray()
    try:
        for chunk in response.stream(_CHUNK_BYTES):
            body += chunk
            if len(body) > policy.max_bytes:
                raise _too_large(policy)
    except exceptions.ProtocolError:
        raise LinkError(f"{target.host} broke off in the middle of the picture; try again, or upload it.") from None
    return bytes(body)


def _is_about_certificate(error: Exception) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args)


def _refused_certificate(target: Target) -> LinkError:
    return LinkError(
        f"{target.host} cannot prove who it is (its certificate is not valid); upload the picture instead."
    )


def _broken_off(target: Target) -> LinkError:
    return LinkError(f"The connection to {target.host} broke off; try again, or upload the picture.")


def _too_large(policy: LinkPolicy) -> LinkError:
    return LinkError(
        f"The file behind the link has more than {policy.max_bytes / 1e6:.1f} MB, the limit for links; "
        "use a smaller version of the picture."
    )


def _too_slow(target: Target, policy: LinkPolicy) -> LinkError:
    return LinkError(
        f"{target.host} did not send the picture within {policy.timeout_seconds:g} seconds; try again, or upload it."
    )
