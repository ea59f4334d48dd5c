"""The provider that says who people are who look at pages (OpenID Connect), and what its words mean here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.roles import Role

_ISSUER = re.compile(r"https://[^/?#@\s]+(?:/[^?#\s]*)?|http://(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d+)?/?", re.ASCII)


@dataclass(frozen=True)
class OpenIdSettings:
    """secret: the file of the client's; secret_command: prints it. name: what people know the provider by.

    role_claim: the claim that says what somebody is for, by words that `roles` maps to roles of ours.
    organisation_claim: the one with the ODS code.
    """

    issuer: str
    client_id: str
    role_claim: str
    organisation_claim: str
    roles: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = None
    secret_command: tuple[str, ...] = ()
    scope: str = "openid profile"
    name: str = "your organisation's account"

    def __post_init__(self) -> None:
        """Raise ConfigError where nobody could log in by it, or its words could be read on the way."""
        if _ISSUER.fullmatch(self.issuer) is None:
            raise ConfigError("open_id: issuer is the provider's https address, as its configuration has it.")
        if not self.roles or not set(self.roles.values()) <= {role.value for role in Role}:
            raise ConfigError(f"open_id: roles maps words of the provider to {', '.join(Role)}.")
        if "openid" not in self.scope.split():
            raise ConfigError("open_id: scope has openid among its words.")
