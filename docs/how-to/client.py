"""A client of the FHIR service: makes a key of its own, signs for itself, and asks with the token that it is given.

Run: python client.py keys FOLDER                makes private.json, which stays there, and jwks.json, to be registered
     python client.py get FOLDER ID BASE PATH    e.g. 'MeasureReport?period=2024'; prints the answer
"""

import json
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from joserfc import jwt
from joserfc.jwk import ECKey

FHIR = "application/fhir+json"
SIGNED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_keys(folder: Path) -> None:
    key = ECKey.generate_key("P-384", {"kid": str(uuid.uuid4()), "alg": "ES384", "use": "sig"})
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / "private.json"
    private.touch(mode=0o600)
    private.write_text(json.dumps(key.as_dict(private=True)))
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))


class Client:
    """base: of the service, as https://numbers.example/fhir. client_id: as it was registered. folder: of its keys."""

    def __init__(self, base: str, client_id: str, folder: Path, scope: str = "system/*.cruds") -> None:
        self.base, self.id, self.scope = base.rstrip("/"), client_id, scope
        self.key = ECKey.import_key(json.loads((folder / "private.json").read_text()))
        self.token, self.good_until = "", 0.0

    def call(self, path: str, resource: dict | None = None) -> dict:
        """GET a path below the base, or POST a resource there."""
        body = None if resource is None else json.dumps(resource).encode()
        headers = {"Accept": FHIR, "Content-Type": FHIR, **self.headers()}
        return json.load(urlopen(Request(f"{self.base}/{path}", body, headers), timeout=30))

    def headers(self) -> dict[str, str]:
        if time.time() > self.good_until:
            self.renew()
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> None:
        url = json.load(urlopen(f"{self.base}/.well-known/smart-configuration", timeout=30))["token_endpoint"]
        claims = {"iss": self.id, "sub": self.id, "aud": url, "exp": int(time.time()) + 240, "jti": str(uuid.uuid4())}
        form = {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "client_assertion_type": SIGNED,
            "client_assertion": jwt.encode({"alg": "ES384", "kid": self.key.kid}, claims, self.key, ["ES384"]),
        }
        given = json.load(urlopen(url, urlencode(form).encode(), timeout=30))
        self.token, self.good_until = given["access_token"], time.time() + given["expires_in"] - 30


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keys", folder]:
            make_keys(Path(folder))
        case ["get", folder, client_id, base, path]:
            print(json.dumps(Client(base, client_id, Path(folder)).call(path), indent=2))
        case _:
            sys.exit(__doc__)
