"""Roles: of a profile with its sources, and of a web identity. botocore is asked the same on the same fake STS."""

from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs

import boto3
import botocore.session
import pytest

import fleetgrass
from support import sigv4
from support.answers import Answer, plain
from support.outcome import capture
from support.sources import KEYS, Place, sts, sts_failure

TOKEN = "web_identity_token_file = HOME/token\n"
ROLE = "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/demo\n"
BASE = f"[profile b]\n{KEYS}"
MOVED = b"<ErrorResponse><Error><Code>Moved</Code><Message>there</Message></Error></ErrorResponse>"


@pytest.mark.parametrize(
    "config",
    [
        f"{ROLE}source_profile = b\n{BASE}",
        f"{ROLE}source_profile = b\n{BASE}aws_session_token = t\n",
        f"{ROLE}source_profile = b\nexternal_id = e x/1&\nrole_session_name = me\nduration_seconds = 900\n{BASE}",
        f"{ROLE}source_profile = b\nduration_seconds = long\n{BASE}",
        f"{ROLE}source_profile = a\n{KEYS}",
        f"{ROLE}source_profile = b\nregion = us-west-2\n{BASE}region = ap-south-1\n",
        f"{ROLE}source_profile = b\n[profile b]\ncredential_process = cat HOME/keys\n",
        f"{ROLE}source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/base\n{TOKEN}",
    ],
)
def test_a_role_is_assumed_as_botocore_does(place: Place, config: str) -> None:
    place.write("config", config)
    place.write("keys", '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "b"}')
    place.write("token", "web token")
    answers = [sts("AssumeRoleWithWebIdentity", "ASIAWEB"), sts()] if "web_identity" in config else [sts()]
    told = place.compare(answers, profile_name="a")
    assert told.ended == "answered"
    assert told.method == "assume-role"
    assert told.keys == ("ASIA1", "a/+&b", "token ASIA1", "123456789012")


def test_roles_of_roles(place: Place) -> None:
    middle = "[profile b]\nrole_arn = arn:aws:iam::1:role/base\nsource_profile = c\nexternal_id = xy\n"
    place.write("config", f"{ROLE}source_profile = b\n{middle}[profile c]\n{KEYS}")
    told = place.compare([sts(key="ASIAB"), sts(key="ASIAA")], profile_name="a")
    assert [request["body"]["RoleArn"][-4:] for request in told.asked] == ["base", "demo"]
    assert "Credential=ASIAB/" in told.asked[1]["headers"]["authorization"]


def test_a_profile_of_the_environment_is_no_less_a_role(place: Place) -> None:
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    place.patch.setenv("AWS_PROFILE", "a")
    assert place.compare([sts()]).method == "assume-role"
    place.patch.setenv("AWS_ACCESS_KEY_ID", "E")
    place.patch.setenv("AWS_SECRET_ACCESS_KEY", "S")
    assert place.compare([sts()]).method == "env"


@pytest.mark.parametrize("source", ["Environment", "EcsContainer", "Ec2InstanceMetadata", "environment", "Nowhere"])
@pytest.mark.parametrize("there", [True, False])
def test_named_sources(place: Place, source: str, there: bool) -> None:
    place.write("config", f"{ROLE}credential_source = {source}\n")
    keys = plain(
        200, b'{"AccessKeyId": "K", "SecretAccessKey": "b", "Token": "c", "Expiration": "2036-11-24T01:00:00Z"}'
    )
    answers = [sts()]
    if there:
        place.patch.setenv("AWS_ACCESS_KEY_ID", "E")
        place.patch.setenv("AWS_SECRET_ACCESS_KEY", "S")
        place.patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        place.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place.source.url)
        place.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{place.source.url}/keys")
        before = {"EcsContainer": [keys], "Ec2InstanceMetadata": [plain(200, b"t"), plain(200, b"role"), keys]}
        answers = [*before.get(source, []), sts()]
    told = place.compare(answers, profile_name="a")
    valid = source in ("Environment", "EcsContainer", "Ec2InstanceMetadata")
    assert told.ended == ("answered" if there and valid else "client")


