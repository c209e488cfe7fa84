"""What tests of links share: a policy under which every name is this machine."""

from ipaddress import ip_address

import pytest

from colorizer.errors import LinkError
from colorizer.images.fetch import LinkPolicy, fetch
from tests.support.image_files import colourful, encoded

PICTURE = encoded(colourful(), "PNG")
LOOPBACK = "127.0.0.1"


def policy(**changes: object) -> LinkPolicy:
    """Any name is 127.0.0.1, and that is allowed; the rest is as in production, but for the time."""
    settings = {
        "timeout_seconds": 5.0,
        "resolve": lambda host, port: [LOOPBACK],
        "is_allowed_address": lambda address: address == ip_address(LOOPBACK),
    }
    return LinkPolicy(**(settings | changes))  # type: ignore[arg-type]


def refusal(link: str, policy: LinkPolicy) -> str:
    with pytest.raises(LinkError) as caught:
        fetch(link, policy)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message
