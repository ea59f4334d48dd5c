"""The server that reports are published to: how it is named, and whether it is on this machine."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.loopback import is_loopback


@dataclass(frozen=True)
class Target:
    """A FHIR base. base_url: scheme, host, port and path, without credentials, query or a slash at its end."""

    base_url: str

    @property
    def is_loopback(self) -> bool:
        return is_loopback(urlsplit(self.base_url).hostname or "")


def read_target(url: str) -> Target:
    """The target at `url`.

    Raises:
        ConfigError: it is no http(s) URL, or holds credentials or a query, which others could read.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(parts):
        raise ConfigError("--publish: give the base of a FHIR server, such as https://icb.example/fhir.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            "--publish: a base has no user, query or fragment. A token goes into HI_FHIR_PUBLISH_TOKEN, with "
            "HI_FHIR_PUBLISH_URL for the server that it is for."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return Target(f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}")


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is a number, or is left to the scheme."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
