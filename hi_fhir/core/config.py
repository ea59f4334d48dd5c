"""Every setting, read once at the edge from the environment and one TOML file, then handed in as a frozen value.

Precedence: environment, then the file named by HI_FHIR_CONFIG (else ./hi-fhir.toml where present), then the default.
A setting NAME in the file is HI_FHIR_NAME in the environment. Sources are tables of the file, `[sources.NAME]`; their
bearer tokens come from the environment (HI_FHIR_SOURCE_<NAME>_TOKEN) or the file, never from an argument.
"""

import ipaddress
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import platformdirs

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.core.renamed import SETTINGS, Warn, current_settings
from hi_fhir.core.source_settings import (
    FHIR_BASE,
    PREFIX,
    ClientCertificate,
    SignedSettings,
    SourceSettings,
    source_token,
)

T = TypeVar("T")

_SQLITE = "sqlite:///"
_FILE = re.compile(rf"{_SQLITE}(?!:)[^?#\s][^?#]*")
_SERVER = re.compile(
    r"postgresql(?:\+psycopg)?://(?:[^/?#\s]*@)?(?P<host>[^/?#@\s]*)/(?P<database>[^/?#@\s]+)(?:\?[^#\s]*)?"
)
OPT_OUT_POLICIES = ("not-applicable", "applied-upstream", "type-1-by-code", "imported-list")
IMD_YEARS = (2019, 2025)
DISCLOSURE_POLICIES = ("suppressed", "contract-totals")
NOT_REQUIRED, REQUIRED, ELSEWHERE = AGREEMENTS = ("not-required", "required", "kept-elsewhere")
_KINDS = {
    "overlays": tuple,
    "opt_out_list": Path,
    "ca_file": Path,
    "proxy": str,
    "publish_url": str,
    "store_url": str,
    "publish_token": str,
    "publish_organisations": tuple,
    "serve_organisations": tuple,
    "public_url": str,
    "callback_networks": tuple,
    "cors_origins": tuple,
    "trusted_proxy": str,
}
"""Types of the settings whose default does not tell."""

_SECRET = ("publish_token", "proxy", "store_url")
_TABLES = ("sources", "open_id", "publish_signed", "publish_client_certificate")
_CODES = ("publish_organisations", "serve_organisations")
_NETWORKS = ("callback_networks",)

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "opt_out_policy": OPT_OUT_POLICIES,
    "imd_year": IMD_YEARS,
    "disclosure_policy": DISCLOSURE_POLICIES,
    "agreements": AGREEMENTS,
}
RANGES: Mapping[str, tuple[float, float]] = {
    "workers": (1, 64),
    "memory_mb": (64, 1_048_576),
    "page_size": (1, 10_000),
    "slices": (1, 64),
    "chunk_mb": (1, 1_024),
    "quarantine_limit": (0, 1),
    "count_tolerance": (0, 1),
    "timeout_s": (0.1, 3_600),
    "tries": (1, 100),
    "retry_after_cap_s": (0, 86_400),
    "export_poll_cap_s": (0.01, 3_600),
    "export_limit_s": (1, 2_592_000),
    "line_limit_mb": (1, 1_024),
    "document_limit_mb": (1, 16_384),
    "unpacked_limit_mb": (1, 16_777_216),
    "response_limit_mb": (1, 1_024),
    "response_limit_s": (0.1, 86_400),
    "idle_pages": (1, 1_000_000),
    "publish_batch": (1, 1_000),
    "release_check": (0, 10_000_000),
    "callback_days": (0.001, 365),
    "audit_days": (1, 3_650),
    "rate_client": (0, 1_000_000),
    "rate_peer": (0, 1_000_000),
    "rate_token": (0, 1_000_000),
}
"""What numbers may be, both ends included."""


