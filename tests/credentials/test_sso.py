"""SSO: the token of `aws sso login` and the keys for it, had by botocore and by us."""

import copy
import hashlib
import json
import pickle
import shlex
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest

import fleetgrass
from support.answers import failure, plain, reply
from support.sources import LATER, Place, role_credentials

START = "https://start.example/start"
ROLE = "sso_account_id = 123456789012\nsso_role_name = r/ole&\n"
PLACE = f"sso_start_url = {START}\nsso_region = eu-west-1\n"
LEGACY = f"[profile p]\n{ROLE}{PLACE}"
SESSION = f"[profile p]\nsso_session = s\n{ROLE}[sso-session s]\n{PLACE}"
PAST = "2001-01-01T00:00:00Z"
RENEWABLE = {"refreshToken": "refresh", "clientId": "id", "clientSecret": "secret", "registrationExpiresAt": LATER}


def _soon() -> str:
    """When a token ends that is good still, and renewed already."""
    return (datetime.now(timezone.utc) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sign_in(place: Place, **changes: Any) -> None:
    for name in (START, "s"):
        token = {"accessToken": "signed in", "expiresAt": LATER, **changes}
        path = f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json"
        place.write(path, json.dumps({name: value for name, value in token.items() if value is not None}))


@pytest.mark.parametrize("config", [LEGACY, SESSION])
def test_a_role_of_sso(place: Place, config: str) -> None:
    place.write("config", config)
    _sign_in(place)
    told = place.compare([role_credentials()], profile_name="p")
    assert (told.method, told.keys) == ("sso", ("ASIA1", "b", "c", "123456789012"))
    assert told.asked[0]["headers"]["x-amz-sso_bearer_token"] == "signed in"


@pytest.mark.parametrize(
    "config",
    [
        f"[profile p]\n{ROLE}",
        f"[profile p]\n{ROLE}sso_start_url = x\n",
        f"[profile p]\nsso_role_name = x\n{PLACE}",
        f"[profile p]\nsso_session = nowhere\n{ROLE}",
        f"[profile p]\nsso_session = s\nsso_region = us-east-1\n{ROLE}[sso-session s]\n{PLACE}",
        f"[profile p]\nsso_session = s\nsso_role_name = x\n[sso-session s]\n{PLACE}",
    ],
)
def test_mistakes_in_profiles_are_botocores_errors(place: Place, config: str) -> None:
    place.write("config", config)
    assert place.compare(profile_name="p").ended == "client"


@pytest.mark.parametrize("has_ended", [False, True], ids=["soon", "past"])
@pytest.mark.parametrize("rotates", [True, False])
def test_a_token_is_renewed_and_written_back(place: Place, has_ended: bool, rotates: bool) -> None:
    place.write("config", SESSION)
    given = {"accessToken": "renewed", "expiresIn": 28800, **({"refreshToken": "next"} if rotates else {})}
    told = place.compare(
        [reply(given), role_credentials()],
        prepare=lambda: _sign_in(place, expiresAt=PAST if has_ended else _soon(), **RENEWABLE),
        profile_name="p",
    )
    assert told.asked[1]["headers"]["x-amz-sso_bearer_token"] == "renewed"
    path = place.home / ".aws/sso/cache" / f"{hashlib.sha1(b's').hexdigest()}.json"
    written = json.loads(path.read_text())
    assert (written["accessToken"], written.get("refreshToken")) == ("renewed", "next" if rotates else None)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("changes", [{}, RENEWABLE, {**RENEWABLE, "registrationExpiresAt": PAST}])
def test_a_token_that_cannot_be_renewed_is_used_to_its_end(place: Place, changes: dict[str, str]) -> None:
    place.write("config", SESSION)
    refused = [failure(400, "InvalidGrantException")] if changes is RENEWABLE else []
    told = place.compare(
        [*refused, role_credentials()],
        prepare=lambda: _sign_in(place, expiresAt=_soon(), **changes),
        profile_name="p",
    )
    assert told.ended == "answered"


@pytest.mark.parametrize(
    "body",
    [None, b"[]", b"x", b"{}", b'{"accessToken": null, "expiresIn": 3600}', b'{"accessToken": 1, "expiresIn": 1}'],
)
def test_a_token_outlives_a_renewal_that_fails(place: Place, ledger: Any, body: bytes | None) -> None:
    ledger.use("sso-renewal")
    place.write("config", SESSION)
    _sign_in(place, expiresAt=_soon(), **RENEWABLE)
    path = place.home / ".aws/sso/cache" / f"{hashlib.sha1(b's').hexdigest()}.json"
    before = path.read_text()
    if body is None:
        place.patch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:1")
    told = place.ask(
        fleetgrass, [*([] if body is None else [plain(200, body)]), role_credentials()], {"profile_name": "p"}
    )
    assert (told.ended, path.read_text()) == ("answered", before)
    assert told.asked[-1]["headers"]["x-amz-sso_bearer_token"] == "signed in"


@pytest.mark.parametrize("token", [1, ["a"], False])
def test_a_token_that_is_no_text(place: Place, ledger: Any, token: Any) -> None:
    ledger.use("leaked-credential-errors")
    place.write("config", LEGACY)
    _sign_in(place, accessToken=token)
    assert type(place.ask(fleetgrass, [], {"profile_name": "p"}).error).__name__ == "SSOTokenLoadError"


def test_a_role_with_spaces(place: Place) -> None:
    place.write("config", LEGACY.replace("r/ole&", "a r/ole+&~*").replace("123456789012", "1 2"))
    _sign_in(place)
    place.compare([role_credentials()], profile_name="p")


NAME = "my prof; rm -r 'x'"


@pytest.mark.parametrize("config", [LEGACY, SESSION])
@pytest.mark.parametrize("token", [None, {"expiresAt": PAST}])
def test_the_command_can_be_copied_and_the_error_too(place: Place, config: str, token: dict[str, Any] | None) -> None:
    place.write("config", config.replace("[profile p]", f'[profile "{NAME}"]'))
    if token is not None:
        _sign_in(place, **token)
    error = place.ask(fleetgrass, [], {"profile_name": NAME}).error
    assert error is not None
    command = str(error).rpartition(" (")[2].removesuffix(")")
    assert shlex.split(command) == ["aws", "sso", "login", "--profile", NAME]
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(copied), str(copied), copied.args) == (type(error), str(error), error.args)


