"""The endpoint of a container, asked by botocore and by us."""

import boto3
import botocore.utils
import pytest

import fleetgrass
from fleetgrass.credentials import container
from support.answers import Answer, plain, reply
from support.sources import Place, metadata

URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


@pytest.mark.parametrize("path", ["/keys", "/keys?a=b%2Fc", ""])
@pytest.mark.parametrize("token", [None, "variable", "file"])
def test_keys_of_a_container(place: Place, path: str, token: str | None) -> None:
    place.patch.setenv(URI, f"{place.source.url}{path}")
    if token is not None:
        place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from variable")
    if token == "file":
        place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(place.write("token", "from file")))
    told = place.compare([metadata(AccountId="123456789012")])
    assert (told.method, told.keys) == ("container-role", ("ASIA1", "b", "c", "123456789012"))
    assert told.asked[0]["headers"]["authorization"] == ((token and f"from {token}") or "")


@pytest.mark.parametrize("token", [None, "from variable"])
def test_keys_of_a_task(place: Place, token: str | None) -> None:
    """The address of ECS is fixed, and another one in this test. The relative URI wins over the full one."""
    address = place.source.url.removeprefix("http://")
    place.patch.setattr(botocore.utils.ContainerMetadataFetcher, "IP_ADDRESS", address)
    place.patch.setattr(container, "ADDRESS", address)
    place.patch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/id?a=b")
    place.patch.setenv(URI, "http://127.0.0.1:1/keys")
    if token is not None:
        place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)
    told = place.compare([metadata(RoleArn="arn")])
    assert (told.method, told.keys) == ("container-role", ("ASIA1", "b", "c", None))
    assert [request["target"] for request in told.asked] == ["/v2/credentials/id?a=b"]


@pytest.mark.parametrize("token", [None, "a\nb"])
def test_a_token_file_that_cannot_be_used(place: Place, token: str | None) -> None:
    place.patch.setenv(URI, f"{place.source.url}/keys")
    place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(place.home / "token"))
    if token is not None:
        place.write("token", token)
    told = place.compare()
    assert (type(told.error) in (FileNotFoundError, ValueError), told.asked) == (True, [])


def test_a_proxy_does_not_see_them(place: Place) -> None:
    place.patch.setenv(URI, f"{place.source.url}/keys")
    place.patch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")
    told = place.compare([metadata()], text=lambda theirs, ours: "127.0.0.1:1" in theirs and "127.0.0.1:1" in ours)
    assert (told.ended, len(told.asked)) == ("call", 1)


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ([plain(500, b"odd"), metadata()], 2),
        ([plain(404, b"gone")], 3),
        ([plain(200, b"<html>"), metadata()], 2),
        ([plain(200, b"")], 3),
        ([plain(302, b"", [("Location", "/elsewhere")])], 3),
        ([Answer(b"", "close"), metadata()], 2),
        ([Answer(b"", "reset")], 3),
    ],
)
def test_what_a_container_refuses(place: Place, answers: list, attempts: int) -> None:
    place.patch.setenv(URI, f"{place.source.url}/keys")
    told = place.compare(answers)
    assert len(told.asked) == attempts
    assert told.ended == ("answered" if attempts == 2 else "client")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/keys",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://169.254.170.3/",
        "ftp://example.com",
        "odd",
    ],
)
def test_hosts_that_get_no_token(place: Place, url: str) -> None:
    place.patch.setenv(URI, url)
    told = place.compare()
    assert type(told.error) is ValueError


@pytest.mark.parametrize("token", ["a\nb", "a\rb", "end\n"])
def test_a_token_is_one_line(place: Place, token: str) -> None:
    place.patch.setenv(URI, f"{place.source.url}/keys")
    place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)
    told = place.compare()
    assert type(told.error) is ValueError
    assert told.asked == []


LETTERS = {"é": b"\xc3\xa9", "€": b"\xe2\x82\xac"}


