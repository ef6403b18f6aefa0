"""Keys of the environment, which may say when they end; whoever sets new ones sets them there."""

from datetime import datetime, timedelta, timezone

import pytest

import fleetgrass
from support.sources import LATER, Place

KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}


def in_minutes(minutes: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()


#: By the names of the tests, which parallel workers must agree on.
ENDS = {"in five minutes": in_minutes(5), "a minute ago": in_minutes(-1)}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_SESSION_TOKEN": "t"},
        {"AWS_SESSION_TOKEN": "t", "AWS_SECURITY_TOKEN": "older"},
        {"AWS_SECURITY_TOKEN": "", "AWS_SESSION_TOKEN": "t"},
        {"AWS_ACCOUNT_ID": "123456789012"},
        {"AWS_CREDENTIAL_EXPIRATION": LATER},
        {"AWS_CREDENTIAL_EXPIRATION": ""},
        {"AWS_CREDENTIAL_EXPIRATION": "in five minutes"},
    ],
    ids=str,
)
def test_keys_of_the_environment(place: Place, variables: dict[str, str]) -> None:
    for name, value in {**KEYS, **variables}.items():
        place.patch.setenv(name, ENDS.get(value, value))
    told = place.compare()
    assert (told.ended, told.method) == ("answered", "env")


@pytest.mark.parametrize(
    ("name", "value", "ended"),
    [
        ("AWS_CREDENTIAL_EXPIRATION", "a minute ago", "call"),
        ("AWS_SECRET_ACCESS_KEY", "", "client"),
    ],
)
def test_keys_that_cannot_be_used(place: Place, name: str, value: str, ended: str) -> None:
    for variable, good in {**KEYS, name: value}.items():
        place.patch.setenv(variable, ENDS.get(good, good))
    assert place.compare().ended == ended


@pytest.mark.parametrize("value", ["soon", "2036-11-24T01:00:00"])
def test_an_end_that_nobody_can_tell(place: Place, ledger, value: str) -> None:
    ledger.use("leaked-credential-errors")
    for name, good in {**KEYS, "AWS_CREDENTIAL_EXPIRATION": value}.items():
        place.patch.setenv(name, good)
    told = place.ask(fleetgrass, [], {})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")
    assert repr(value) in str(told.error)


@pytest.mark.parametrize("gone", ["AWS_SECRET_ACCESS_KEY", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCESS_KEY_ID"])
def test_keys_that_are_gone_when_they_have_to_be_renewed(place: Place, gone: str) -> None:
    texts = []
    for session in (fleetgrass.Session, __import__("boto3").Session):
        for name, value in {**KEYS, "AWS_CREDENTIAL_EXPIRATION": in_minutes(5)}.items():
            place.patch.setenv(name, value)
        found = session().get_credentials()
        place.patch.delenv(gone)
        with pytest.raises(fleetgrass.exceptions.PartialCredentialsError) as raised:
            found.get_frozen_credentials()
        texts.append(str(raised.value))
    assert texts == [f"Partial credentials found in env, missing: {gone}"] * 2


def test_new_keys_are_picked_up(place: Place) -> None:
    for name, value in {**KEYS, "AWS_CREDENTIAL_EXPIRATION": in_minutes(5)}.items():
        place.patch.setenv(name, value)
    client = fleetgrass.Session().client("greengrassv2", endpoint_url=place.greengrass.url)
    place.patch.setenv("AWS_ACCESS_KEY_ID", "B")
    place.patch.setenv("AWS_CREDENTIAL_EXPIRATION", LATER)
    client.list_components()
    assert "Credential=B/" in (place.greengrass.take()[0].header("authorization") or "")