@pytest.mark.parametrize("config", [LEGACY, SESSION])
@pytest.mark.parametrize("token", [None, {"expiresAt": PAST}, {"accessToken": None}])
def test_the_error_says_how_to_sign_in(place: Place, ledger: Any, config: str, token: dict[str, Any] | None) -> None:
    ledger.use("sso-remedy")
    place.write("config", config)
    if token is not None:
        _sign_in(place, **token)
    told = place.compare(
        text=lambda theirs, ours: ours == f"{theirs} (aws sso login --profile p)",
        profile_name="p",
    )
    assert told.ended == "call"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"accessToken": "a", "expiresAt": "soon"}'])
def test_a_tokens_file_that_cannot_be_read(place: Place, ledger: Any, text: str) -> None:
    ledger.use("leaked-credential-errors")
    place.write("config", LEGACY)
    place.write(f".aws/sso/cache/{hashlib.sha1(START.encode()).hexdigest()}.json", text)
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert (told.ended, type(told.error).__name__) == ("call", "SSOTokenLoadError")
    assert str(told.error).endswith("(aws sso login --profile p)")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"[" * 100_000])
def test_answers_of_sso_that_cannot_be_used(place: Place, ledger: Any, body: bytes) -> None:
    ledger.use("leaked-credential-errors")
    place.write("config", LEGACY)
    _sign_in(place)
    told = place.ask(fleetgrass, [plain(200, body)], {"profile_name": "p"})
    assert (told.ended, type(told.error).__name__) == ("call", "CredentialRetrievalError")
    told = place.ask(fleetgrass, [plain(404, body)], {"profile_name": "p"})
    assert type(told.error).__name__ == "ClientError"


@pytest.mark.parametrize("config", [LEGACY, SESSION])
def test_an_sso_that_is_not_there(place: Place, config: str) -> None:
    place.write("config", config)
    place.patch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:1")
    _sign_in(place)
    told = place.compare(profile_name="p", text=lambda theirs, ours: ours == theirs)
    assert type(told.error).__name__ == "EndpointConnectionError"


def test_a_token_that_is_refused(place: Place) -> None:
    place.write("config", LEGACY)
    _sign_in(place)
    told = place.compare(
        [failure(401, "UnauthorizedException")],
        text=lambda theirs, ours: ours == f"{theirs} (aws sso login --profile p)",
        profile_name="p",
    )
    assert type(told.error).__name__ == "UnauthorizedSSOTokenError"


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ([failure(403, "ForbiddenException", "No access")], 1),
        ([failure(404, "ResourceNotFoundException")], 1),
        ([failure(429, "TooManyRequestsException"), role_credentials()], 2),
        ([failure(429, "Odd"), role_credentials()], 2),
        ([failure(400, "InvalidRequestException")], 1),
        ([plain(500, b"")], 3),
        ([plain(503, b"<html>"), role_credentials()], 2),
    ],
)
def test_what_sso_refuses(place: Place, answers: list, attempts: int) -> None:
    place.write("config", LEGACY)
    _sign_in(place)
    assert len(place.compare(answers, profile_name="p").asked) == attempts


def test_a_token_that_another_process_renewed_is_picked_up(place: Place) -> None:
    place.write("config", LEGACY)
    _sign_in(place, expiresAt=PAST)
    client = fleetgrass.Session(profile_name="p").client("greengrassv2", endpoint_url=place.greengrass.url)
    with pytest.raises(fleetgrass.exceptions.UnauthorizedSSOTokenError):
        client.list_components()
    _sign_in(place, accessToken="of another")
    place.source.script([role_credentials()])
    client.list_components()
    assert place.source.take()[0].header("x-amz-sso_bearer_token") == "of another"


def test_a_token_that_could_not_be_written_is_renewed_with_its_own(place: Place, ledger: Any) -> None:
    ledger.use("unwritten-sign-in")
    place.write("config", SESSION)
    _sign_in(place, expiresAt=PAST, **RENEWABLE)
    ended = role_credentials(expiration=int((datetime.now(timezone.utc) + timedelta(minutes=5)).timestamp() * 1000))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def token(name: str) -> Any:
        # To be renewed at once.
        return reply({"accessToken": name, "expiresIn": 60, "refreshToken": f"after {name}"})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.replace", full)
        theirs = place.ask(boto3, [token("first"), ended], {"profile_name": "p"})
        assert (theirs.ended, type(theirs.error)) == ("call", OSError)
        place.source.script([token("first"), ended, token("second"), role_credentials()])
        client = fleetgrass.Session(profile_name="p").client("greengrassv2", endpoint_url=place.greengrass.url)
        client.list_components()
        client.list_components()
    asked = [json.loads(request.body)["refreshToken"] for request in place.source.take() if request.body]
    assert asked == ["refresh", "after first"]
