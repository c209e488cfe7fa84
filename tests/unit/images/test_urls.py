"""A link is read in one way or not at all, and only addresses of the public internet count as public."""

from ipaddress import ip_address

import pytest

from colorizer.errors import LinkError
from colorizer.images.fetch import LinkPolicy, fetch
from colorizer.images.public_addresses import is_public_unicast, parse_address
from colorizer.images.urls import Target, parse_link, with_scheme

READ_AS = {
    "http://a.example": Target("http", "a.example", 80, "/"),
    "HTTPS://A.Example/B?C=d#e": Target("https", "a.example", 443, "/B?C=d"),
    "https://a.example:443/": Target("https", "a.example", 443, "/"),
    "https://a.example.:8443/x": Target("https", "a.example", 8443, "/x"),
    "http://a.example?q": Target("http", "a.example", 80, "/?q"),
    "http://bücher.example/ü?ö=%20": Target("http", "xn--bcher-kva.example", 80, "/%C3%BC?%C3%B6=%20"),
    "http://a.example/my photo (1).png?w=1 2#a b": Target("http", "a.example", 80, "/my%20photo%20(1).png?w=1%202"),
    "http://a.example/a%20b c": Target("http", "a.example", 80, "/a%20b%20c"),
    "http://a_b.example/": Target("http", "a_b.example", 80, "/"),
    "http://93.184.216.34/": Target("http", "93.184.216.34", 80, "/"),
    "http://[2606:2800:220:1::1]:8080/": Target("http", "2606:2800:220:1::1", 8080, "/"),
}


@pytest.mark.parametrize("link", READ_AS)
def test_a_usual_link_is_read(link: str) -> None:
    assert parse_link(link) == READ_AS[link]


COMPLETED = {
    " a.example/a b.png\n": "https://a.example/a b.png",
    "//a.example/": "https://a.example/",
    "a.example:8443/a.png": "https://a.example:8443/a.png",
    "a.example:8443": "https://a.example:8443",
    "127.0.0.1/": "https://127.0.0.1/",
    "flower": "flower",
    "a/b.png": "a/b.png",
    "a.example/?u=http://b.example/": "https://a.example/?u=http://b.example/",
    "http://a.example/": "http://a.example/",
    "ftp://a.example/": "ftp://a.example/",
    "javascript:alert(1)": "javascript:alert(1)",
    "data:image/png;base64,AAAA": "data:image/png;base64,AAAA",
    "  ": "",
}


@pytest.mark.parametrize("text", COMPLETED)
def test_a_link_without_a_scheme_gets_https(text: str) -> None:
    assert with_scheme(text) == COMPLETED[text]


def test_the_host_header_names_the_port_where_it_is_not_the_usual_one() -> None:
    assert parse_link("http://a.example:80/").host_header == "a.example"
    assert parse_link("https://a.example:80/").host_header == "a.example:80"
    assert parse_link("http://[2606::1]:8080/").host_header == "[2606::1]:8080"


REFUSED = (
    "",
    "a.example/a.png",
    "ftp://a.example/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://a.example/",
    "javascript://a.example/%0aalert(1)",
    "http:///a.png",
    "http:a.example",
    "http://user@a.example/",
    "http://user:secret@a.example/",
    "http://@a.example/",
    "http://a.example\\@b.example/",
    " http://a.example/",
    "http://a .example/",
    "http://a.example /a.png",
    "http ://a.example/",
    "http://a.example:80 /",
    "http://user name@a.example/",
    "http://a.example/a\tb.png",
    "http://a.example/\n",
    "http://a.example/\r\nHost: b.example",
    "http://a.example/\0",
    "http://a.example/\u202egnp.exe",
    "http://a\u00a0b.example/",
    "http://a.example/" + "a" * 2048,
    "http://a..example/",
    "http://.example/",
    "http://-a.example/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 127 + "example/",
    "http://a%2eexample/",
    "http://%6c%6fcalhost/",
    "http://a.example:0/",
    "http://a.example:22/",
    "http://a.example:25/",
    "http://a.example:443x/",
    "http://a.example:65536/",
    "http://a.example:-1/",
    "http://a.example:6000/",
    "http://a.example:6667/",
    "http://a.example:10080/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://[1:2:3]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://loc\u00adalhost/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1.2/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://017700000001/",
    "http://256.1.1.1/",
    "http://1.2.3.0x4/",
)


@pytest.mark.parametrize("link", REFUSED)
def test_an_unusual_link_is_refused_in_one_sentence(link: str) -> None:
    with pytest.raises(LinkError) as caught:
        parse_link(link)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1.", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "10.0.0.1", "[::]", "[::ffff:8.8.8.8]"],
)
def test_a_forbidden_address_in_a_link_is_refused_without_a_resolver(host: str) -> None:
    asked: list[str] = []
    with pytest.raises(LinkError, match="not a place on the public internet"):
        fetch(f"http://{host}/", LinkPolicy(resolve=lambda name, port: asked.append(name) or ["8.8.8.8"]))
    assert asked == []


NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450:4001::200e",
    "2400:cb00::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_no_one_s_on_the_public_internet(address: str) -> None:
    assert not is_public_unicast(ip_address(address))
    with pytest.raises(LinkError, match="not a place on the public internet") as caught:
        fetch("http://a.example/", LinkPolicy(resolve=lambda host, port: [address]))
    assert address not in str(caught.value)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_on_the_public_internet(address: str) -> None:
    assert is_public_unicast(ip_address(address))


@pytest.mark.parametrize("text", ["127.1", "0x7f000001", "0177.0.0.1", "fe80::1%eth0", "a.example", "", "1.2.3.4 "])
def test_addresses_in_another_spelling_than_the_standard_are_none(text: str) -> None:
    assert parse_address(text) is None
