"""Credentials that change: who is asked for them, when, and with what each attempt is signed."""

import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import boto3
import botocore.credentials
import botocore.session
import pytest
from botocore.credentials import DeferredRefreshableCredentials, RefreshableCredentials

import fleetgrass
from support import sigv4
from support.answers import failure, reply
from support.server import RecordingServer

REGION = "us-east-1"


class Clock:
    """The time as credentials see it."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def pass_hours(self, hours: float) -> None:
        self.now += timedelta(hours=hours)


class Issuer:
    """Gives new keys whenever it is asked; they are good for an hour."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.issued = 0

    def __call__(self) -> dict[str, str]:
        self.issued += 1
        key = key_of(self.issued)
        expiry = (self.clock.now + timedelta(hours=1)).isoformat()
        return {"access_key": key.id, "secret_key": key.secret, "token": key.token, "expiry_time": expiry}


def key_of(number: int) -> sigv4.Key:
    return sigv4.Key(f"ASIA{number}", f"secret {number}", f"token {number}", REGION)


def refreshable(clock: Clock, issuer: Issuer) -> RefreshableCredentials:
    credentials = RefreshableCredentials.create_from_metadata(issuer(), issuer, "assume-role")
    credentials._time_fetcher = clock
    return credentials


def deferred(clock: Clock, issuer: Issuer) -> DeferredRefreshableCredentials:
    return DeferredRefreshableCredentials(issuer, "assume-role", time_fetcher=clock)


def session_with(credentials: Any) -> boto3.Session:
    session = botocore.session.Session()
    session.set_config_variable("region", REGION)
    session._credentials = credentials
    return boto3.Session(botocore_session=session)


def client_with(credentials: Any, server: RecordingServer, **arguments: Any) -> Any:
    session = fleetgrass.Session.from_boto3(session_with(credentials))
    return session.client("greengrassv2", endpoint_url=server.url, **arguments)


def mapped(client: Any, calls: int) -> list[Any]:
    return list(client.map("list_components", [{}] * calls))


class Frozen(NamedTuple):
    access_key: Any
    secret_key: Any
    token: Any


class Provider:
    """Credentials as nobody else makes them: what `answer` returns."""

    method = "own"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.get_frozen_credentials = answer


@pytest.mark.parametrize("kind", [refreshable, deferred])
def test_the_next_call_is_signed_with_new_keys(kind, server):
    clock = Clock()
    issuer = Issuer(clock)
    client = client_with(kind(clock, issuer), server)
    for number, hours in ((1, 0), (1, 0.5), (2, 1), (3, 2)):
        clock.pass_hours(hours)
        client.list_components()
        mapped(client, 20)
        for request in server.take():
            sigv4.verify(request, key_of(number))
        assert issuer.issued == number


def test_a_patched_boto3_signs_with_new_keys_too(server):
    clock = Clock()
    with fleetgrass.patch_boto3():
        session = session_with(refreshable(clock, Issuer(clock)))
        client = session.client("greengrassv2", endpoint_url=server.url)
    for number in (1, 2):
        client.list_core_devices()
        sigv4.verify(server.take()[0], key_of(number))
        clock.pass_hours(2)


def test_each_attempt_is_signed_with_the_keys_of_its_moment(server):
    issued = []

    def issue():
        issued.append(key_of(len(issued) + 1))
        return Frozen(issued[-1].id, issued[-1].secret, issued[-1].token)

    server.script([failure(500, "InternalServerException"), failure(403, "ExpiredTokenException"), reply()])
    client = client_with(Provider(issue), server)
    assert issued == []  # making a client asks for nothing
    with pytest.raises(client.exceptions.ClientError, match="ExpiredTokenException"):
        client.list_components()
    client.list_components()
    requests = server.take()
    assert len(requests) == len(issued) == 3
    for request, key in zip(requests, issued, strict=True):
        sigv4.verify(request, key)


