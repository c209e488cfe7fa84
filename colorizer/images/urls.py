"""From the text of a link to a server, a port and a path, refusing whatever two programs could read in two ways.

Spaces in a path are the one thing that is mended: whoever copies a link gets them, and every browser encodes them.

Sources: WHATWG URL and Fetch standards ("bad port"); RFC 3986; UTS 46 for names beyond ASCII.
"""

import re
import urllib.parse
from dataclasses import dataclass
from typing import Final

import idna

from colorizer.errors import LinkError
from colorizer.images.public_addresses import parse_address

_MAX_LINK_LENGTH: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FIRST_OPEN_PORT: Final = 1024
_BAD_PORTS: Final = frozenset(  # those of the Fetch standard from 1024 on: their protocols could mistake a request
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080)
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9]{1,5}(?:[/?#]|$))", re.IGNORECASE)  # and not a host with a port
_AMBIGUOUS: Final = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\xa0\\\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KEPT_IN_PATH: Final = "!$%&'()*+,-./:;=@[]_|~"  # besides letters and digits; the rest is percent-encoded
_KEPT_IN_QUERY: Final = "!$%&()*+,-./:;=?@[]^_`{|}~"


@dataclass(frozen=True)
class Target:
    """Where a request goes.

    Attributes:
        scheme: "http" or "https".
        host: lower-case ASCII name without a final dot, or an address without brackets.
        port: 80, 443 or one from 1024 on.
        path: path and query as they stand in a request, percent-encoded ASCII.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as HTTP's Host header spells it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def with_scheme(text: str) -> str:
    """Complete what a person types or pastes as a link: without a scheme it gets https.

    What does not begin with a name that has a dot is a word, and stays what it is.
    """
    text = text.strip()
    if text.startswith("//"):
        return f"https:{text}"
    is_bare = not _SCHEME.match(text) and "." in re.split(r"[/?#]", text, maxsplit=1)[0]
    return f"https://{text}" if is_bare else text


def parse_link(link: str) -> Target:
    """Read a link; spaces in its path and query are percent-encoded.

    Raises:
        LinkError: it is not an unambiguous http or https link to an allowed port of a host with a usual name.
    """
    if len(link) > _MAX_LINK_LENGTH:
        raise LinkError(f"The link is longer than {_MAX_LINK_LENGTH} characters; use a shorter one.")
    if _AMBIGUOUS.search(link) or link != link.strip():
        raise LinkError("The link contains a backslash or an invisible character; copy it again.")
    try:
        parts = urllib.parse.urlsplit(link)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise LinkError("The link is not written correctly; copy it again from the browser.") from None
    if scheme not in _DEFAULT_PORTS:
        raise LinkError("The link must start with http:// or https://.")
    if "@" in parts.netloc:
        raise LinkError("The link contains a user name or password, which is refused; remove all before the @.")
    path = urllib.parse.quote(parts.path or "/", safe=_KEPT_IN_PATH)
    query = "?" + urllib.parse.quote(parts.query, safe=_KEPT_IN_QUERY) if parts.query else ""
    return Target(scheme, _checked_host(host), _checked_port(port or _DEFAULT_PORTS[scheme], port), path + query)


def parse_redirect(source: Target, location: str | None) -> Target:
    """Read where a server points, which may be relative to where we are.

    Raises:
        LinkError: nowhere, to what `parse_link` refuses, or from https to http.
    """
    if not location:
        raise LinkError(f"{source.host} redirects without saying where; open the link in a browser.")
    # Headers arrive as Latin-1, and servers send UTF-8.
    location = location.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    try:
        link = urllib.parse.urljoin(f"{source.scheme}://{source.host_header}{source.path}", location)
        target = parse_link(link)
    except (LinkError, ValueError) as error:
        raise LinkError("The link is redirected to an address that is refused; open it in a browser.") from error
    if source.scheme == "https" and target.scheme == "http":
        raise LinkError("The link is redirected from https to http, where anyone could change the picture; upload it.")
    return target


def _checked_port(port: int, given: int | None) -> int:
    if given == 0 or (port < _FIRST_OPEN_PORT and port not in _DEFAULT_PORTS.values()) or port in _BAD_PORTS:
        raise LinkError(f"Port {given} is not one for web pages and is refused; use 80, 443 or one from 1024 on.")
    return port


def _checked_host(host: str) -> str:
    if ":" in host:
        if parse_address(host) is None:
            raise LinkError("The link has an IPv6 address that is not written correctly; use the server's name.")
        return host
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        name = ""
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise LinkError("The link has no usual server name after the //; copy it again from the browser.")
    if _NUMBER.fullmatch(labels[-1]) and parse_address(name) is None:
        raise LinkError("The link has an address in an unusual spelling; use the server's name.")
    if labels[-1] == "localhost":
        raise LinkError(f"{name} is not a place on the public internet; use a link that everyone can open.")
    return name
