"""How one FHIR server or folder is reached, and how tokens are had that one signs for: values, each checked as made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hi_fhir.core.errors import ConfigError

PREFIX = "HI_FHIR_"
"""How the variables of the environment begin."""
FHIR_BASE = re.compile(r"https?://[^/?#@\s]+(?:/[^?#\s]*)?", re.ASCII | re.IGNORECASE)
"""The base of a FHIR server, as settings name it."""
SIGNED: Mapping[str, tuple[str, ...]] = {"smart": ("RS384", "ES384"), "nhs": ("RS512",)}
"""How tokens are signed for, and the algorithms of each."""


@dataclass(frozen=True)
class SignedSettings:
    """How tokens are had that one signs for. kind: smart or nhs. key: file of the private key; key_command: prints it.

    token_url: where they are asked for; without it, where the server's SMART configuration says.
    """

    client_id: str
    kind: str = "smart"
    key: str | None = None
    key_command: tuple[str, ...] = ()
    key_id: str | None = None
    algorithm: str = ""
    token_url: str | None = None
    scope: str = "system/*.rs"

    def __post_init__(self) -> None:
        """Raise ConfigError where such tokens cannot be asked for."""
        if self.kind not in SIGNED:
            raise ConfigError(f"signed: kind is {' or '.join(SIGNED)}.")
        if self.algorithm and self.algorithm not in SIGNED[self.kind]:
            raise ConfigError(f"signed: algorithm for {self.kind} is {' or '.join(SIGNED[self.kind])}.")
        if self.kind == "nhs" and (self.token_url is None or self.key_id is None):
            raise ConfigError("signed: the NHS API platform is asked at its token_url, by the key_id registered there.")
        object.__setattr__(self, "algorithm", self.algorithm or SIGNED[self.kind][0])


@dataclass(frozen=True)
class ClientCertificate:
    """What a client shows of itself as a connection is made (mutual TLS): files in PEM. key: of the certificate.

    certificate: with those that vouch for it after it, where the server does not know them.
    """

    certificate: str
    key: str


@dataclass(frozen=True)
class SourceSettings:
    """How one FHIR server or folder is reached. `name` is the source's id in every table; the address enters none."""

    name: str
    address: str
    token: str | None = field(default=None, repr=False)
    practice: str | None = None  # ODS code, where the source is one practice's own server
    trusted_hosts: Mapping[str, str | None] = field(default_factory=dict, repr=False)  # host -> its own token, or None
    rewrite_next_host: bool = False  # follow a next link on another host by putting it on the configured one
    whole_types: tuple[str, ...] = ()  # types to take unfiltered although codes would do
    signed: SignedSettings | None = None  # instead of a token that does not change
    client_certificate: ClientCertificate | None = None  # shown to the server, and where its tokens are asked for
    bases: tuple[str, ...] = ()  # further FHIR bases that absolute references to its own resources have

    def __post_init__(self) -> None:
        """Raise ConfigError where the address holds a user or password (others can read it) or a base is no URL."""
        if self.is_server and "@" in re.split(r"[/?#]", self.address.partition("://")[2], maxsplit=1)[0]:
            raise ConfigError(
                f"source {self.name}: its address holds a user or a password, which others could read. Leave them out; "
                f"a bearer token goes into {_token_variable(self.name)}."
            )
        if self.signed is not None and self.token is not None:
            raise ConfigError(f"source {self.name}: it has a token that does not change, and one that is signed for.")
        if any(FHIR_BASE.fullmatch(base) is None for base in self.bases):
            raise ConfigError(
                f"source {self.name}: one of its bases is not the base of a FHIR server. Name each as references have "
                'it, such as "https://fhir.example.nhs.uk/fhir".'
            )

    @property
    def is_server(self) -> bool:
        """Whether the address is that of a server; else it is a folder's."""
        return self.address.startswith(("http://", "https://"))

    @property
    def has_credentials(self) -> bool:
        """Whether there is anything that no other server than the one at the address may be shown."""
        return bool(self.token or self.trusted_hosts or self.signed or self.client_certificate)


def source_token(name: str, environ: Mapping[str, str]) -> str | None:
    """The bearer token that the environment has for a source."""
    return environ.get(_token_variable(name)) or None


def _token_variable(source: str) -> str:
    return f"{PREFIX}SOURCE_{source.upper().replace('-', '_')}_TOKEN"