@dataclass(frozen=True)
class Config:
    """The deployment's settings; docs/reference/settings.md describes each."""

    data_dir: Path = Path("hi-fhir-data")
    store_url: str | None = field(default=None, repr=False)  # where not in the data folder; it may hold a password
    key_file: Path = Path(platformdirs.user_config_dir("hi-fhir")) / "identity.key"
    overlays: tuple[Path, ...] = ()
    identifier_system: str = "urn:hi-fhir:measure-report"
    canonical_base: str = "https://hi-fhir.example/fhir"
    opt_out_policy: str = "not-applicable"
    opt_out_list: Path | None = None
    imd_year: int = 2025
    disclosure_policy: str = "suppressed"  # what is told above the practice
    workers: int = 2
    memory_mb: int = 1024
    page_size: int = 200
    slices: int = 8
    pull_method: str = "search"  # search or export (system), export-patient, export-group:ID
    chunk_mb: int = 64
    strict_absence: bool = False  # whether a run that withholds numbers for want of data exits with 4
    quarantine_limit: float = 0.05  # share of a type's records that may be lost before what rests on it is withheld
    count_tolerance: float = 0.0  # share of the server's own count that may be missing or extra
    timeout_s: float = 60.0
    tries: int = 6
    retry_after_cap_s: float = 300.0
    export_poll_cap_s: float = 30.0
    export_limit_s: float = 86_400.0
    line_limit_mb: int = 16
    document_limit_mb: int = 256
    unpacked_limit_mb: int = 65_536
    response_limit_mb: int = 64
    response_limit_s: float = 600.0
    idle_pages: int = 1_000
    ca_file: Path | None = None  # PEM, in place of the certificate authorities that are usually trusted
    proxy: str | None = field(default=None, repr=False)  # its URL may hold a password
    publish_url: str | None = None  # FHIR base of the server that publish_token belongs to
    publish_token: str | None = field(default=None, repr=False)
    publish_batch: int = 100
    release_check: int = 20  # small counts of a release that are attacked with several sums at once before it is kept
    publish_organisations: tuple[str, ...] = ()  # ODS codes of whose server is published to; none: all of the audience
    serve_organisations: tuple[str, ...] = ()  # ODS codes of whoever calls the service; none: all of the audience
    public_url: str | None = None  # what the service is called by from elsewhere, without /fhir
    callback_networks: tuple[str, ...] = ()  # that may be called although they are not public
    cors_origins: tuple[str, ...] = ()  # of pages elsewhere that may ask from within a browser
    patient_reports: bool = False  # whether a practice's own client may be told of its single patients
    callback_http: bool = False  # whether what others name may be called without TLS
    callback_days: float = 7.0  # how long a subscriber that does not answer is tried again
    audit_days: int = 180  # how long it is kept what was refused, and who was shown what of people
    rate_client: int = 3_000  # requests a minute of a registered client, or of who is logged in; 0: no limit
    rate_peer: int = 600  # of an address, where nobody is known
    rate_token: int = 60  # of an address, for tokens
    trusted_proxy: str | None = None  # address of the proxy that says who calls; "*": whoever calls is one
    agreements: str = NOT_REQUIRED  # whether practices are to have agreed before their numbers go to others
    publish_signed: SignedSettings | None = None  # tokens for publish_url, instead of one that does not change
    publish_client_certificate: ClientCertificate | None = None  # shown to publish_url
    open_id: OpenIdSettings | None = None  # the provider that says who people are who look at pages
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ConfigError where the store is in no database, or the data folder has no name for what writes tables.

        Those would take a relative path with a colon for a URL, `~` for a home, a backslash in a pattern for a slash.
        """
        if self.store_url is not None and not (_FILE.fullmatch(self.store_url) or _SERVER.fullmatch(self.store_url)):
            raise ConfigError(
                "store_url: the store is a file of SQLite or a database of PostgreSQL. Give sqlite:///path/to/file or "
                "postgresql://user@host:5432/database."
            )
        if self.public_url is not None and FHIR_BASE.fullmatch(self.public_url) is None:
            raise ConfigError("public_url: give it as others call the service, such as https://numbers.example.nhs.uk.")
        if self.trusted_proxy not in (None, "*") and not _is_address(str(self.trusted_proxy)):
            raise ConfigError("trusted_proxy: give the IP address from which your proxy calls, such as 10.0.0.5, or *.")
        if not _is_text(str(self.data_dir)):
            raise ConfigError("data_dir: its name is not UTF-8, which tables cannot be kept under. Name another.")
        if "\\" in str(self.data_dir) and set("*?[") & set(str(self.data_dir.absolute())):
            raise ConfigError("data_dir: a name with a backslash may not have *, ? or [ as well. Name another.")
        if ":" in str(self.data_dir) or str(self.data_dir).startswith("~"):
            object.__setattr__(self, "data_dir", self.data_dir.absolute())

    @property
    def store_place(self) -> Path | str:
        """Where the store is: a file of SQLite, or the URL of a server's, which may hold a password."""
        if self.store_url and not self.store_url.startswith(_SQLITE):
            return self.store_url
        return Path(self.store_url.removeprefix(_SQLITE)) if self.store_url else self.data_dir / "hi_fhir.sqlite"

    @property
    def store_shown(self) -> str:
        """Where the store is, as others may read it: without user, password and parameters."""
        server = _SERVER.fullmatch(str(self.store_place))
        return f"postgresql://{server['host']}/{server['database']}" if server else str(self.store_place)

    @property
    def seal_file(self) -> Path:
        """The key that seals what others gave to be kept secret: beside the identity key."""
        return self.key_file.with_name("sealing.key")

    @property
    def names_as_shipped(self) -> tuple[str, ...]:
        """The settings of names in reports that are those of every new deployment still."""
        names = ("identifier_system", "canonical_base")
        return tuple(name for name in names if getattr(self, name).rstrip("/") == getattr(Config, name))

    @classmethod
    def from_env(cls, environ: Mapping[str, str], warn: Warn = lambda _: None) -> "Config":
        """The settings of this process. warn: is told of names that were given as they were called before.

        Raises:
            ConfigError: the file is not there or not TOML, a name is unknown, or a value does not parse.
        """
        file = current_settings(_read_file(environ), str, warn)
        sources = _sources(file.pop("sources", {}), environ)
        signed = _table(file, "publish_signed", SignedSettings)
        shown = _table(file, "publish_client_certificate", ClientCertificate)
        open_id = _table(file, "open_id", OpenIdSettings)
        known = {f.name: f for f in fields(cls) if f.name not in _TABLES}
        variables = {name: environ[_variable(name)] for name in (*known, *SETTINGS) if _variable(name) in environ}
        named = current_settings(variables, _variable, warn)
        for name in file:
            if name not in known:
                raise ConfigError(f"settings file: unknown setting {name!r}. docs/reference/settings.md has the names.")
        given = {name: named.get(name, file.get(name)) for name in known}
        values = {name: _parse(name, raw) for name, raw in given.items() if raw is not None}
        config = cls(
            **values, publish_signed=signed, publish_client_certificate=shown, open_id=open_id, sources=sources
        )
        if (config.publish_token or signed or shown) and not config.publish_url:
            raise ConfigError(
                "publish_token, publish_signed and publish_client_certificate need publish_url: the FHIR base of the "
                "server they are for."
            )
        if config.publish_token and signed:
            raise ConfigError("publish_token is one that does not change, publish_signed asks for others: set one.")
        return config


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_text(name: str) -> bool:
    """Whether a name of a file is UTF-8, as not all are."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _variable(setting: str) -> str:
    return PREFIX + setting.upper()


def _read_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(PREFIX + "CONFIG")
    path = Path(named or "hi-fhir.toml")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if named:
            raise ConfigError(f"settings file {path} is not there. Fix HI_FHIR_CONFIG or create it.") from error
        return {}
    except OSError as error:
        raise ConfigError(
            f"settings file {path} cannot be read: {error.strerror}. Fix it or its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"settings file {path}: {error}. Fix the line named.") from error


def _sources(tables: Any, environ: Mapping[str, str]) -> dict[str, SourceSettings]:
    if not isinstance(tables, dict):
        raise ConfigError("settings file: sources are tables, one each: [sources.NAME].")
    return {name: _source(name, table, source_token(name, environ)) for name, table in tables.items()}


def _source(name: str, table: Any, token: str | None) -> SourceSettings:
    """token: the environment's, which wins over the file's."""
    place = f"settings file, [sources.{name}]"
    if not isinstance(table, dict):
        raise ConfigError(f"{place}: a source is a table. docs/reference/settings.md shows one.")
    names = {f.name for f in fields(SourceSettings)} - {"name"}
    if unknown := sorted(table.keys() - names):
        raise ConfigError(f"{place}: unknown setting {unknown[0]!r}. There are {', '.join(sorted(names))}.")
    try:
        return msgspec.convert({**table, "name": name, **({"token": token} if token else {})}, SourceSettings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {error}.") from error


def _table(file: dict[str, Any], name: str, kind: type[T]) -> T | None:
    """What the file has of a setting that is a table, taken out of it."""
    table = file.pop(name, None)
    try:
        return None if table is None else msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"settings file, [{name}]: {error}.") from error


def _parse(name: str, raw: Any) -> Any:
    """`raw`, text or a TOML value, as the type of the setting, if it is one that the setting may have."""
    kind = _KINDS.get(name) or type(getattr(Config, name))
    try:
        if name in _CODES:
            return ods_codes(
                f"setting {name}", raw.split(",") if isinstance(raw, str) else msgspec.convert(raw, list[str])
            )
        if name in _NETWORKS:
            return _networks(name, raw.split(",") if isinstance(raw, str) else msgspec.convert(raw, list[str]))
        if name == "cors_origins":
            return tuple(raw.split(",") if isinstance(raw, str) else msgspec.convert(raw, list[str]))
        if kind is tuple:
            parts = raw.split(":") if isinstance(raw, str) else msgspec.convert(raw, list[str])
            return tuple(Path(part) for part in parts if part)
        value: Any = Path(_as(str, raw)) if issubclass(kind, Path) else _as(kind, raw)
    except msgspec.ValidationError as error:
        raise _wrong(name, raw, kind) from error
    if name in CHOICES and value not in CHOICES[name]:
        raise _wrong(name, raw, kind)
    if name in RANGES and not RANGES[name][0] <= value <= RANGES[name][1]:  # not a number is in no range
        raise _wrong(name, raw, kind)
    return value


def _networks(name: str, parts: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in parts)
    except ValueError as error:
        raise ConfigError(f"setting {name}: give networks by their addresses, such as 10.0.0.0/8. {error}.") from error


def ods_codes(where: str, codes: Iterable[str]) -> tuple[str, ...]:
    """ODS codes that were named, as they are spelt. where: what names them.

    Raises:
        ConfigError: nobody is named, which is not the same as everybody.
    """
    found = tuple(dict.fromkeys(code.strip().upper() for code in codes))
    if not found or not all(found):
        raise ConfigError(f"{where}: one of its ODS codes is empty. Name organisations, or leave it out for all.")
    return found


def _as(kind: type[T], raw: Any) -> T:
    return msgspec.convert(raw, kind, strict=False)


def _wrong(name: str, raw: Any, kind: type) -> ConfigError:
    """The error that says what the setting may be, and what it is, unless that is a secret."""
    told = {bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of folders"}.get(
        kind, "text"
    )
    if name in _CODES:
        told = "a list of ODS codes"
    if name in RANGES:
        told = f"{told} from {RANGES[name][0]} to {RANGES[name][1]:,}"
    if name in CHOICES:
        told = f"one of {', '.join(map(str, CHOICES[name]))}"
    shown = "its value" if name in _SECRET else repr(raw)
    return ConfigError(f"setting {name}: {shown} is not {told}.")
