"""The endpoint of a container, asked by botocore and by us."""

import botocore.utils
import pytest

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


def test_nobody_listens(place: Place) -> None:
    place.patch.setenv(URI, "http://127.0.0.1:1/keys")
    place.compare(text=lambda theirs, ours: theirs == ours)


@pytest.mark.parametrize("missing", ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"])
def test_members_that_are_missing(place: Place, ledger, missing: str) -> None:
    import fleetgrass

    ledger.use("leaked-credential-errors")
    place.patch.setenv(URI, f"{place.source.url}/keys")
    told = place.ask(fleetgrass, [metadata(**{missing: None})], {})
    assert type(told.error).__name__ == "CredentialRetrievalError"
    assert repr(missing) in str(told.error)
    told = place.ask(fleetgrass, [reply(["hidden"])], {})
    assert "hidden" not in str(told.error)


@pytest.mark.parametrize(
    "answer",
    [plain(200, b"[" * 100_000), metadata(Expiration="soon"), metadata(Expiration=9)],
    ids=["deep", "soon", "number"],
)
def test_answers_of_a_container_that_cannot_be_used(place: Place, ledger, answer: Answer) -> None:
    import fleetgrass

    ledger.use("leaked-credential-errors")
    place.patch.setenv(URI, f"{place.source.url}/keys")
    told = place.ask(fleetgrass, [answer], {})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")
