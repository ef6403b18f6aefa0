"""Certificates made for a test, of any key and with whatever faults, and TLS servers that show them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

KEYS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))


class Certificate:
    """One of `kind`, signed by `issuer` or itself. Its files are `path` and `key_path`."""

    def __init__(
        self,
        folder: Path,
        name: str,
        issuer: Certificate | None = None,
        *,
        kind: str = "P-256",
        names: tuple[x509.GeneralName, ...] = LOOPBACK,
        signed_with: Any = None,
        days: int = 30,
        constrained: bool = True,
        is_authority: bool | None = None,
    ) -> None:
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key: Any = KEYS[kind]()
        signer = self if issuer is None else issuer
        now = datetime.now(timezone.utc)
        is_authority = issuer is None if is_authority is None else is_authority
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(60))
            .not_valid_after(now + timedelta(days))
        )
        if constrained:
            builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        if names and not is_authority:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        takes_none = isinstance(signer.key, ed25519.Ed25519PrivateKey)
        made = builder.sign(signer.key, None if takes_none else signed_with or hashes.SHA256())
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        self.path, self.key_path = folder / f"{name}.pem", folder / f"{name}.key"
        self.path.write_bytes(self.pem)
        self.key_path.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def context(self, authority: Certificate | None = None) -> ssl.SSLContext:
        """A server's, which shows it, and asks for a client's that `authority` signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key_path)
        if authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority.path)
        return context