@pytest.mark.parametrize(
    "config",
    [
        ROLE,
        f"{ROLE}source_profile = zzz\n",
        f"{ROLE}source_profile = b\ncredential_source = Environment\n{BASE}",
        f"{ROLE}source_profile = a\n",
        f"{ROLE}source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/base\nsource_profile = a\n",
        f"{ROLE}source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/base\nsource_profile = b\n",
        f"{ROLE}source_profile = b\n[profile b]\nregion = x\n",
        f"{ROLE}source_profile = b\n[profile b]\naws_access_key_id = only\n",
    ],
)
def test_mistakes_in_profiles_are_botocores_errors(place: Place, config: str) -> None:
    place.write("config", config)
    assert place.compare(profile_name="a").ended == "client"


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ([sts_failure(403, "AccessDenied")], 1),
        ([sts_failure(400, "ExpiredTokenException", "a &lt; b")], 1),
        ([sts_failure(500, "InternalFailure"), sts()], 2),
        ([sts_failure(503, "ServiceUnavailable")], 3),
        ([sts_failure(400, "Throttling"), sts_failure(400, "Throttling"), sts()], 3),
        ([sts_failure(429, "Odd"), sts()], 2),
        ([sts_failure(400, "IDPCommunicationError"), sts()], 2),
        ([sts_failure(400, "MalformedPolicyDocument")], 1),
        ([plain(502, b"<html>no"), sts()], 2),
        ([plain(301, MOVED, [("Location", "/elsewhere")])], 1),
        ([Answer(b"", "close"), sts()], 2),
        ([Answer(b"", "reset"), sts()], 2),
        ([Answer(b"SSH-2.0\r\n\r\n", "close"), sts()], 2),
    ],
)
def test_what_sts_refuses(place: Place, answers: list, attempts: int) -> None:
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    assert len(place.compare(answers, profile_name="a").asked) == attempts


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("answer", [sts_failure(500, "InternalFailure"), sts_failure(400, "Throttling")])
def test_how_long_a_role_waits_between_attempts(place: Place, mode: str, answer: Answer) -> None:
    import botocore.endpoint

    from fleetgrass.credentials import service as services

    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    place.patch.setenv("AWS_RETRY_MODE", mode)
    place.patch.setenv("AWS_MAX_ATTEMPTS", "4")
    place.patch.setattr("random.random", lambda: 0.5)
    place.patch.setattr(
        "botocore.retries.standard.ExponentialBackoff.__init__.__defaults__", (20, lambda: 0.5, None, None)
    )
    waits: dict[str, list[float]] = {"theirs": [], "ours": []}
    place.patch.setattr(botocore.endpoint.time, "sleep", waits["theirs"].append)
    place.patch.setattr(services, "sleep", waits["ours"].append)
    place.compare([answer], profile_name="a")
    assert len(waits["ours"]) == 3
    assert waits["ours"] == waits["theirs"]


def test_an_sts_that_is_not_there(place: Place) -> None:
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    place.patch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    told = place.compare(profile_name="a", text=lambda theirs, ours: ours == theirs)
    assert type(told.error).__name__ == "EndpointConnectionError"


def test_answers_of_sts_that_cannot_be_used(place: Place, ledger) -> None:
    ledger.use("leaked-credential-errors")
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    for body, kind in (
        (b"<a>hidden", "ResponseParserError"),
        (b"<AssumeRoleResponse/>", "CredentialRetrievalError"),
        (b"<R><AssumeRoleResult><Credentials/></AssumeRoleResult></R>", "CredentialRetrievalError"),
    ):
        told = place.ask(fleetgrass, [plain(200, body)], {"profile_name": "a"})
        assert type(told.error).__name__ == kind
        assert "hidden" not in str(told.error)
    told = place.ask(fleetgrass, [plain(404, b"")], {"profile_name": "a"})
    assert str(told.error) == "An error occurred (404) when calling the AssumeRole operation: Not Found"


