"""Which addresses webhooks may call, how a call is signed, and how long a failed one waits."""

import base64
import hashlib
import hmac
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_registry.webhooks.delivery.dispatcher import wait_seconds
from trackhelm_registry.webhooks.delivery.sending import (
    AddressError,
    Endpoint,
    check,
    is_public,
    signature_of,
    targets_of,
)

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::"),
        "64:ff9b:1::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressError, match="is not public"):
        check(ipaddress.ip_address(address), (), "host")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_called(address: str) -> None:
    check(ipaddress.ip_address(address), (), "host")


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_as_public_as_it_is_alone(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (
        (0xFFFF << 32) | number,
        int(ipaddress.ip_address("64:ff9b::")) | number,
        (0x2002 << 112) | (number << 80),
    ):
        assert is_public(ipaddress.IPv6Address(wrapped)) == is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.3.2.1"])
def test_a_private_network_that_is_named_may_be_called(address: str) -> None:
    check(ipaddress.ip_address(address), LOOPBACK, "host")
    with pytest.raises(AddressError):
        check(ipaddress.ip_address("10.0.0.1"), LOOPBACK, "host")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "localhost", "::1"])
def test_a_spelling_of_this_machine_is_refused_however_it_is_spelt(host: str) -> None:
    with pytest.raises(AddressError):
        targets_of(host, 80, ())


def test_what_is_returned_is_what_was_checked() -> None:
    targets = targets_of("127.0.0.1", 8080, LOOPBACK)
    assert [target.address for target in targets] == [("127.0.0.1", 8080)]


def test_every_address_of_a_name_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(AddressError, match=r"10\.0\.0\.1"):
        targets_of("mixed.example", 443, ())


@given(st.text(), st.text())
def test_the_signature_is_the_one_that_mlflow_documents(secret: str, body: str) -> None:
    digest = hmac.new(secret.encode(), f"id.12.{body}".encode(), hashlib.sha256).digest()
    assert signature_of(secret, "id", "12", body) == f"v1,{base64.b64encode(digest).decode()}"


@given(st.integers(1, 1_000))
def test_waits_double_up_to_an_hour_give_or_take_a_quarter(attempts: int) -> None:
    plain = min(5 * 2 ** (attempts - 1), 3_600)
    assert 0.75 * plain <= wait_seconds(attempts) <= 1.25 * plain


def test_a_url_is_taken_apart() -> None:
    whole = Endpoint.of("https://example.org:8443/a/b?c=d#e")
    assert whole == Endpoint("https", "example.org", 8443, "example.org:8443", "/a/b?c=d")
    assert Endpoint.of("http://[2606:4700::1]") == Endpoint("http", "2606:4700::1", 80, "[2606:4700::1]", "/")
