"""An issuer of tokens (JWT), whose keys are made on the fly and served over HTTP."""

import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from tests.http_server import HttpServer

AUDIENCE = "trips"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

MAKERS: Mapping[str, Callable[[], Key]] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def public(key: Key, algorithm: str, **members: Any) -> dict[str, Any]:
    """Write the public half of a key as issuers publish it."""
    written = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    return {**written, "use": "sig", **members}


class Issuer(HttpServer):
    """Signs with one key, and answers with what is in `answer`; without it, with its keys.

    `wait_s` is how long it thinks first, `drip_s` how long after each letter. `asked` counts.
    """

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.keys: list[dict[str, Any]] = []
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.wait_s = self.drip_s = 0.0
        self.asked = 0
        self.name = "https://auth.example.com"
        self.rotate("first")
        super().__init__()

    @property
    def url(self) -> str:
        return f"{super().url}/jwks.json"

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on, and publish it alone."""
        self.kid = kid
        self.key = MAKERS[self.algorithm]()
        self.keys = [public(self.key, self.algorithm, kid=kid)]

    def token(
        self,
        subject: str | None = "jimin",
        *,
        headers: dict[str, Any] | None = None,
        key: Any = None,
        algorithm: str | None = None,
        **claims: Any,
    ) -> str:
        """Sign a token; claims that are None are left out."""
        now = int(time.time())
        payload = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + 600,
            "scope": "read write",
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in payload.items() if value is not None},
            key or self.key,
            algorithm or self.algorithm,
            {"kid": self.kid, **(headers or {})},
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                body = json.dumps({"keys": issuer.keys}).encode()
                status, headers, body = issuer.answer or (200, {}, body)
                issuer.ended.wait(issuer.wait_s)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                try:
                    self.end_headers()
                    self._send(body)
                except OSError:  # Whoever asked has gone.
                    return

            def _send(self, body: bytes) -> None:
                if not issuer.drip_s:
                    self.wfile.write(body)
                    return
                for letter in body:
                    self.wfile.write(bytes([letter]))
                    if issuer.ended.wait(issuer.drip_s):
                        return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