def test_a_secret_that_changes_under_its_key_is_the_one_that_signs(server):
    credentials = botocore.credentials.Credentials("AKID", "old")
    client = client_with(credentials, server)
    for secret, call in itertools.product(("old", "new"), (client.list_components, lambda: mapped(client, 3))):
        credentials.secret_key = secret
        call()
        for request in server.take():
            sigv4.verify(request, sigv4.Key("AKID", secret, region=REGION))


def test_a_presigned_url_asks_too(server):
    clock = Clock()
    client = client_with(refreshable(clock, Issuer(clock)), server)
    for number in (1, 2):
        url = client.generate_presigned_url("list_components")
        sigv4.verify_presigned(url, key_of(number), {}, "GET")
        clock.pass_hours(2)


class Refused(BaseException):
    """No Exception: what a provider raises goes through untouched."""


@pytest.mark.parametrize("error", [Refused("no"), KeyboardInterrupt(), RuntimeError("no role"), ValueError()], ids=repr)
def test_what_a_provider_raises_comes_out_of_the_call(error, server):
    def refuse():
        raise error

    client = client_with(Provider(refuse), server)
    for call in (client.list_components, lambda: client.generate_presigned_url("list_components")):
        with pytest.raises(type(error)) as raised:
            call()
        assert raised.value is error
    assert server.take() == []


def test_a_refresh_that_fails_is_botocores_error(server):
    clock = Clock()
    credentials = refreshable(clock, Issuer(clock))
    client = client_with(credentials, server)
    clock.pass_hours(2)
    credentials._refresh_using = lambda: {"access_key": "only"}
    with pytest.raises(botocore.exceptions.CredentialRetrievalError, match="did not contain: secret_key"):
        client.list_components()


def test_a_provider_without_credentials_is_as_none_at_all(server):
    client = client_with(Provider(lambda: None), server)
    with pytest.raises(botocore.exceptions.NoCredentialsError):
        client.list_components()


@pytest.mark.parametrize(
    ("frozen", "part"),
    [
        (Frozen(None, "hidden", None), "access_key of type NoneType"),
        (Frozen("AKID", b"hidden", None), "secret_key of type bytes"),
        (Frozen("AKID", "hidden \ud800", None), "secret_key of type str"),
        (Frozen("AKID", "secret", ["hidden"]), "token of type list"),
    ],
)
def test_keys_of_a_wrong_kind_are_named_and_not_shown(frozen, part, server):
    client = client_with(Provider(lambda: frozen), server)
    with pytest.raises(TypeError, match=part) as raised:
        client.list_components()
    assert "hidden" not in f"{raised.value!r} {vars(raised.value)} {raised.value.__cause__!r}"


def test_an_unsigned_call_asks_nobody(server):
    def refuse():
        raise AssertionError("asked")

    config = fleetgrass.Config(signature_version=fleetgrass.UNSIGNED)
    client_with(Provider(refuse), server, config=config).list_components()
    assert server.take()[0].header("authorization") is None


def test_other_threads_run_while_one_waits_for_its_keys(server):
    """The provider waits for a call of another thread, on the same client and with the GIL to be had."""
    asked, answered = threading.Event(), threading.Event()
    frozen = Frozen("AKID", "secret", None)

    def issue():
        if threading.current_thread() is waiting:
            asked.set()
            assert answered.wait(20)
        return frozen

    client = client_with(Provider(issue), server)
    waiting = threading.Thread(target=client.list_components)
    waiting.start()
    assert asked.wait(20)
    client.list_core_devices()
    answered.set()
    waiting.join(20)
    assert [request.path for request in server.take()] == ["/greengrass/v2/coreDevices", "/greengrass/v2/components"]


def test_keys_in_arguments_win_over_the_sessions(server):
    def refuse():
        raise AssertionError("asked")

    client = client_with(Provider(refuse), server, aws_access_key_id="AKID", aws_secret_access_key="own")
    client.list_components()
    sigv4.verify(server.take()[0], sigv4.Key("AKID", "own", region=REGION))
