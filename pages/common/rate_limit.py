"""How often a visitor, and an address, may give photos and have links fetched."""

import functools
import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.common.host_settings import Network, host_settings

Kind = Literal["photo", "link"]
_WINDOW_SECONDS: Final = 60.0
_MAX_KEYS: Final = 10_000  # visitors and addresses that are remembered; beyond, those that are quiet go


class RateLimiter:
    """At most so many events of a key within a minute; the window slides. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: dict[tuple[Kind, str], deque[float]] = {}
        self._lock = threading.Lock()

    def wait_seconds(self, kind: Kind, limits: Sequence[tuple[str, int]]) -> float:
        """Count an event and return 0, if every key of `limits` has room for it; else return how long to wait.

        Args:
            kind: of the event; each is counted by itself.
            limits: keys, and how many events each may have in a minute.
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            windows = [(self._times.setdefault((kind, key), deque()), limit) for key, limit in limits]
            full = [window[0] + _WINDOW_SECONDS - now for window, limit in windows if len(window) >= limit]
            if not full:
                for window, _ in windows:
                    window.append(now)
            return max(full, default=0.0)

    def _forget(self, now: float) -> None:
        keys = list(self._times) if len(self._times) > _MAX_KEYS else []
        for key in keys:
            if not self._times[key] or self._times[key][-1] <= now - _WINDOW_SECONDS:
                del self._times[key]
        for window in self._times.values():
            while window and window[0] <= now - _WINDOW_SECONDS:
                window.popleft()


@functools.cache
def _limiter() -> RateLimiter:
    return RateLimiter()


def refusal(kind: Kind) -> str | None:
    """Say in one sentence why the present visitor has to wait before another photo or link; None if they need not."""
    settings = host_settings()
    limit = settings.photos_per_minute if kind == "photo" else settings.links_per_minute
    context = get_script_run_ctx()
    limits = [(context.session_id, limit)] if context else []
    if address := visitor_address():
        limits.append((address, limit * settings.visitors_per_address))
    seconds = _limiter().wait_seconds(kind, limits)
    return f"too many {kind}s within a minute; wait {seconds:.0f} seconds." if seconds else None


def visitor_address() -> str | None:
    """Return the address that the present visitor comes from; None if the server does not know it."""
    context = get_script_run_ctx()
    if context is None:
        return None
    peer = st.context.ip_address or "127.0.0.1"  # Streamlit gives none for this machine
    forwarded = st.context.headers.get("X-Forwarded-For", "")
    return client_address(peer, forwarded, host_settings().trusted_proxies)


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Find the address of the client, seen through trusted proxies.

    Each proxy adds the address that it was asked from at the right of X-Forwarded-For, and what stands to the left of
    the first one that is not trusted may be made up.

    Args:
        peer: the other end of the connection.
        forwarded: the header's value; empty where there is none.
        trusted: the networks of proxies.
    """
    address = peer
    for hop in reversed([word.strip() for word in forwarded.split(",") if word.strip()]):
        if not _is_in(address, trusted):
            break
        try:
            address = str(ipaddress.ip_address(hop))
        except ValueError:  # "unknown", or made up
            break
    return _network_of_home(address)


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in networks)
    except ValueError:
        return False


def _network_of_home(address: str) -> str:
    """Reduce an IPv6 address to its first 64 bits: a household has all the rest to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else address