def test_the_signature_of_the_source_is_right(place: Place, ledger) -> None:
    ledger.use("role-session-name")
    place.write("config", f"{ROLE}source_profile = b\n{BASE}aws_session_token = t\n")
    place.source.script([sts()])
    client = fleetgrass.Session(profile_name="a").client("greengrassv2", endpoint_url=place.greengrass.url)
    client.list_components()
    [request] = place.source.take()
    assert b"RoleSessionName=fleetgrass-session-" in request.body
    sigv4.verify(request, sigv4.Key("AKID", "secret", "t", "eu-west-1", "sts"))
    sigv4.verify(place.greengrass.take()[0], sigv4.Key("ASIA1", "a/+&b", "token ASIA1", "eu-west-1"))


@pytest.mark.parametrize("given", [True, False])
def test_the_user_is_asked_for_a_code_once(place: Place, given: bool) -> None:
    import botocore.exceptions

    place.write("config", f"{ROLE}source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/me\n{BASE}")
    asked = []

    def prompt(words: str) -> str:
        asked.append(words)
        return "123456"

    if not given:
        place.patch.setattr("getpass.getpass", prompt)
    place.source.script([sts(expiry="2001-01-01T00:00:00Z")])
    session = fleetgrass.Session(profile_name="a", mfa_prompt=prompt if given else None)
    client = session.client("greengrassv2", endpoint_url=place.greengrass.url)
    assert asked == []
    with pytest.raises(RuntimeError, match="still expired"):
        client.list_components()
    with pytest.raises(botocore.exceptions.RefreshWithMFAUnsupportedError, match="MFA token required"):
        client.list_components()
    assert asked == ["Enter MFA code for arn:aws:iam::1:mfa/me: "]
    [request] = place.source.take()
    assert b"SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme" in request.body
    assert b"TokenCode=123456" in request.body


@pytest.mark.parametrize("failure", ["refused", "interrupted"])
def test_the_user_is_asked_again_after_a_question_that_failed(place: Place, ledger, failure: str) -> None:
    ledger.use("code-again")
    place.write("config", f"{ROLE}source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/me\n{BASE}")
    told = {}
    for module in (boto3, fleetgrass):
        asked = []

        def prompt(words: str, asked=asked) -> str:
            asked.append(words)
            if failure == "interrupted" and len(asked) == 1:
                raise KeyboardInterrupt
            return "123456"

        if module is boto3:
            session = botocore.session.Session(profile="a")
            session.get_component("credential_provider").get_provider("assume-role")._prompter = prompt
            made = boto3.Session(botocore_session=session)
        else:
            made = fleetgrass.Session(profile_name="a", mfa_prompt=prompt)
        refusals = [sts_failure(403, "AccessDenied")] if failure == "refused" else []
        # The keys of the first success need to be renewed at once.
        soon = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
        place.source.script([*refusals, sts(expiry=soon)])
        client = made.client("greengrassv2", endpoint_url=place.greengrass.url)
        with nullcontext() if refusals else pytest.raises(KeyboardInterrupt):
            assert capture(client.list_components).kind == "ClientError"
        told[module] = [capture(client.list_components).kind for _ in range(2)], len(asked)
    never = "RefreshWithMFAUnsupportedError"
    assert told == {boto3: ([never, never], 1), fleetgrass: (["value", never], 2)}


