"""The keys of `aws login`, had by botocore and by us.

botocore needs the AWS CRT for the proofs of this source; its part here is played by `cryptography`.
"""

import json
from base64 import b64encode, urlsafe_b64decode
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import boto3
import botocore.credentials
import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

import fleetgrass
from fleetgrass import _core
from fleetgrass.credentials import Search, login
from support.answers import Answer, plain, reply
from support.deviations import Ledger
from support.outcome import capture
from support.server import RecordingServer, Request
from support.sources import LATER, Place

NAME = "arn:aws:iam::123456789012:user/me"
PAST = "2001-01-01T00:00:00Z"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


class Crt:
    """Of `awscrt.crypto.EC` what botocore calls."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @staticmethod
    def new_key_from_der_data(der: bytes) -> "Crt":
        key = serialization.load_der_private_key(der, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return Crt(key)

    def get_public_coords(self) -> tuple[bytes, bytes]:
        numbers = self._key.public_key().public_numbers()
        return numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    @staticmethod
    def decode_der_signature_to_padded_pair(signature: bytes, pad_to: int) -> bytes:
        return b"".join(number.to_bytes(pad_to, "big") for number in decode_dss_signature(signature))


@pytest.fixture(autouse=True)
def crt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.credentials, "EC", Crt)


def pem(form: str = "TraditionalOpenSSL", key: Any = PRIVATE) -> str:
    shape = getattr(serialization.PrivateFormat, form)
    text: bytes = key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption())
    return text.decode()


def keys(**changes: Any) -> dict[str, Any]:
    made = {"accessKeyId": "ASIA1", "secretAccessKey": "b", "sessionToken": "c", "accountId": "123456789012"}
    return without_none({**made, "expiresAt": LATER, **changes})


def without_none(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def in_minutes(minutes: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_in(place: Place, expiry: str = LATER, folder: str = ".aws/login/cache", **changes: Any) -> None:
    content = {"accessToken": keys(expiresAt=expiry), "refreshToken": "refresh", "clientId": "id", "dpopKey": pem()}
    place.write("config", f"[profile p]\nlogin_session = {NAME}\n")
    place.write(f"{folder}/{sha256(NAME.encode()).hexdigest()}.json", json.dumps(without_none({**content, **changes})))


def written(place: Place) -> Any:
    path = place.home / ".aws/login/cache" / f"{sha256(NAME.encode()).hexdigest()}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    return json.loads(path.read_text())


def given(**changes: Any) -> Any:
    new = {"accessKeyId": "ASIA2", "secretAccessKey": "d", "sessionToken": "e"}
    content = {"accessToken": new, "expiresIn": 900, "refreshToken": "next", "tokenType": "aws_sigv4", **changes}
    return reply(without_none(content))


def refusal(status: int, code: str, error: str | None = None) -> Answer:
    return reply(without_none({"message": "no", "error": error}), status, [("x-amzn-errortype", code)])


def part(token: str) -> Any:
    return json.loads(urlsafe_b64decode(token + "=="))


def proved(request: Request) -> Any:
    """What the proof of a request says, after its signature was found to be that of the key in it."""
    header, claims, signature = (request.header("dpop") or "").split(".")
    raw = urlsafe_b64decode(signature + "==")
    assert len(raw) == 64
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    PRIVATE.public_key().verify(
        encode_dss_signature(*numbers), f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
    )
    said = part(claims)
    assert abs(said.pop("iat") - datetime.now(timezone.utc).timestamp()) < 60
    assert len(said.pop("jti")) == 36
    return part(header), said


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_the_keys_of_a_sign_in(place: Place, folder: str | None) -> None:
    if folder is None:
        sign_in(place)
    else:
        sign_in(place, folder=folder)
        place.patch.setenv("HERE", str(place.home))
        place.patch.setenv("AWS_LOGIN_CACHE_DIRECTORY", f"$HERE/{folder}")
    told = place.compare(profile_name="p")
    assert (told.method, told.keys) == ("login", ("ASIA1", "b", "c", "123456789012"))
    assert told.asked == []


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
@pytest.mark.parametrize("minutes", [4, -4])
def test_keys_are_renewed_and_written_back(place: Place, form: str, minutes: float) -> None:
    place.compare([given()], prepare=lambda: sign_in(place, in_minutes(minutes), dpopKey=pem(form)), profile_name="p")
    content = written(place)
    assert content["refreshToken"] == "next"
    assert content["accessToken"].pop("expiresAt") > in_minutes(14)
    assert content["accessToken"] == {
        "accessKeyId": "ASIA2",
        "secretAccessKey": "d",
        "sessionToken": "e",
        "accountId": "123456789012",
    }
    assert content["clientId"] == "id"


def test_the_proof_is_for_the_request_and_of_the_key(place: Place) -> None:
    proofs = []
    for module in (fleetgrass, botocore.session):
        sign_in(place, PAST)
        place.source.script([given()])
        session = module.Session(**({"profile_name": "p"} if module is fleetgrass else {"profile": "p"}))
        assert session.get_credentials().get_frozen_credentials().access_key == "ASIA2"
        [request] = place.source.take()
        proofs.append(proved(request))
    assert proofs[0] == proofs[1]
    assert proofs[0][1] == {"htm": "POST", "htu": f"{place.source.url}/v1/token"}


@pytest.mark.parametrize("minutes", [14, 9, 6])
def test_keys_that_another_process_renewed_are_taken_from_the_file(place: Place, minutes: float) -> None:
    """Also the other way: with more than five minutes left nobody asks for new ones."""
    told = place.compare(prepare=lambda: sign_in(place, in_minutes(minutes)), profile_name="p")
    assert (told.ended, told.asked) == ("answered", [])
    sign_in(place, PAST)
    client = fleetgrass.Session(profile_name="p").client("greengrassv2", endpoint_url=place.greengrass.url)
    sign_in(place, accessToken=keys(accessKeyId="ASIA3"))
    client.list_components()
    assert client._get_credentials().access_key == "ASIA3"
    assert place.source.take() == []


@pytest.mark.parametrize("name", ["accessToken", "refreshToken", "dpopKey", "clientId"])
def test_a_file_that_lacks_something(place: Place, name: str) -> None:
    sign_in(place, **{name: None})
    told = place.compare(profile_name="p")
    assert (told.ended, type(told.error).__name__) == ("client", "LoginTokenLoadError")


def test_nobody_has_signed_in(place: Place) -> None:
    place.write("config", f"[profile p]\nlogin_session = {NAME}\n")
    told = place.compare(profile_name="p")
    assert (told.ended, type(told.error).__name__) == ("client", "LoginTokenLoadError")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "no key",
        "-----BEGIN EC PRIVATE KEY-----\n" + b64encode(b"no key").decode() + "\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nodd\n",
    ],
)
def test_a_private_key_that_is_none(place: Place, key: str) -> None:
    told = place.compare(prepare=lambda: sign_in(place, PAST, dpopKey=key), profile_name="p")
    assert str(told.error).endswith("Unable to load private key from cached token.")


def test_a_key_of_another_curve_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    der = other.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="P-256"):
        _core.Es256Key(der)


@pytest.mark.parametrize(
    ("answers", "error", "attempts"),
    [
        ([refusal(400, "AccessDeniedException", "TOKEN_EXPIRED")], "LoginRefreshRequired", 1),
        ([refusal(403, "AccessDeniedException", "USER_CREDENTIALS_CHANGED")], "LoginRefreshRequired", 1),
        ([refusal(403, "AccessDeniedException", "INSUFFICIENT_PERMISSIONS")], "LoginInsufficientPermissions", 1),
        ([refusal(403, "AccessDeniedException", "odd")], "LoginError", 1),
        ([refusal(403, "AccessDeniedException")], "LoginError", 1),
        ([refusal(400, "ValidationException", "INVALID_REQUEST")], "ValidationException", 1),
        ([refusal(429, "TooManyRequestsError")], "TooManyRequestsError", 1),
        ([refusal(429, "Odd"), given()], None, 2),
        ([refusal(500, "InternalServerException")], "InternalServerException", 3),
        ([plain(503, b"<html>"), given()], None, 2),
    ],
)
def test_what_sign_in_refuses(place: Place, answers: list[Any], error: str | None, attempts: int) -> None:
    told = place.compare(answers, prepare=lambda: sign_in(place, PAST), profile_name="p")
    assert len(told.asked) == attempts
    assert (type(told.error).__name__ if told.error else None) == error


def test_a_sign_in_that_is_not_there(place: Place) -> None:
    place.patch.setenv("AWS_ENDPOINT_URL_SIGNIN", "http://127.0.0.1:1")
    told = place.compare(
        prepare=lambda: sign_in(place, PAST), text=lambda theirs, ours: ours == theirs, profile_name="p"
    )
    assert type(told.error).__name__ == "EndpointConnectionError"


@pytest.mark.parametrize(
    "answer",
    [
        plain(200, b""),
        plain(200, b"<html>hidden"),
        plain(200, b"[" * 100_000),
        reply(["hidden"]),
        given(expiresIn=None),
        given(expiresIn=float("nan")),
        given(refreshToken=None),
        given(refreshToken=5),
        given(accessToken={"accessKeyId": "ASIA2", "secretAccessKey": ["hidden"], "sessionToken": "e"}),
    ],
)
def test_answers_of_sign_in_that_cannot_be_used(place: Place, ledger: Ledger, answer: Any) -> None:
    ledger.use("leaked-credential-errors")
    sign_in(place, PAST)
    told = place.ask(fleetgrass, [answer], {"profile_name": "p"})
    assert type(told.error).__name__ in ("LoginTokenLoadError", "CredentialRetrievalError")
    assert "hidden" not in str(told.error)
    assert json.loads(next((place.home / ".aws/login/cache").iterdir()).read_text())["refreshToken"] == "refresh"


@pytest.mark.parametrize("expiry", [2111105000, "soon", "2036-11-24T01:00:00"])
def test_a_file_whose_end_nobody_can_tell(place: Place, ledger: Ledger, expiry: Any) -> None:
    ledger.use("leaked-credential-errors")
    sign_in(place, expiry)
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert type(told.error).__name__ == "CredentialRetrievalError"
    assert repr(expiry) in str(told.error)


def test_a_file_that_nests_too_deeply(place: Place, ledger: Ledger) -> None:
    ledger.use("leaked-credential-errors")
    sign_in(place)
    place.write(f".aws/login/cache/{sha256(NAME.encode()).hexdigest()}.json", "[" * 100_000)
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert type(told.error).__name__ == "LoginTokenLoadError"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_new_keys_outlive_a_file_that_cannot_be_written(
    place: Place, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    """The refresh token is spent then. Nothing secret stays beside the file."""

    def fail(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    sign_in(place, PAST)
    place.patch.setattr(login.token_files.os, step, fail)
    told = place.ask(fleetgrass, [given()], {"profile_name": "p"})
    assert told.keys == ("ASIA2", "d", "e", "123456789012")
    assert "Read-only file system" in caplog.text
    assert len(list((place.home / ".aws/login/cache").iterdir())) == 1


def test_keys_that_could_not_be_written_are_renewed_with_their_own_token(place: Place, ledger: Ledger) -> None:
    ledger.use("unwritten-sign-in")
    sign_in(place, PAST)
    session = fleetgrass.Session(profile_name="p")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.replace", full)
        theirs = place.ask(boto3, [given()], {"profile_name": "p"})
        assert (theirs.ended, type(theirs.error)) == ("call", OSError)
        # They are to be renewed at every call.
        place.source.script([given(expiresIn=60), given(expiresIn=60, refreshToken="third")])
        client = session.client("greengrassv2", endpoint_url=place.greengrass.url)
        client.list_components()
        client.list_components()
    assert [json.loads(request.body)["refreshToken"] for request in place.source.take()] == ["refresh", "next"]
    # There is room again.
    place.source.script([given(refreshToken="fourth")])
    client.list_components()
    assert [json.loads(request.body)["refreshToken"] for request in place.source.take()] == ["third"]
    assert written(place)["refreshToken"] == "fourth"


def test_a_new_sign_in_counts_more_than_what_could_not_be_written(place: Place) -> None:
    sign_in(place, PAST)
    place.source.script([given(expiresIn=60)])
    client = fleetgrass.Session(profile_name="p").client("greengrassv2", endpoint_url=place.greengrass.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.replace", full)
        client.list_components()
    sign_in(place, accessToken=keys(accessKeyId="ASIA3"))
    client.list_components()
    assert client._get_credentials().access_key == "ASIA3"
    assert len(place.source.take()) == 1


def full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-isob-east-1",
        "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "mars-1",
        "fips-us-east-1", "us-gov-west-1-fips", "fips-cn-north-1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dualstack", [False, True])
def test_which_sign_in_is_called(place: Place, region: str, fips: bool, dualstack: bool) -> None:
    place.patch.delenv("AWS_ENDPOINT_URL_SIGNIN")
    for kind, on in (("FIPS", fips), ("DUALSTACK", dualstack)):
        place.patch.setenv(f"AWS_USE_{kind}_ENDPOINT", str(on).lower())

    def theirs() -> Any:
        client = botocore.session.Session().create_client(
            "signin", region_name=region, config=Config(signature_version=botocore.UNSIGNED)
        )
        model = client.meta.service_model.operation_model("CreateOAuth2Token")
        return client._resolve_endpoint_ruleset(model, {}, {})[0]

    def ours() -> str:
        search = Search(fleetgrass.Session()._lookup, "default", region, True, {})
        return login.service(search, region).url

    want, got = capture(theirs), capture(ours)
    assert (got.kind, got.value, str(got.error)) == (want.kind, want.value, str(want.error))


def test_the_region_of_the_sign_in_wins(place: Place, server: RecordingServer) -> None:
    sign_in(place, PAST, signInRegion="ap-south-1")
    place.source.script([given()])
    asked = []
    real = login.Service
    place.patch.setattr(
        login,
        "Service",
        lambda lookup, name, host, region, **more: asked.append(region) or real(lookup, name, host, region, **more),
    )
    fleetgrass.Session(profile_name="p").get_credentials().get_frozen_credentials()
    assert asked == ["ap-south-1"]


@pytest.mark.deviation
def test_no_crt_is_needed(place: Place, ledger: Ledger) -> None:
    ledger.use("login-sessions")
    place.patch.setattr(botocore.credentials, "EC", None)
    sign_in(place)
    with pytest.raises(botocore.exceptions.MissingDependencyException, match=r"botocore\[crt\]"):
        botocore.session.Session(profile="p").get_credentials()
    assert fleetgrass.Session(profile_name="p").get_credentials().access_key == "ASIA1"
