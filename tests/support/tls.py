"""Certificates of the tests' own making, and a server on loopback that shows one and may want to be shown another."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from hi_fhir.core.source_settings import ClientCertificate


def made_certificate(folder: Path, name: str, password: bytes | None = None) -> ClientCertificate:
    """Files of a certificate that vouches for itself, of a host or client called `name`, good for two days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = ClientCertificate(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
    Path(found.certificate).write_bytes(certificate.public_bytes(Encoding.PEM))
    kept = BestAvailableEncryption(password) if password else NoEncryption()
    Path(found.key).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept))
    Path(found.key).chmod(0o600)
    return found


class _Hello(BaseHTTPRequestHandler):
    """Answers with the name in the certificate that it was shown."""

    def do_GET(self) -> None:
        shown = self.connection.getpeercert()  # type: ignore[attr-defined]
        names = [value for part in (shown or {}).get("subject", ()) for _, value in part]
        body = b'{"shown":"%s"}' % ",".join(names).encode()
        self.send_response(302 if self.path == "/elsewhere" else 200)
        if self.path == "/elsewhere":
            self.send_header("Location", self.headers["X-To"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def secured_server(own: ClientCertificate, clients: ClientCertificate | None, *, wanted: bool = True) -> Iterator[str]:
    """The URL of a server that shows `own`. clients: whose certificate it takes; wanted: and insists on."""
    server = HTTPServer(("127.0.0.1", 0), _Hello)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED if wanted else ssl.CERT_OPTIONAL
        context.load_verify_locations(clients.certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
