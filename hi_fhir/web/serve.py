"""The service as a process: the application under a production WSGI server, on loopback only."""

import ipaddress
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from waitress.server import create_server

from hi_fhir.core.clock import SystemClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.store.search import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web.app import create_app

_THREADS = 8


def serve(config: Config, reader: Reader, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve what the reader may have until interrupted. `port` 0 takes a free one; `started` is told the address.

    Raises:
        ConfigError: the address is not of this machine alone, or is taken.
    """
    listening = _listen(_loopback(host), port)
    store = open_store(config.store_url)
    logging.getLogger("waitress").setLevel(logging.WARNING)
    server = create_server(create_app(store, SystemClock(), reader), sockets=[listening], threads=_THREADS, ident=None)
    try:
        with suppress(KeyboardInterrupt):
            started(f"http://{_in_url(server.effective_host)}:{server.effective_port}/fhir")
            server.run()
    finally:
        listening.close()
        store.close()


def _loopback(host: str) -> str:
    """The address, once it is sure that nobody else can call it."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        alone = ipaddress.ip_address(address).is_loopback
    except ValueError:
        alone = False
    if not alone:
        raise ConfigError(f"host {host!r} is not a loopback address. There is no login yet: use 127.0.0.1.")
    return address


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ConfigError(f"port {port} of {address} cannot be had: {error.strerror}. Name another, or 0.") from error


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
