"""The metadata service of an instance, asked by botocore and by us."""

import gc

import boto3
import pytest
from botocore.config import Config

import fleetgrass
from support.answers import plain
from support.sources import Place, metadata

TOKEN, ROLE, ZONE = plain(200, b"metadata token"), plain(200, b"role"), plain(200, b"eu-west-1a")


@pytest.fixture
def instance(place: Place) -> Place:
    place.patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    place.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place.source.url)
    return place


@pytest.mark.parametrize("slash", ["", "/", "/below"])
def test_keys_of_an_instance(instance: Place, slash: str) -> None:
    instance.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.source.url + slash)
    told = instance.compare([TOKEN, ROLE, metadata()])
    assert (told.method, told.keys) == ("iam-role", ("ASIA1", "b", "c", None))
    assert [asked["method"] for asked in told.asked] == ["PUT", "GET", "GET"]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
@pytest.mark.parametrize(
    "answers",
    [[TOKEN, plain(200, b"eu-west-1a")], [plain(404, b""), plain(200, b"eu-west-1a")], [TOKEN, plain(404, b"")]],
)
def test_the_region_of_an_instance_decides_a_mode(instance: Place, region: str, answers: list) -> None:
    """Of `defaults_mode="auto"`: whether a Region is near tells how long to wait for it."""
    told, asked = [], []
    for module in (boto3, fleetgrass):
        instance.source.script(answers)
        keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
        config = Config(defaults_mode="auto")
        made = module.Session().client("greengrassv2", region, config=config, **keys)
        told.append(made.meta.config.connect_timeout)
        asked.append([(request.method, request.path) for request in instance.source.take()])
    assert told[0] == told[1]
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    "answers",
    [
        [plain(403, b""), ROLE, metadata()],
        [plain(404, b""), ROLE, metadata()],
        [plain(405, b""), ROLE, metadata()],
        [plain(500, b""), ROLE, metadata()],
        [plain(400, b"")],
        [plain(302, b"", [("Location", "/elsewhere")]), ROLE, metadata()],
        [TOKEN, plain(302, b"", [("Location", "/elsewhere")])],
        [TOKEN, plain(404, b"")],
        [TOKEN, plain(200, b"")],
        [TOKEN, ROLE, plain(500, b"")],
        [TOKEN, ROLE, plain(200, b"<html>")],
        [TOKEN, ROLE, plain(200, b'{"Code": "Failed", "Message": "no"}')],
        [TOKEN, ROLE, metadata(Token=None)],
    ],
)
@pytest.mark.parametrize("variables", [{}, {"V1_DISABLED": "true"}, {"ATTEMPTS": "2"}])
def test_what_an_instance_refuses(instance: Place, answers: list, variables: dict[str, str]) -> None:
    if "V1_DISABLED" in variables:
        instance.patch.setenv("AWS_EC2_METADATA_V1_DISABLED", "true")
    if "ATTEMPTS" in variables:
        instance.patch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2")
    instance.compare(answers)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "odd"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"},
        {"AWS_METADATA_SERVICE_TIMEOUT": "soon"},
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "few"},
        {"AWS_EC2_METADATA_DISABLED": "TRUE"},
    ],
)
def test_settings_that_lead_to_no_instance(instance: Place, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        instance.patch.setenv(name, value)
    told = instance.compare([TOKEN, ROLE, metadata()])
    assert told.asked == []
    assert told.error is not None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that urllib3 leaves open
@pytest.mark.parametrize("timeout", ["9" * 20, "9" * 400])
def test_a_timeout_beyond_the_clock(instance: Place, ledger, timeout: str) -> None:
    ledger.use("odd-timeouts")
    instance.patch.setenv("AWS_METADATA_SERVICE_TIMEOUT", timeout)
    theirs, ours = (instance.ask(module, [TOKEN, ROLE, metadata()], {}) for module in (boto3, fleetgrass))
    assert type(theirs.error).__name__ == "HTTPClientError"
    assert ours.ended == "answered"
    gc.collect()


@pytest.mark.parametrize("timeout", ["0", "-1"])
@pytest.mark.parametrize("attempts", ["0", "1", "2"])
def test_a_timeout_that_is_none(instance: Place, timeout: str, attempts: str) -> None:
    instance.patch.setenv("AWS_METADATA_SERVICE_TIMEOUT", timeout)
    instance.patch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", attempts)
    told = instance.compare([TOKEN, ROLE, metadata()], text=lambda theirs, ours: ours == theirs)
    kind = "NoCredentialsError" if attempts == "0" else "HTTPClientError"
    assert (told.ended, type(told.error).__name__) == ("call" if attempts == "0" else "client", kind)


@pytest.mark.parametrize(
    "answers",
    [
        [plain(200, b"planted\xff")],
        [TOKEN, plain(200, b"planted\xff")],
        *([TOKEN, ROLE, metadata(**{name: 9})] for name in ("AccessKeyId", "SecretAccessKey", "Token")),
    ],
    ids=["token", "role", "key", "secret", "session token"],
)
def test_answers_of_an_instance_that_are_no_text(instance: Place, ledger, answers: list) -> None:
    ledger.use("leaked-credential-errors")
    told = instance.ask(fleetgrass, answers, {})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")
    assert "planted" not in str(told.error)


def test_the_service_hears_who_asks(instance: Place) -> None:
    instance.source.script([TOKEN, ROLE, metadata()])
    fleetgrass.Session().get_credentials()
    agents = {request.header("user-agent") for request in instance.source.take()}
    assert len(agents) == 1
    assert f"fleetgrass/{fleetgrass.__version__} ua/2.1 " in f"{agents.pop()}"
