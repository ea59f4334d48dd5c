"""The service as a process: the application under a production WSGI server, for others only where they log in."""

import ipaddress
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from hi_fhir.access.keys import KeysByUrl
from hi_fhir.access.log_ins import LogIns
from hi_fhir.access.rates import Asker, Rates
from hi_fhir.access.tokens import TokenGiver
from hi_fhir.access.trail import AuditTrail
from hi_fhir.core.clock import Clock, SystemClock
from hi_fhir.core.config import ELSEWHERE, NOT_REQUIRED, REQUIRED, Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.loopback import in_url, is_loopback, listen, loopback_address
from hi_fhir.core.sealing import Seal, load_seal
from hi_fhir.core.secret_files import read_secret
from hi_fhir.fhir.guard import Guard
from hi_fhir.measures import registry
from hi_fhir.pages.door import Door
from hi_fhir.pages.log_in import PROVIDER_BACK
from hi_fhir.pages.provider import Provider, ProviderSettings
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.site import Site, make_site, make_site_with_door
from hi_fhir.pipeline.about_patients import AboutPatients
from hi_fhir.reports.artifacts.naming_systems import identifier_system
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.dispatching import Dispatcher
from hi_fhir.subscriptions.guide import topic_url
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.terminology import catalogue
from hi_fhir.web import smart_api
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is, reaching, registered
from hi_fhir.web.responses import BASE_PATH
from hi_fhir.web.server import Answering, ClientLimits
from hi_fhir.web.smart_api import TOKEN_PATH
from hi_fhir.web.subscriptions_api import SubscriptionViews

_OTHER_FILES = 100  # that the process has open beside its connections: the store, answers on their way, libraries


