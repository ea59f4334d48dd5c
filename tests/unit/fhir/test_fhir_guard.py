"""Which addresses that somebody else named are called."""

import socket
from ipaddress import ip_network

import pytest
import requests

from hi_fhir.core.errors import causes
from hi_fhir.fhir.guard import Guard, UnsafeAddressError
from tests.support.subscribing import endpoint

OURS = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1"),
    *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
    *(
        "fec0::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ),
)


@pytest.mark.parametrize("address", OURS)
def test_what_is_not_public_is_not_called(address):
    assert not Guard().permits(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_public_is(address):
    assert Guard().permits(address)


def test_networks_of_the_operators_are_called_and_no_others():
    guard = Guard((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    assert [guard.permits(one) for one in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "192.168.0.1")] == [True] * 3 + [
        False
    ]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "//h/x",
        "ftp://h/x",
        "http://h/x",
        "https:///x",
        "https://u@h/x",
        "https://h/x#y",
        "https://h:x/",
        "https://h/ x",
    ],
)
def test_what_is_no_url_of_a_server_by_tls_is_refused_before_anybody_is_called(url):
    with pytest.raises(UnsafeAddressError):
        Guard().check_url(url)


def test_plain_http_is_taken_where_that_is_set():
    Guard(plain_http=True).check_url("http://h/x")
    Guard().check_url("https://h:8443/x?y=z")


def test_a_name_is_judged_by_where_it_leads_when_it_is_called(monkeypatch):
    with endpoint() as hook:
        port = int(hook.url.rpartition(":")[2].partition("/")[0])
        asked = []

        def resolve(host, *_arguments, **_named):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with pytest.raises((requests.RequestException, UnsafeAddressError)) as refused:
            Guard().session(1).post(f"http://icb.example:{port}/hook", data=b"x")
        assert any(isinstance(cause, UnsafeAddressError) for cause in causes(refused.value))
        assert (asked, hook.calls) == (["icb.example"], [])
