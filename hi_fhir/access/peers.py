"""Where a request comes from, as far as callers that are not registered are told apart."""

import ipaddress

from flask import Request

_SITE = 64  # bits of an IPv6 address that are one site's: within it anybody takes as many as they like


def peer_of(request: Request) -> str | None:
    """The caller's IPv4 address, or the network that its IPv6 address is in; None: it has neither."""
    try:
        found = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return None
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found) if found.is_loopback else str(ipaddress.ip_network((found, _SITE), strict=False))
