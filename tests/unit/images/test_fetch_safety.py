"""Wherever a link or a redirect leads, only addresses that were checked and names that were proved are asked."""

import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from colorizer.images.fetch import LinkPolicy, fetch
from tests.support import ROOT
from tests.support.link_policy import LOOPBACK, PICTURE, policy, refusal
from tests.support.loopback_servers import head, ok, redirect, serving

# Redirects.


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_redirects_are_followed_relative_or_not(status: str) -> None:
    def answer(request: bytes) -> list[bytes]:
        path = request.split()[1].decode()
        absolute = f"http://other.example:{server.port}/2"
        steps = {"/a/b": "../1?x=ü", "/1?x=%C3%BC": absolute, "/2": f"//third.example:{server.port}/3"}
        return redirect(steps[path], status) if path in steps else ok(PICTURE)

    with serving(answer) as server:
        assert fetch(f"http://a.example:{server.port}/a/b", policy()) == PICTURE
    assert len(server.requests) == 4
    assert b"Host: third.example:" in server.requests[3]
    assert b"Referer" not in server.requests[3]


def test_a_redirect_in_a_circle_ends() -> None:
    with serving(lambda request: redirect("/")) as server:
        assert "more than 10 times" in refusal(f"http://a.example:{server.port}/", policy())
    assert len(server.requests) == 11


def test_ten_redirects_with_spaces_are_followed() -> None:
    def answer(request: bytes) -> list[bytes]:
        step = int(request.split()[1].rpartition(b"%20")[2] or 0)
        return redirect(f"/step {step + 1}") if step < 10 else ok(PICTURE)

    with serving(answer) as server:
        assert fetch(f"http://a.example:{server.port}/step 0", policy()) == PICTURE
    assert len(server.requests) == 11


FORBIDDEN_TARGETS = (
    "file:///etc/passwd",
    "ftp://a.example/a.png",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http://user:secret@a.example/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://[::1]/",
    "http://localhost/",
    "http://0x7f.1/",
    "http://a.example:22/",
    "http://a.example /",
    "http://a b.example/",
    "http://a.example\\@b.example/",
    "http://[broken/",
)


@pytest.mark.parametrize("location", FORBIDDEN_TARGETS)
def test_a_redirect_to_a_forbidden_target_is_refused(location: str) -> None:
    with serving(lambda request: redirect(location)) as server:
        refusal(f"http://a.example:{server.port}/", policy())
    assert server.connections == 1


def test_a_redirect_to_nowhere_is_refused() -> None:
    with serving(lambda request: [head("302 Found", "Content-Length: 0")]) as server:
        assert "without saying where" in refusal(f"http://a.example:{server.port}/", policy())


# Addresses.


def test_a_redirect_to_a_name_with_a_private_address_is_refused_without_telling_the_address() -> None:
    addresses = {"public.example": [LOOPBACK], "inside.example": ["10.1.2.3"]}
    with serving(lambda request: redirect(f"http://inside.example:{server.port}/")) as server:
        rules = policy(resolve=lambda host, port: addresses[host])
        message = refusal(f"http://public.example:{server.port}/", rules)
    assert "inside.example is not a place on the public internet" in message
    assert "10.1.2.3" not in message
    assert server.connections == 1


def test_one_forbidden_address_among_several_is_enough_to_refuse() -> None:
    with serving(lambda request: ok(PICTURE)) as server:
        for answer in (
            [LOOPBACK, "10.0.0.1"],
            ["10.0.0.1", LOOPBACK],
            [LOOPBACK, "fe80::1%eth0"],
            [LOOPBACK, "rubbish"],
        ):
            refusal(f"http://a.example:{server.port}/", policy(resolve=lambda host, port, answer=answer: answer))
    assert server.connections == 0


def test_a_name_that_changes_its_address_is_connected_where_it_was_checked() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [LOOPBACK] if len(asked) == 1 else ["192.168.0.1"]

    with serving(lambda request: ok(PICTURE)) as server:
        assert fetch(f"http://a.example:{server.port}/", policy(resolve=rebinding)) == PICTURE
    assert asked == ["a.example"]


def test_a_name_is_checked_anew_after_a_redirect_to_itself() -> None:
    answers = iter(([LOOPBACK], ["192.168.0.1"]))
    with serving(lambda request: redirect("/again")) as server:
        refusal(f"http://a.example:{server.port}/", policy(resolve=lambda host, port: next(answers)))
    assert server.connections == 1


def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    both = policy(resolve=lambda host, port: ["127.0.0.2", LOOPBACK], is_allowed_address=lambda address: True)
    with serving(lambda request: ok(PICTURE)) as server:
        assert fetch(f"http://a.example:{server.port}/", both) == PICTURE
    assert "does not accept a connection" in refusal(f"http://a.example:{server.port}/", both)


def test_a_name_that_nobody_has_is_refused() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    for resolve in (unknown, lambda host, port: []):
        rules = policy(resolve=resolve, has_network=lambda: True)
        assert "no server named a.example" in refusal("http://a.example/", rules)


def test_a_name_server_that_does_not_answer_is_no_typing_error() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    assert "no name server answers" in refusal("http://a.example/", policy(resolve=nobody, has_network=lambda: True))


@pytest.mark.parametrize("link", ["https://example.com/a.png", "https://93.184.215.14/a.png"])
def test_without_a_network_the_sentence_says_so(link: str) -> None:
    """In a network of its own that leads nowhere, as the kernel gives to a process."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system gives no process a network of its own")
    program = f"from colorizer.images.fetch import fetch; fetch({link!r})"
    done = subprocess.run(
        [*alone, sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "LinkError: The computer that this runs on has no connection to the internet" in done.stderr


# TLS.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("photos.example").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> LinkPolicy:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return policy(ca_file=str(tmp_path / "ca.pem"))


def test_https_verifies_the_name_though_it_connects_to_the_address(tls: ssl.SSLContext, trusting: LinkPolicy) -> None:
    with serving(lambda request: ok(PICTURE), tls) as server:
        assert fetch(f"https://photos.example:{server.port}/", trusting) == PICTURE
    assert server.names == ["photos.example"]
    assert f"Host: photos.example:{server.port}".encode() in server.requests[0]


def test_a_certificate_for_another_name_is_refused(tls: ssl.SSLContext, trusting: LinkPolicy) -> None:
    with serving(lambda request: ok(PICTURE), tls) as server:
        assert "certificate" in refusal(f"https://other.example:{server.port}/", trusting)
        assert "certificate" in refusal(f"https://127.0.0.1:{server.port}/", trusting)
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(tls: ssl.SSLContext) -> None:
    with serving(lambda request: ok(PICTURE), tls) as server:
        assert "certificate" in refusal(f"https://photos.example:{server.port}/", policy())
    assert server.requests == []


def test_a_redirect_from_https_to_http_is_refused(tls: ssl.SSLContext, trusting: LinkPolicy) -> None:
    with serving(lambda request: redirect(f"http://photos.example:{server.port}/"), tls) as server:
        assert "from https to http" in refusal(f"https://photos.example:{server.port}/", trusting)


def test_a_server_that_speaks_no_tls_is_refused(trusting: LinkPolicy) -> None:
    with serving(lambda request: ok(PICTURE)) as server:
        message = refusal(f"https://photos.example:{server.port}/", policy(timeout_seconds=1.0))
    assert "broke off" in message or "within" in message
