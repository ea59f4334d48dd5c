"""How one FHIR server is called, whoever it is: a source that is read, a target that is written to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import ClientCertificate, SourceSettings
from hi_fhir.fhir.auth import Auth, Credentials, bearer


@dataclass(frozen=True)
class ClientSettings:
    """Of one server. name: in messages and events. connections: kept open at most. The others are settings of the
    deployment, under the same names.
    """

    name: str
    base: str
    credentials: Credentials
    rewrite_next_host: bool
    connections: int
    tries: int
    timeout_s: float
    retry_after_cap_s: float
    response_limit_mb: int
    response_limit_s: float
    ca_file: Path | None
    proxy: str | None = field(repr=False)
    certificate: ClientCertificate | None


def source_client(config: Config, source: SourceSettings, own: Auth | None = None) -> ClientSettings:
    """The client of a source. own: its credentials; None: the token that does not change."""
    trusted = {host: bearer(token) for host, token in source.trusted_hosts.items()}
    return server_client(
        config,
        source.name,
        source.address,
        own or bearer(source.token),
        trusted=trusted,
        rewrite_next_host=source.rewrite_next_host,
        certificate=source.client_certificate,
    )


def server_client(
    config: Config,
    name: str,
    base: str,
    own: Auth,
    *,
    trusted: Mapping[str, Auth] | None = None,
    rewrite_next_host: bool = False,
    certificate: ClientCertificate | None = None,
) -> ClientSettings:
    """The client of any server. own, trusted: credentials for it, and for other hosts that its links may lead to.

    certificate: shown to the server itself alone.
    """
    return ClientSettings(
        name=name,
        base=base.rstrip("/"),
        credentials=Credentials(base, own, trusted or {}),
        rewrite_next_host=rewrite_next_host,
        connections=max(config.slices, 2),
        tries=config.tries,
        timeout_s=config.timeout_s,
        retry_after_cap_s=config.retry_after_cap_s,
        response_limit_mb=config.response_limit_mb,
        response_limit_s=config.response_limit_s,
        ca_file=config.ca_file,
        proxy=config.proxy,
        certificate=certificate,
    )