@pytest.mark.parametrize(
    ("region", "mode", "variables"),
    [
        ("eu-west-1", None, {}),
        ("eu-west-1", "regional", {}),
        ("eu-west-1", "legacy", {}),
        ("eu-south-2", "legacy", {}),
        ("cn-north-1", None, {}),
        ("us-gov-west-1", None, {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("us-east-1", "legacy", {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("us-east-1", None, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("us-iso-east-1", None, {}),
        ("aws-global", None, {}),
        ("aws-global", None, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("aws-global", None, {"AWS_ENDPOINT_URL_STS": "http://own"}),
        ("us-west-2", None, {"AWS_ENDPOINT_URL_STS": "https://sts.amazonaws.com"}),
        (None, None, {}),
        (None, "legacy", {}),
        (None, "odd", {}),
        (None, None, {"AWS_USE_FIPS_ENDPOINT": "true"}),
        (None, None, {"AWS_ENDPOINT_URL_STS": "http://own"}),
        ("a b", "odd", {}),
        ("fips-us-east-1", None, {}),
        ("us-east-1-fips", "legacy", {}),
        ("fips-us-gov-west-1", None, {}),
        ("us-east-1-fips", None, {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("fips-us-east-1", None, {"AWS_ENDPOINT_URL_STS": "http://own"}),
        ("eu-west-1", "odd", {}),
        ("eu-west-1", None, {"AWS_ENDPOINT_URL": "http://all"}),
        ("eu-west-1", None, {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_STS": "http://own/path"}),
        ("eu-west-1", None, {"AWS_ENDPOINT_URL_STS": "http://own", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    ],
)
@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/x", "short"])
def test_which_sts_is_called(
    place: Place, region: str | None, mode: str | None, variables: dict[str, str], role: str
) -> None:
    """Nothing is sent: what would be is compared, or which of several mistakes is told."""
    import botocore.session

    from fleetgrass.credentials import Search, service as services, sts as ours_sts
    from support.outcome import capture

    place.patch.delenv("AWS_DEFAULT_REGION")
    place.patch.delenv("AWS_ENDPOINT_URL_STS")
    for name, value in variables.items():
        place.patch.setenv(name, value)
    if mode:
        place.patch.setenv("AWS_STS_REGIONAL_ENDPOINTS", mode)
    sent = []

    class Stop(Exception):
        pass

    def stop(request, **_):
        sent.append(request)
        raise Stop

    def theirs():
        client = botocore.session.Session().create_client(
            "sts", region_name=region, aws_access_key_id="A", aws_secret_access_key="b"
        )
        client.meta.events.register("before-send", stop)
        client.assume_role(RoleArn=role, RoleSessionName="name")

    their = capture(theirs)

    class Fake:
        def __init__(self, options):
            self.real = real(options)
            self.sign = self.real.sign

        def fetch(self, method, url, headers, body):
            sent.append((url, dict(headers)["Authorization"].decode()))
            raise Stop

    real = services._core.Client
    place.patch.setattr(services._core, "Client", Fake)
    search = Search(fleetgrass.Session()._lookup, "default", region, True, {})
    keys = fleetgrass.credentials.ReadOnlyCredentials("A", "b", None)
    our = capture(lambda: ours_sts.assume(search, "assume-role", "AssumeRole", {"RoleArn": role}, keys))
    assert (type(our.error).__name__, type(our.error) is Stop or str(our.error)) == (
        type(their.error).__name__,
        type(their.error) is Stop or str(their.error),
    )
    if sent:
        request, (url, proof) = sent
        assert url == request.url
        scope = request.headers["Authorization"].decode().split("/", 1)[1].split(",")[0]
        assert proof.split("/", 1)[1].split(",")[0] == scope


WEB = "AssumeRoleWithWebIdentity"


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        (f"[profile a]\nrole_arn = arn:aws:iam::1:role/role\n{TOKEN}", {}),
        (
            f"[profile a]\nrole_arn = arn:aws:iam::1:role/role\n{TOKEN}role_session_name = me\n",
            {},
        ),
        ("", {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/env"}),
        (
            "",
            {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token",
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/env",
                "AWS_ROLE_SESSION_NAME": "me",
            },
        ),
        ("[default]\nrole_arn = arn:aws:iam::1:role/role\n", {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}),
        ("", {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}),
        ("[default]\nweb_identity_token_file = HOME/token\n", {}),
        ("", {"AWS_WEB_IDENTITY_TOKEN_FILE": ""}),
        ("", {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::1:role/env"}),
        (
            "[profile a]\nrole_arn = arn:aws:iam::1:role/role\nweb_identity_token_file = HOME/token\n",
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/other", "AWS_ROLE_ARN": "arn:aws:iam::1:role/env"},
        ),
    ],
)
def test_web_identities(place: Place, config: str, variables: dict[str, str]) -> None:
    place.write("config", config)
    place.write("token", "web token")
    for name, value in variables.items():
        place.patch.setenv(name, value.replace("HOME", str(place.home)))
    place.compare([sts(WEB)], **({"profile_name": "a"} if "profile a" in config else {}))


def test_the_file_of_a_web_identity_is_no_text(place: Place, ledger) -> None:
    ledger.use("leaked-credential-errors")
    place.write("config", f"[default]\nrole_arn = arn:aws:iam::1:role/role\n{TOKEN}")
    (place.home / "token").write_bytes(b"se\xffcret")
    told = place.ask(fleetgrass, [], {})
    assert (type(told.error).__name__, told.asked) == ("CredentialRetrievalError", [])
    assert f"the token file {place.home / 'token'} is not UTF-8 text" in str(told.error)


def test_the_file_of_a_web_identity_is_read_at_each_renewal(place: Place) -> None:
    place.write("config", f"[default]\nrole_arn = arn:aws:iam::1:role/role\n{TOKEN}")
    place.write("token", "first token")
    place.source.script([sts(WEB, expiry=(datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()), sts(WEB)])
    client = fleetgrass.Session().client("greengrassv2", endpoint_url=place.greengrass.url)
    client.list_components()
    place.write("token", "second token")
    client.list_components()
    client.list_components()
    tokens = [parse_qs(request.body.decode())["WebIdentityToken"] for request in place.source.take()]
    assert tokens == [["first token"], ["second token"]]


@pytest.mark.parametrize("code", ["InvalidIdentityToken", "AccessDenied", "ExpiredTokenException"])
def test_a_web_identity_that_is_refused(place: Place, code: str) -> None:
    place.write("config", "[default]\nrole_arn = arn:aws:iam::1:role/role\nweb_identity_token_file = HOME/token\n")
    place.write("token", "web token")
    told = place.compare([sts_failure(400, code)])
    assert told.ended == "call"
    assert code in str(told.error)


CLOCK_CODES = ("SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired")


@pytest.mark.parametrize("code", CLOCK_CODES)
@pytest.mark.parametrize("hours", [2, -2])
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_clock_that_sts_refuses_is_set(place: Place, ledger, code: str, hours: int, mode: str) -> None:
    ledger.use("clock-skew")
    place.patch.setenv("AWS_RETRY_MODE", mode)
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    there = datetime.now(timezone.utc) + timedelta(hours=hours)
    refusal = sts_failure(403, code, headers=[("Date", format_datetime(there, usegmt=True))])
    place.source.script([refusal, sts()])
    client = fleetgrass.Session(profile_name="a").client("greengrassv2", endpoint_url=place.greengrass.url)
    assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
    first, second = (
        datetime.strptime(request.header("x-amz-date") or "", "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        for request in place.source.take()
    )
    assert abs(second - there) < timedelta(minutes=1) < abs(first - there)


def test_a_wrong_secret_is_told_from_a_wrong_clock(place: Place) -> None:
    place.write("config", f"{ROLE}source_profile = b\n{BASE}")
    now = format_datetime(datetime.now(timezone.utc), usegmt=True)
    refusal = sts_failure(403, "SignatureDoesNotMatch", headers=[("Date", now)])
    assert len(place.compare([refusal], profile_name="a").asked) == 1
