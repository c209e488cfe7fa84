"""What whoever hosts the app may set, by environment variables; docs/hosting.md has the table."""

import functools
import ipaddress
import os
from dataclasses import dataclass
from typing import Final

from colorizer.errors import ColorizerError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LEAST_MEMORY_MB: Final = 500  # Python with torch and Streamlit alone hold about 400
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


class SettingError(ColorizerError):
    """An environment variable that cannot be read."""


@dataclass(frozen=True)
class HostSettings:
    """Limits of this server."""

    memory_mb: int = 800
    """COLORIZER_MEMORY_MB: what the whole process is to hold, in MB."""
    photos_per_minute: int = 250  # a whole album at once, and some more
    """COLORIZER_PHOTOS_PER_MINUTE: photos that a visitor may give."""
    links_per_minute: int = 20
    """COLORIZER_LINKS_PER_MINUTE: links that a visitor may have fetched."""
    visitors_per_address: int = 5
    """COLORIZER_VISITORS_PER_ADDRESS: an address may do so many times what a visitor may; a school shares one."""
    trusted_proxies: tuple[Network, ...] = ()
    """COLORIZER_TRUSTED_PROXIES: networks whose X-Forwarded-For is believed, with commas; this machine's is."""


@functools.cache
def host_settings() -> HostSettings:
    """Read the settings of this process, once.

    Raises:
        SettingError: a variable is no number, too small, or no network.
    """
    return HostSettings(
        _number("COLORIZER_MEMORY_MB", HostSettings.memory_mb, _LEAST_MEMORY_MB),
        _number("COLORIZER_PHOTOS_PER_MINUTE", HostSettings.photos_per_minute, 1),
        _number("COLORIZER_LINKS_PER_MINUTE", HostSettings.links_per_minute, 1),
        _number("COLORIZER_VISITORS_PER_ADDRESS", HostSettings.visitors_per_address, 1),
        _networks("COLORIZER_TRUSTED_PROXIES"),
    )


def _number(variable: str, default: int, least: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise SettingError(f"{variable} is {text!r}; it must be a whole number from {least} on.")
    return int(text)


def _networks(variable: str) -> tuple[Network, ...]:
    words = [word.strip() for word in os.environ.get(variable, "").split(",")]
    try:
        return tuple(ipaddress.ip_network(word) for word in (*_LOOPBACK, *filter(None, words)))
    except ValueError as error:
        raise SettingError(f"{variable}: {error}; it must hold networks such as 172.16.0.0/12.") from error
