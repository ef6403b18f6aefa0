"""A checker of AWS Signature Version 4, written from AWS's published description and sharing nothing with a signer.

`verify` recomputes the signature of a recorded request from the bytes that came and the secret; `verify_presigned`
does so for a URL that was signed in its query. Both raise `BadSignature` with what they computed, or return the
names that were signed. Path rule of every service but S3: the path is normalised (dot segments and doubled slashes
go), then percent-encoded once more; what was sent is not.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from support.server import Request

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<credential>\S+), SignedHeaders=(?P<headers>\S+), "
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


class BadSignature(AssertionError):
    """The signature is missing, malformed, stale or does not fit the request."""


@dataclass(frozen=True)
class Key:
    """What the checker knows of the caller: the key pair, the token if any, and the scope it must sign for."""

    id: str
    secret: str
    token: str | None = None
    region: str = "us-east-1"
    service: str = "greengrass"


def verify(request: Request, key: Key) -> frozenset[str]:
    """The names of the signed headers of `request`, or BadSignature."""
    authorization = request.header("authorization")
    found = AUTHORIZATION.fullmatch(authorization or "")
    if not found:
        raise BadSignature(f"Authorization is malformed: {authorization!r}")
    date = request.header("x-amz-date") or ""
    if abs(_moment(date) - datetime.now(timezone.utc)) > timedelta(minutes=5):
        raise BadSignature(f"X-Amz-Date is not now: {date}")
    if request.header("x-amz-security-token") != key.token:
        raise BadSignature(f"X-Amz-Security-Token is {request.header('x-amz-security-token')!r}, not {key.token!r}")
    names = found["headers"].split(";")
    required = {"host", "x-amz-date", *(["x-amz-security-token"] if key.token else [])}
    if names != sorted(set(names)) or not required <= set(names):
        raise BadSignature(f"SignedHeaders must be sorted and hold {sorted(required)}: {names}")
    canonical = _canonical_request(
        request.method,
        request.path,
        request.query,
        [(name, ",".join(request.all(name))) for name in names],
        hashlib.sha256(request.body).hexdigest(),
    )
    _check(found["credential"], found["signature"], date, canonical, key)
    return frozenset(names)


def verify_presigned(url: str, key: Key, headers: dict[str, str], method: str) -> frozenset[str]:
    """The names of the headers that a presigned URL covers, or BadSignature. `headers`: what its sender would send."""
    parts = urlsplit(url)
    unsigned, _, last = parts.query.rpartition("&")
    if not re.fullmatch("X-Amz-Signature=[0-9a-f]{64}", last):
        raise BadSignature(f"X-Amz-Signature is not the last parameter: {last}")
    query = dict(pair.split("=", 1) for pair in unsigned.split("&"))
    if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
        raise BadSignature(f"X-Amz-Algorithm is {query.get('X-Amz-Algorithm')}")
    token = query.get("X-Amz-Security-Token")
    if (None if token is None else _decode(token)) != key.token:
        raise BadSignature(f"X-Amz-Security-Token is {token!r}, not {key.token!r}")
    names = _decode(query["X-Amz-SignedHeaders"]).split(";")
    known = {"host": parts.netloc, **{name.lower(): value for name, value in headers.items()}}
    signed = [(name, known[name]) for name in names]
    canonical = _canonical_request(method, parts.path, unsigned, signed, EMPTY_HASH)
    _check(_decode(query["X-Amz-Credential"]), last.partition("=")[2], query["X-Amz-Date"], canonical, key)
    return frozenset(names)


def _canonical_request(method: str, path: str, query: str, headers: Iterable[tuple[str, str]], payload: str) -> str:
    signed = [(name, " ".join(value.split())) for name, value in headers]
    pairs = sorted(_pair(part) for part in query.split("&") if part)
    return "\n".join(
        [
            method,
            _encode(_normalise(path).encode("latin-1"), UNRESERVED | {ord("/")}),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{value}" for name, value in signed),
            "",
            ";".join(name for name, _ in signed),
            payload,
        ]
    )


def _check(credential: str, signature: str, date: str, canonical: str, key: Key) -> None:
    scope = f"{date[:8]}/{key.region}/{key.service}/aws4_request"
    if credential != f"{key.id}/{scope}":
        raise BadSignature(f"Credential is {credential}, not {key.id}/{scope}")
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    derived = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    expected = hmac.digest(derived, to_sign.encode(), "sha256").hex()
    if expected != signature:
        raise BadSignature(f"Signature is {signature}, not {expected}, for this canonical request:\n{canonical}")


def _normalise(path: str) -> str:
    """RFC 3986's dot segments and doubled slashes removed; a trailing slash stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + trailing


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return _recode(name), _recode(value)


def _recode(text: str) -> str:
    """One canonical spelling of a query text, whatever its sender left unencoded."""
    return _encode(_decode(text).encode("latin-1"), UNRESERVED)


def _decode(text: str) -> str:
    """Percent-escapes undone, as latin-1 so that any bytes survive."""
    return re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)


def _encode(data: bytes, safe: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


def _moment(date: str) -> datetime:
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise BadSignature(f"X-Amz-Date is malformed: {date!r}") from None
