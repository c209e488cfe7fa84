"""Fetching keeps to its limits of time, size and redirects, and connects only to the addresses that it checked."""

import gzip
import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from colorizer.errors import LinkError, PictureError
from colorizer.images import Limits, open_image
from colorizer.images import fetch as fetching_module
from colorizer.images.fetch import LinkPolicy, fetch
from tests.support.image_files import colourful
from tests.support.link_policy import LOOPBACK, PICTURE, policy, refusal
from tests.support.loopback_servers import head, ok, redirect, serving


def test_a_picture_is_fetched_and_named_by_its_link() -> None:
    with serving(lambda request: ok(PICTURE, "Content-Type: text/html")) as server:
        link = f"http://photos.example:{server.port}/a/Caf%C3%A9%20am%20See.png?size=big#top"
        photo = open_image(link, link_policy=policy())
    assert photo.size == colourful().size
    assert photo.name == "Café am See"
    assert server.requests[0].startswith(b"GET /a/Caf%C3%A9%20am%20See.png?size=big HTTP/1.1\r\n")


def test_what_is_no_picture_is_named_whatever_its_header_says() -> None:
    page = ok(b"<!doctype html><html></html>", "Content-Type: image/png")
    with serving(lambda request: page) as server, pytest.raises(PictureError, match="a web page"):
        open_image(f"http://photos.example:{server.port}/a.png", link_policy=policy())


def test_a_request_tells_nothing_about_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(lambda request: ok(PICTURE, "Set-Cookie: a=b")) as server:
        for _ in range(2):
            fetch(f"http://photos.example:{server.port}/", policy())
    lines = server.requests[1].decode().split("\r\n")
    names = [line.partition(":")[0] for line in lines[1:] if line]
    assert names == ["Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"]
    assert f"Host: photos.example:{server.port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert any(line.startswith("User-Agent: colorizer/") for line in lines)


def test_the_policy_of_the_module_is_looked_up_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda request: ok(PICTURE)) as server:
        monkeypatch.setattr(fetching_module, "POLICY", policy())
        assert open_image(f"http://photos.example:{server.port}/").size == colourful().size


def test_in_production_a_server_on_loopback_is_never_asked() -> None:
    with serving(lambda request: ok(PICTURE)) as server:
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0.0.0.0", "127.1"):
            refusal(f"http://{host}:{server.port}/", LinkPolicy())
    assert server.connections == 0


# Size.


def test_a_body_of_announced_size_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    with serving(lambda request: [head("200 OK", "Content-Length: 1000001")]) as server:
        assert "1.0 MB" in refusal(f"http://a.example:{server.port}/", policy(max_bytes=1_000_000))


@pytest.mark.parametrize("length", ["Content-Length: ten", "Content-Length: -1", "X-None: 0"])
def test_an_endless_body_is_cut_at_the_limit(length: str) -> None:
    endless = lambda request: itertools.chain([head("200 OK", length)], itertools.repeat(bytes(10_000)))  # noqa: E731
    with serving(endless) as server:
        assert "MB" in refusal(f"http://a.example:{server.port}/", policy(max_bytes=1_000_000))


def test_an_endless_body_in_chunks_is_cut_at_the_limit() -> None:
    start = head("200 OK", "Transfer-Encoding: chunked", "Content-Length: 5")
    endless = lambda request: itertools.chain([start], itertools.repeat(b"400\r\n" + bytes(1024) + b"\r\n"))  # noqa: E731
    with serving(endless) as server:
        assert "MB" in refusal(f"http://a.example:{server.port}/", policy(max_bytes=1_000_000))


CHUNKED = head("200 OK", "Transfer-Encoding: chunked")
ENDLESS_FRAMING = {
    "chunk extensions": itertools.chain([CHUNKED], itertools.repeat(b"1;" + b"x" * 20_000 + b"\r\na\r\n")),
    "one chunk's extension": itertools.chain([CHUNKED, b"1;"], itertools.repeat(b"x" * 20_000)),
    "trailers": itertools.chain([CHUNKED, b"0\r\n"], itertools.repeat(b"X: " + b"x" * 20_000 + b"\r\n")),
    "one trailer": itertools.chain([CHUNKED, b"0\r\nX: "], itertools.repeat(b"x" * 20_000)),
}


@pytest.mark.parametrize("part", ENDLESS_FRAMING)
def test_what_is_sent_around_a_body_is_limited_as_well(part: str) -> None:
    with serving(lambda request: ENDLESS_FRAMING[part]) as server:
        assert "broke off" in refusal(f"http://a.example:{server.port}/", policy(max_bytes=100_000))


def test_the_limit_of_pictures_holds_for_links_as_well() -> None:
    with serving(lambda request: ok(PICTURE)) as server, pytest.raises(LinkError, match="MB"):
        open_image(f"http://a.example:{server.port}/", limits=Limits(max_bytes=50), link_policy=policy())


