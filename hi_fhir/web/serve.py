"""The service as a process: the application under a production WSGI server, on loopback only."""

import logging
from collections.abc import Callable
from contextlib import suppress

from waitress.server import create_server

from hi_fhir.core.clock import SystemClock
from hi_fhir.core.config import Config
from hi_fhir.core.loopback import in_url, listen, loopback_address
from hi_fhir.measures import registry
from hi_fhir.reports.definitions import definitions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web.app import create_app

_THREADS = 4  # more of them wait for each other
_IN_MEMORY = 64 * 2**20  # bytes of an answer on its way; what is beyond goes by a file


def serve(config: Config, reader: Reader, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve what the reader may have until interrupted. `port` 0 takes a free one; `started` is told the address.

    Raises:
        ConfigError: the address is not of this machine alone, or is taken.
    """
    address = loopback_address(host)
    listening = listen(address, port)
    store = open_store(config.store_file)
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # to wait for a thread is no failure
    named = definitions(config.canonical_base.rstrip("/"), registry.load(overlays=config.overlays))
    app = create_app(store, SystemClock(), reader, in_url(address), named)
    server = create_server(app, sockets=[listening], threads=_THREADS, ident=None, outbuf_overflow=_IN_MEMORY)
    try:
        with suppress(KeyboardInterrupt):
            started(f"http://{in_url(server.effective_host)}:{server.effective_port}/fhir")
            server.run()
    finally:
        listening.close()
        store.close()
