"""The bases of FHIR servers: in the one spelling by which they are compared, and as keys, which give none away."""

import re
from collections.abc import Iterable

from hi_fhir.core.files import content_name
from hi_fhir.core.source_settings import SourceSettings

_URL = re.compile(r"https?://([^/?#@\s]+)((?:/[^?#\s]*)?)", re.ASCII | re.IGNORECASE)
_DEFAULT_PORT = re.compile(r":(?:80|443)?$", re.ASCII)
_HOST = re.compile(r"[a-z0-9._:\[\]-]{1,253}", re.ASCII)
_EXPORT = re.compile(r"(.+?)(?:/Patient|/Group/[^/?#]+)?/(?:\$|%24)export(?:\?.*)?", re.ASCII | re.IGNORECASE)

NO_HOST = "(a host that cannot be shown)"


def canonical_base(url: str) -> str | None:
    """Host, port and path of an http(s) URL, None of anything else: no letter case of the host, no slash at the end.

    The scheme and its port are left out: behind a proxy that ends TLS a server writes http of its own https.
    """
    match = _URL.fullmatch(url)
    return _DEFAULT_PORT.sub("", match[1].lower()) + match[2].rstrip("/") if match else None


def base_key(url: str) -> str | None:
    """The key of a base, the same for every spelling of it: an address may tell more than a manifest should."""
    base = canonical_base(url)
    return None if base is None else content_name(base)


def own_bases(source: SourceSettings, found: Iterable[str | None] = ()) -> tuple[str, ...]:
    """The keys of a source's own bases: its address, those declared for it, and keys that were found."""
    told = [base_key(url) for url in (source.address, *source.bases)]
    return tuple(sorted({key for key in (*told, *found) if key}))


def host_of(url: str) -> str:
    """The host (and port) of a base, fit to be shown whatever wrote it."""
    host = (canonical_base(url) or "").partition("/")[0]
    return host if _HOST.fullmatch(host) else NO_HOST


def export_base(request: str) -> str | None:
    """The base of the server that a Bulk Data export was asked of; None where its request does not tell."""
    match = _EXPORT.fullmatch(request)
    return match[1] if match else None