def test_chunks_and_bodies_without_a_length_are_read_to_their_end() -> None:
    chunked = [head("200 OK", "Transfer-Encoding: chunked"), b"%x\r\n" % len(PICTURE), PICTURE, b"\r\n0\r\n\r\n"]
    for pieces in (chunked, [head("200 OK"), PICTURE]):
        with serving(lambda request, pieces=pieces: pieces) as server:
            assert fetch(f"http://a.example:{server.port}/", policy()) == PICTURE


BROKEN = {
    "shorter than announced": [head("200 OK", "Content-Length: 100000"), PICTURE],
    "ends in a chunk": [head("200 OK", "Transfer-Encoding: chunked"), b"ffff\r\nabc"],
    "chunks of no length": [head("200 OK", "Transfer-Encoding: chunked"), b"xyz\r\nabc\r\n"],
    "not HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "nothing": [],
    "endless header": [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000],
    "too many headers": [b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_is_refused(fault: str) -> None:
    with serving(lambda request: BROKEN[fault]) as server:
        assert "broke off" in refusal(f"http://a.example:{server.port}/", policy())


@pytest.mark.parametrize("encoding", ["aws-chunked", "UTF-8", "none", "binary", "identity", "", "x-unknown, none"])
def test_an_encoding_that_is_no_compression_is_none(encoding: str) -> None:
    with serving(lambda request: ok(PICTURE, f"Content-Encoding: {encoding}")) as server:
        assert fetch(f"http://a.example:{server.port}/", policy()) == PICTURE


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip", "Deflate", "zstd", "x-gzip", "aws-chunked,gzip"])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    with serving(lambda request: ok(gzip.compress(bytes(10**6)), f"Content-Encoding: {encoding}")) as server:
        assert "compressed" in refusal(f"http://a.example:{server.port}/", policy())


@pytest.mark.parametrize("status", ["204 A", "206 B", "304 C", "403 D", "404 E", "500 F"])
def test_another_status_than_200_is_named(status: str) -> None:
    with serving(lambda request: [head(status, "Content-Length: 0")]) as server:
        assert f"status {status[:3]}" in refusal(f"http://a.example:{server.port}/", policy())


# Time: each of these would go on for minutes.


def drip(pieces: Callable[[], Iterator[bytes]]) -> Callable[[bytes], Iterator[bytes]]:
    def answer(request: bytes) -> Iterator[bytes]:
        for piece in pieces():
            yield piece
            time.sleep(0.05)

    return answer


SLOW = {
    "silence": drip(lambda: itertools.repeat(b"")),
    "dripping status": drip(lambda: itertools.repeat(b"H")),
    "dripping header": drip(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], itertools.repeat(b"a"))),
    "dripping body": drip(lambda: itertools.chain([head("200 OK", "Content-Length: 9999")], itertools.repeat(b"a"))),
    "dripping chunks": drip(
        lambda: itertools.chain([head("200 OK", "Transfer-Encoding: chunked")], itertools.repeat(b"1\r\na\r\n"))
    ),
    "endless 100 Continue": drip(lambda: itertools.repeat(head("100 Continue"))),
}


@pytest.mark.parametrize("manner", SLOW)
def test_a_server_that_is_too_slow_is_given_up(manner: str) -> None:
    with serving(SLOW[manner]) as server:
        assert "within 0.4 seconds" in refusal(f"http://a.example:{server.port}/", policy(timeout_seconds=0.4))


def test_a_server_that_never_finishes_the_handshake_is_given_up() -> None:
    with serving(SLOW["silence"]) as server:
        assert "within 0.4 seconds" in refusal(f"https://a.example:{server.port}/", policy(timeout_seconds=0.4))


def test_a_resolver_that_does_not_answer_is_given_up() -> None:
    def resolve(host: str, port: int) -> list[str]:
        time.sleep(30)
        return [LOOPBACK]

    assert "within 0.3 seconds" in refusal("http://a.example/", policy(timeout_seconds=0.3, resolve=resolve))


@pytest.mark.parametrize("addresses", [1, 2])
def test_a_drip_of_tls_records_is_given_up_in_time(addresses: int) -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"  # the beginning of a long ServerHello, then a byte at a time
    names = [LOOPBACK] * addresses
    with serving(drip(lambda: itertools.chain([record], itertools.repeat(b"a")))) as server:
        start = time.monotonic()
        rules = policy(timeout_seconds=0.4, resolve=lambda host, port: names)
        assert "within 0.4 seconds" in refusal(f"https://a.example:{server.port}/", rules)
    assert time.monotonic() - start < 2


def test_redirects_share_one_time_limit() -> None:
    def answer(request: bytes) -> Iterator[bytes]:
        time.sleep(0.25)
        yield from redirect("/next")

    with serving(answer) as server:
        assert "within 0.6 seconds" in refusal(f"http://a.example:{server.port}/", policy(timeout_seconds=0.6))
