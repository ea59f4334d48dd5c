"""Addresses of this machine alone: what is served without authentication listens on no other."""

import ipaddress
import socket

from hi_fhir.core.errors import ConfigError

_BACKLOG = 1_024  # who calls and is not taken in yet; one more tries again a second later


def loopback_address(host: str) -> str:
    """The address of a host, once it is sure that nobody else can call it.

    Raises:
        ConfigError: others can.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not is_loopback(address):
        raise ConfigError(f"host {host!r} is not a loopback address. There is no login yet: use 127.0.0.1.")
    return address


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def listen(address: str, port: int) -> socket.socket:
    """A socket that takes calls. `port` 0 takes a free one.

    Raises:
        ConfigError: the port is taken, or the machine has no such address.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(f"port {port} of {address} cannot be had: {error.strerror}. Name another, or 0.") from error


def in_url(address: str) -> str:
    """The address as it stands in a URL and in the Host header of who calls it."""
    return f"[{address}]" if ":" in address else address