@pytest.mark.parametrize("token", ["é", "€", "a\0b", "a\x01b", "a\x7fb"])
@pytest.mark.parametrize("file", [True, False])
def test_tokens_beyond_ascii(place: Place, ledger, token: str, file: bool) -> None:
    ledger.use("container-tokens")
    if "\0" in token and not file:
        return
    place.patch.setenv(URI, f"{place.source.url}/keys")
    name = "AWS_CONTAINER_AUTHORIZATION_TOKEN" + ("_FILE" if file else "")
    place.patch.setenv(name, str(place.write("token", token)) if file else token)
    theirs, ours = (place.ask(module, [metadata()], {}) for module in (boto3, fleetgrass))
    if token == "€":
        assert type(theirs.error).__name__ == "HTTPClientError"
    else:
        assert theirs.asked[0]["headers"]["authorization"] == token
    if token in LETTERS:
        assert ours.asked[0]["headers"]["authorization"].encode("latin-1") == LETTERS[token]
    else:
        assert type(ours.error).__name__ == "HTTPClientError"
        assert str(ours.error).endswith("Invalid header value in authorization")


def test_a_token_that_is_no_unicode(place: Place) -> None:
    place.patch.setenv(URI, f"{place.source.url}/keys")
    place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "planted\udcff")
    told = place.compare(text=lambda theirs, ours: "planted" not in ours)
    assert (type(told.error).__name__, told.asked) == ("HTTPClientError", [])


def test_nobody_listens(place: Place) -> None:
    place.patch.setenv(URI, "http://127.0.0.1:1/keys")
    place.compare(text=lambda theirs, ours: theirs == ours)


@pytest.mark.parametrize("missing", ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"])
def test_members_that_are_missing(place: Place, ledger, missing: str) -> None:
    ledger.use("leaked-credential-errors")
    place.patch.setenv(URI, f"{place.source.url}/keys")
    told = place.ask(fleetgrass, [metadata(**{missing: None})], {})
    assert type(told.error).__name__ == "CredentialRetrievalError"
    assert repr(missing) in str(told.error)
    told = place.ask(fleetgrass, [reply(["hidden"])], {})
    assert "hidden" not in str(told.error)


@pytest.mark.parametrize(
    "answer",
    [
        plain(200, b"[" * 100_000),
        *(metadata(**{name: value}) for name in ("Expiration", "AccessKeyId", "Token") for value in ("soon\ud800", 9)),
    ],
    ids=["deep", "soon", "number", "key, no Unicode", "key, a number", "token, no Unicode", "token, a number"],
)
def test_answers_of_a_container_that_cannot_be_used(place: Place, ledger, answer: Answer) -> None:
    ledger.use("leaked-credential-errors")
    place.patch.setenv(URI, f"{place.source.url}/keys")
    told = place.ask(fleetgrass, [answer], {})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")


BAD_SETTINGS = {
    "AWS_RETRY_MODE": "bad",
    "AWS_MAX_ATTEMPTS": "x",
    "AWS_DEFAULTS_MODE": "bad",
    "AWS_CA_BUNDLE": " ",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "bad",
}


@pytest.mark.parametrize("setting", BAD_SETTINGS)
@pytest.mark.parametrize("source", ["container", "instance"])
def test_settings_of_clients_are_not_those_of_the_machine(place: Place, setting: str, source: str) -> None:
    if source == "container":
        place.patch.setenv(URI, f"{place.source.url}/keys")
    else:
        place.patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        place.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place.source.url)
    place.patch.setenv(setting, BAD_SETTINGS[setting])
    found = []
    for module in (boto3, fleetgrass):
        place.source.script([metadata()] if source == "container" else [plain(200, b"t"), plain(200, b"r"), metadata()])
        keys = module.Session().get_credentials()
        found.append((keys.method, tuple(keys.get_frozen_credentials())))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:1/x\r\nA: b",
        "//127.0.0.1:1/x",
        "http://127.0.0.1:99999/",
        "http://localhost:x/",
        "ftp://127.0.0.1/",
    ],
)
def test_uris_that_are_none(place: Place, ledger, uri: str) -> None:
    ledger.use("container-uris")
    place.patch.setenv(URI, uri)
    theirs, ours = (place.ask(module, [], {}).error for module in (boto3, fleetgrass))
    assert isinstance(theirs, fleetgrass.exceptions.BotoCoreError)
    assert isinstance(ours, ValueError)
    assert uri in str(ours)


def test_a_token_file_that_is_no_text(place: Place, ledger) -> None:
    ledger.use("leaked-credential-errors")
    place.patch.setenv(URI, f"{place.source.url}/keys")
    place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(place.home / "token"))
    (place.home / "token").write_bytes(b"se\xffcret")
    told = place.ask(fleetgrass, [], {})
    assert (type(told.error).__name__, told.asked) == ("CredentialRetrievalError", [])
    assert f"the token file {place.home / 'token'} is not UTF-8 text" in str(told.error)
