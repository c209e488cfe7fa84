"""How often a visitor and an address may ask, and which address that is behind proxies."""

import ipaddress

import pytest

from colorizer.errors import ColorizerError
from pages.common.host_settings import HostSettings, host_settings
from pages.common.rate_limit import RateLimiter, client_address

TRUSTED = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("172.16.0.0/12"))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for clock.now in (0.0, 30.0):
        assert limiter.wait_seconds("photo", [("anna", 2)]) == 0
    assert limiter.wait_seconds("photo", [("anna", 2)]) == 30
    assert limiter.wait_seconds("link", [("anna", 2)]) == 0, "links are counted by themselves"
    assert limiter.wait_seconds("photo", [("ben", 2)]) == 0
    clock.now = 60.0
    assert limiter.wait_seconds("photo", [("anna", 2)]) == 0
    assert limiter.wait_seconds("photo", [("anna", 2)]) == 30


def test_visitors_of_one_address_share_its_limit_and_a_refusal_counts_for_nobody() -> None:
    limiter = RateLimiter(Clock())
    for visitor in ("anna", "ben", "carl"):
        assert limiter.wait_seconds("photo", [(visitor, 2), ("192.0.2.7", 3)]) == 0
    assert limiter.wait_seconds("photo", [("dora", 2), ("192.0.2.7", 3)]) > 0
    assert limiter.wait_seconds("photo", [("dora", 1), ("192.0.2.8", 3)]) == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.4", "", "198.51.100.4"),
        ("198.51.100.4", "192.0.2.1", "198.51.100.4"),  # no proxy of ours: what it says is made up
        ("172.18.0.2", "192.0.2.1", "192.0.2.1"),
        ("172.18.0.2", "10.9.9.9, 192.0.2.1", "192.0.2.1"),  # the visitor made the left one up
        ("172.18.0.2", "192.0.2.1, 172.18.0.9", "192.0.2.1"),
        ("172.18.0.2", "nonsense", "172.18.0.2"),
        ("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::2", "", "::/64"),
    ],
)
def test_the_address_is_the_last_one_that_a_trusted_proxy_saw(peer: str, forwarded: str, address: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == address


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("COLORIZER_MEMORY_MB", "100", "from 500 on"),
        ("COLORIZER_PHOTOS_PER_MINUTE", "many", "whole number"),
        ("COLORIZER_TRUSTED_PROXIES", "proxy.local", "172.16.0.0/12"),
    ],
)
def test_a_setting_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    host_settings.cache_clear()
    monkeypatch.setenv(variable, value)
    with pytest.raises(ColorizerError, match=sentence) as caught:
        host_settings()
    assert variable in str(caught.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    host_settings.cache_clear()
    monkeypatch.setenv("COLORIZER_MEMORY_MB", "1500")
    monkeypatch.setenv("COLORIZER_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.0/16")
    settings = host_settings()
    host_settings.cache_clear()
    assert settings.memory_mb == 1500 and settings.links_per_minute == HostSettings.links_per_minute
    assert ipaddress.ip_network("192.168.0.0/16") in settings.trusted_proxies
