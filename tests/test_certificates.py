"""Keys and certificates of all kinds: botocore's outcome, or a row of the deviations."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import fleetgrass
from fleetgrass import exceptions
from support.certificates import KEYS, Certificate
from support.deviations import Ledger
from support.interface import ARGUMENTS
from support.tls import TlsServer


@pytest.fixture
def authority(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path, "authority")


def outcomes(context: ssl.SSLContext, trusted: Path, client: Certificate | None = None) -> list[str]:
    """Of boto3's call and of ours: "" or the name of the error."""
    shown = None if client is None else (str(client.path), str(client.key_path))
    config = Config(retries={"total_max_attempts": 1}, client_cert=shown, proxies={})
    ended = []
    with TlsServer(context=context) as server:
        for module in (boto3, fleetgrass):
            options: Any = {"endpoint_url": server.url, "verify": str(trusted), "config": config, **ARGUMENTS}
            try:
                module.client("greengrassv2", **options).list_components()
                ended.append("")
            except exceptions.BotoCoreError as error:
                ended.append(type(error).__name__)
    return ended


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_servers_and_clients(tmp_path: Path, authority: Certificate, kind: str) -> None:
    server, client = (Certificate(tmp_path, name, authority, kind=kind) for name in ("server", "client"))
    assert outcomes(server.context(authority), authority.path, client) == ["", ""]


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("signed_with", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda each: each.name)
def test_signatures_of_authorities(tmp_path: Path, kind: str, signed_with: hashes.HashAlgorithm) -> None:
    authority = Certificate(tmp_path, "authority", kind=kind)
    server = Certificate(tmp_path, "server", authority, signed_with=signed_with)
    assert outcomes(server.context(), authority.path) == ["", ""]


def test_a_key_of_another_certificate(tmp_path: Path, authority: Certificate) -> None:
    one, other = (Certificate(tmp_path, name, authority) for name in ("one", "other"))
    config = Config(client_cert=(str(one.path), str(other.key_path)))
    with TlsServer(context=one.context(authority)) as server:
        ours = fleetgrass.client(
            "greengrassv2", endpoint_url=server.url, verify=str(authority.path), config=config, **ARGUMENTS
        )
        with pytest.raises(exceptions.SSLError, match=f"{one.path}: its key is not that of {other.key_path}"):
            ours.list_components()


def test_a_bundle_may_begin_with_a_byte_order_mark(tmp_path: Path, authority: Certificate) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"\xef\xbb\xbf" + authority.pem)
    assert outcomes(Certificate(tmp_path, "server", authority).context(), bundle) == ["", ""]


def cbc_only(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA256")


@pytest.mark.deviation
@pytest.mark.parametrize(
    ("names", "change"),
    [
        ((), lambda context: None),
        ((x509.DNSName("*"),), lambda context: None),
        ((x509.DNSName("localhost"), x509.DNSName("127.0.0.1")), cbc_only),
    ],
    ids=["common name", "wildcard", "cbc"],
)
def test_what_tls_gave_up(
    tmp_path: Path,
    authority: Certificate,
    ledger: Ledger,
    names: tuple[x509.GeneralName, ...],
    change: Callable[[ssl.SSLContext], None],
) -> None:
    ledger.use("old-tls")
    context = Certificate(tmp_path, "localhost", authority, names=names).context()
    change(context)
    assert outcomes(context, authority.path) == ["", "SSLError"]


@pytest.mark.deviation
def test_old_labels_of_a_bundle(tmp_path: Path, authority: Certificate, ledger: Ledger) -> None:
    ledger.use("old-tls")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE"))
    assert outcomes(Certificate(tmp_path, "server", authority).context(), bundle) == ["", "SSLError"]


@pytest.mark.deviation
@pytest.mark.parametrize("fault", [{"days": -1}, {"constrained": False}], ids=["expired", "unconstrained"])
def test_what_a_bundle_names_is_trusted(tmp_path: Path, ledger: Ledger, fault: dict[str, Any]) -> None:
    ledger.use("trust-anchors")
    authority = Certificate(tmp_path, "authority", **fault)
    assert outcomes(Certificate(tmp_path, "server", authority).context(), authority.path) == ["SSLError", ""]


@pytest.mark.deviation
def test_an_intermediate_in_a_bundle_is_trusted(tmp_path: Path, authority: Certificate, ledger: Ledger) -> None:
    ledger.use("trust-anchors")
    intermediate = Certificate(tmp_path, "intermediate", authority, is_authority=True)
    assert outcomes(Certificate(tmp_path, "server", intermediate).context(), intermediate.path) == ["SSLError", ""]
