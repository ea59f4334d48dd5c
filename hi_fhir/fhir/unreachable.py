"""Why a server was not reached, told apart by what there is to do. Nothing of a URL is told but its host."""

import errno
import http.client
import re
import socket
import ssl
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from hi_fhir.core.errors import SourceError, causes

UNKNOWN_HOST = "unknown-host"

_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_PLAIN = re.compile(r"WRONG_VERSION_NUMBER|HTTP_REQUEST|RECORD_LAYER_FAILURE|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL")
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_NO_HTTP = (http.client.BadStatusLine, http.client.UnknownProtocol)
_OVERLONG = (http.client.LineTooLong, http.client.HTTPException)


def unreachable(what: str, url: str, error: requests.RequestException, *, is_over: bool) -> SourceError:
    """The error that says why. is_over: whether the response took longer than it may as a whole."""
    kind, said, retryable = _why(urlsplit(url).hostname or "the server", error, is_over)
    return SourceError(f"{what}: {said}", kind=kind, retryable=retryable)


def _why(host: str, error: requests.RequestException, is_over: bool) -> tuple[str, str, bool]:
    behind = list(causes(error))
    if is_over:
        return "too-slow", "no whole response in the time that response_limit_s allows.", False
    if isinstance(error, _NO_ADDRESS):
        return "no-connection", "the address is no HTTP URL.", False
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy", f"the proxy on the way to {host} fails. Is the setting proxy (or HTTPS_PROXY) right?", True
    for cause in behind:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "certificate", _certificate(host, cause), False
        if isinstance(cause, ssl.SSLError) and _PLAIN.search(f"{cause.reason} {cause}"):
            return (
                "plain-http",
                f"{host} speaks plain HTTP there, not HTTPS. Is the port right, or is it http://?",
                False,
            )
    if any(isinstance(cause, ssl.SSLError) for cause in behind):
        return (
            "tls",
            f"no secure connection to {host} comes about. Does the server speak TLS 1.2 or later? Does it want to be "
            "shown a certificate of yours (client_certificate), and take the one that it is shown?",
            False,
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "timeout", f"no connection to {host} in time. Is there a firewall, or a proxy to set (proxy)?", True
    if isinstance(error, requests.Timeout):
        return "timeout", "no response in time.", True
    return _broken(host, behind)


def _broken(host: str, behind: list[BaseException]) -> tuple[str, str, bool]:
    for cause in behind:
        if isinstance(cause, socket.gaierror | urllib3.exceptions.NameResolutionError):
            return UNKNOWN_HOST, f"the name {host} cannot be resolved. Is it spelled right, and is there a DNS?", True
        if isinstance(cause, ConnectionRefusedError):
            return "no-connection", f"{host} refuses the connection. Does the server run, on this port?", True
        if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
            return "no-connection", f"there is no way through the network to {host}.", True
    for cause in behind:
        if isinstance(cause, http.client.RemoteDisconnected | ConnectionError):
            return "no-connection", f"{host} ended the connection before it answered.", True
        if isinstance(cause, _NO_HTTP):
            return (
                "no-http",
                f"what answers on {host} speaks no HTTP. Is the port right, or is it https://?",
                False,
            )
        if isinstance(cause, _OVERLONG):
            return "bad-headers", "the response's headers are more, or longer, than any are.", False
    return "no-connection", f"{host} cannot be reached.", True


def _certificate(host: str, error: ssl.SSLCertVerificationError) -> str:
    why = re.sub(r"[^\w ',.-]", "", error.verify_message or "it cannot be verified", flags=re.ASCII)
    return f"the certificate of {host} is not trusted: {why}. A certificate authority of your own is set by ca_file."
