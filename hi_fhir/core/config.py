"""Every setting, read once at the edge from the environment and one TOML file, then handed in as a frozen value.

Precedence: environment, then the file named by HI_FHIR_CONFIG (else ./hi-fhir.toml where present), then the default.
A setting NAME in the file is HI_FHIR_NAME in the environment. Sources are tables of the file, `[sources.NAME]`; their
bearer tokens come from the environment (HI_FHIR_SOURCE_<NAME>_TOKEN) or the file, never from an argument.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from hi_fhir.core.errors import ConfigError

_PREFIX = "HI_FHIR_"
AUDIENCES = ("practice", "pcn", "icb", "public")
OPT_OUT_POLICIES = ("not-applicable", "applied-upstream", "type-1-by-code", "imported-list")
_KINDS = {"overlays": tuple, "opt_out_list": Path, "publish_token": str, "publish_practice": str}
"""Types of the settings whose default does not tell."""


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


@dataclass(frozen=True)
class Config:
    """The deployment's settings; docs/reference/settings.md describes each."""

    data_dir: Path = Path("hi-fhir-data")
    key_file: Path = Path(platformdirs.user_config_dir("hi-fhir")) / "identity.key"
    overlays: tuple[Path, ...] = ()
    identifier_system: str = "urn:hi-fhir:measure-report"
    canonical_base: str = "https://hi-fhir.example/fhir"
    opt_out_policy: str = "not-applicable"
    opt_out_list: Path | None = None
    imd_year: int = 2025
    workers: int = 2
    memory_mb: int = 1024
    page_size: int = 200
    slices: int = 8
    pull_method: str = "search"  # search or export (system), export-patient, export-group:ID
    chunk_mb: int = 64
    count_tolerance: float = 0.0  # share of the server's own count that may be missing or extra
    timeout_s: float = 60.0
    tries: int = 6
    retry_after_cap_s: float = 300.0
    export_poll_cap_s: float = 30.0
    line_limit_mb: int = 16
    publish_token: str | None = field(default=None, repr=False)
    publish_batch: int = 100
    publish_practice: str | None = None  # ODS code, where the server published to is one practice's own
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)

    @property
    def store_file(self) -> Path:
        return self.data_dir / "hi_fhir.sqlite"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.store_file}"

    @property
    def names_as_shipped(self) -> tuple[str, ...]:
        """The settings of names in reports that are those of every new deployment still."""
        names = ("identifier_system", "canonical_base")
        return tuple(name for name in names if getattr(self, name).rstrip("/") == getattr(Config, name))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """The settings of this process.

        Raises:
            ConfigError: the file is not there or not TOML, a name is unknown, or a value does not parse.
        """
        file = _read_file(environ)
        sources = _sources(file.pop("sources", {}), environ)
        known = {f.name: f for f in fields(cls) if f.name != "sources"}
        for name in file:
            if name not in known:
                raise ConfigError(f"settings file: unknown setting {name!r}. docs/reference/settings.md has the names.")
        values: dict[str, Any] = {}
        for name in known:
            variable = _PREFIX + name.upper()
            if variable in environ:
                values[name] = _parse(name, environ[variable], getattr(cls, name, None))
            elif name in file:
                values[name] = _parse(name, file[name], getattr(cls, name, None))
        config = cls(**values, sources=sources)
        if config.opt_out_policy not in OPT_OUT_POLICIES:
            raise ConfigError(f"opt_out_policy {config.opt_out_policy!r} is not one of {', '.join(OPT_OUT_POLICIES)}.")
        if config.imd_year not in (2019, 2025):
            raise ConfigError(f"imd_year {config.imd_year} is not 2019 or 2025.")
        return config


def _read_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(_PREFIX + "CONFIG")
    path = Path(named or "hi-fhir.toml")
    if not path.exists():
        if named:
            raise ConfigError(f"settings file {path} is not there. Mend HI_FHIR_CONFIG or create it.")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"settings file {path}: {error}. Mend the line named.") from error


def _sources(tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]) -> dict[str, SourceSettings]:
    sources = {}
    for name, table in tables.items():
        token = environ.get(f"{_PREFIX}SOURCE_{name.upper().replace('-', '_')}_TOKEN")
        try:
            settings = SourceSettings(name=name, **{**table, "token": token or table.get("token")})
        except TypeError as error:
            raise ConfigError(f"settings file, [sources.{name}]: {error}.") from error
        sources[name] = settings
    return sources


def _parse(name: str, raw: Any, default: Any) -> Any:
    """`raw`, text or a TOML value, as the type of the setting."""
    kind = _KINDS.get(name) or type(default)
    try:
        if kind is tuple:
            parts = raw.split(":") if isinstance(raw, str) else raw
            return tuple(Path(part) for part in parts if part)
        return kind(raw)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"setting {name}: {raw!r} is not a {kind.__name__}.") from error