def serve(config: Config, reader: Reader | None, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until interrupted what the reader may have, whoever calls; None: to each registered client what that may.

    `port` 0 takes a free one; `started` is told the address.

    Raises:
        ConfigError: others call it, by its address or public_url, and nobody logs in, nothing is said of TLS, or
            practices need not have agreed; or the address is taken.
    """
    address = _address(config, host, has_clients=reader is None)
    _check_agreements(config, address)
    listening = listen(address, port)
    store = open_store(config.store_place)
    measures, terminology = registry.load(overlays=config.overlays), catalogue.load(config.overlays)
    canonical_base = config.canonical_base.rstrip("/")
    named = [*served_artifacts(canonical_base, measures, terminology), identifier_system(config.identifier_system)]
    requirements = MeasureRequirements(canonical_base, measures, terminology)
    clock, here = SystemClock(), f"http://{in_url(address)}:{listening.getsockname()[1]}"
    base = f"{(config.public_url or here).rstrip('/')}{BASE_PATH}"
    guard = Guard(tuple(map(ipaddress.ip_network, config.callback_networks)), config.callback_http)
    seal, topic = load_seal(config.seal_file), topic_url(canonical_base)
    reader_of = reaching(registered(store, clock) if reader is None else everyone_is(reader), store, clock)
    needs_agreements = config.agreements == REQUIRED
    trail = AuditTrail(store, clock, timedelta(days=config.audit_days))
    views = SubscriptionViews(
        *(store, clock, reader_of, seal, guard, base, topic), needs_agreements=needs_agreements, note=trail.note
    )
    shelf = Shelf(store, config.overlays, config.data_dir)
    pages = _site(config, base.removesuffix(BASE_PATH), shelf, reader, clock, seal)
    app = create_app(
        *(store, clock, reader_of, in_url(address), named, views, config.public_url, pages, requirements),
        cors_origins=config.cors_origins,
        has_clients=reader is None,
        patients=AboutPatients(config.data_dir, canonical_base, config.overlays) if config.patient_reports else None,
        note=trail.note,
        rates=_rates(config, clock) if reader is None else None,
    )
    if reader is None:
        token_url = f"{base.removesuffix(BASE_PATH)}{TOKEN_PATH}"
        giver = TokenGiver(store, clock, KeysByUrl(guard, clock), token_url)
        app.register_blueprint(smart_api.make_blueprint(giver, token_url, BASE_PATH))
    terms = Terms(base, topic, timedelta(days=config.callback_days), needs_agreements)
    dispatcher = Dispatcher(store, clock, Attendant(store, clock, seal, Sender(guard), terms, trail.note))
    server = Answering(app, listening, client_limits(), trusted_proxy=config.trusted_proxy)
    dispatcher.start()
    trail.start()
    try:
        with suppress(KeyboardInterrupt):
            started(f"{here}{BASE_PATH}")
            server.run()
    finally:
        dispatcher.stop()
        trail.stop()
        listening.close()
        store.close()


def _site(config: Config, here: str, shelf: Shelf, reader: Reader | None, clock: Clock, seal: Seal) -> Site:
    """The pages: for one reader nobody logs in, and else everybody does. here: what others call the service by."""
    if reader is not None:
        return make_site(shelf, reaching(everyone_is(reader), shelf.store, clock))
    provider = None
    if config.open_id is not None:
        asked = config.open_id
        secret = read_secret("open_id", "secret", "client's secret", asked.secret, asked.secret_command).strip()
        settings = ProviderSettings(asked, secret, here, config.ca_file, config.proxy)
        provider = Provider(settings, PROVIDER_BACK)
    door = Door(LogIns(shelf.store, clock), clock, seal.derived("pages"), here.startswith("https://"), provider)
    return make_site_with_door(shelf, reaching(door.reader_of, shelf.store, clock), door)


def _rates(config: Config, clock: Clock) -> Rates:
    """How often each may ask. Behind a proxy that does not say who calls, all callers would be one."""
    is_told_apart = config.public_url is None or config.trusted_proxy is not None
    by_address = {Asker.PEER: config.rate_peer, Asker.TOKEN: config.rate_token}
    return Rates(
        clock, {Asker.CLIENT: config.rate_client, **(by_address if is_told_apart else dict.fromkeys(by_address, 0))}
    )


def _address(config: Config, host: str, *, has_clients: bool) -> str:
    """The address of a host. Where others call it, by itself or by a proxy, they log in and TLS ends before it.

    Raises:
        ConfigError: they do not.
    """
    by = (
        f"host {host!r}"
        if not is_loopback(host)
        else f"public_url {config.public_url}"
        if _is_elsewhere(config)
        else None
    )
    if by is None:
        return loopback_address(host)
    if not has_clients:
        raise ConfigError(
            f"by {by} others can call this service, and nobody logs in. Register who may (hi-fhir clients add) and "
            "serve with --clients; or serve this machine alone, by --host 127.0.0.1 and without public_url."
        )
    if not (config.public_url or "").startswith("https://"):
        raise ConfigError(
            f"by {by} others can call this service: set public_url to the https address that they call, whose TLS "
            "ends before it; or serve this machine alone, by --host 127.0.0.1 and without public_url."
        )
    return loopback_address(host) if is_loopback(host) else host


def _is_elsewhere(config: Config) -> bool:
    """Whether the service is called by an address that is not this machine's, as through a proxy."""
    return config.public_url is not None and not is_loopback(str(urlsplit(config.public_url).hostname))


def _check_agreements(config: Config, address: str) -> None:
    """Nothing of a practice leaves this machine until it is recorded that its controller agreed, here or elsewhere."""
    if config.agreements == NOT_REQUIRED and (not is_loopback(address) or _is_elsewhere(config)):
        raise ConfigError(
            "others can call this service, and no practice has to have agreed (setting agreements). Set it to "
            f"{REQUIRED}, and record what practices agreed to (hi-fhir agreements add); or to {ELSEWHERE}, where that "
            "is recorded outside hi_fhir, and nobody is asked here."
        )


def client_limits() -> ClientLimits:
    """As many connections as files may be open here: that number is raised to what they need, where it may be."""
    limits = ClientLimits()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return replace(limits, connections=soft - _OTHER_FILES)
    return limits
