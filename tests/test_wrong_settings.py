"""Every mistake in a setting, made with boto3 and with us: the same class with the same text, at the same step."""

from __future__ import annotations

import copy
import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidConfigError

import fleetgrass
from facade import KEYS, environment, outcome, same
from fleetgrass import _core
from support.deviations import Ledger
from support.server import RecordingServer
from support.tls import CERTIFICATE, TlsServer

#: `environment` puts one without a wire in its place.
CORE = _core.Client


@contextmanager
def wired() -> Iterator[None]:
    with environment(BASE), mock.patch.object(_core, "Client", CORE):
        yield


class Mistake(NamedTuple):
    """A mistake, and what comes of it. `made` says when it is told: with the session, or with the client."""

    error: str
    config: str = ""
    credentials: str = ""
    variables: Mapping[str, str] = {}
    session: Mapping[str, Any] = {}
    client: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    made: str = "client"


BASE = "[default]\nregion = eu-west-1\n"
KEY, SECRET = "aws_access_key_id = A\n", "aws_secret_access_key = s\n"


def _files() -> dict[str, Mistake]:
    role = f"{BASE}role_arn = arn:aws:iam::123456789012:role/r\n"
    sso = f"{BASE}sso_start_url = u\n"
    services = f"{BASE}services = nowhere\n"
    return {
        "profile in code": Mistake("ProfileNotFound", session={"profile_name": "nope"}, made="session"),
        "profile in the environment": Mistake("ProfileNotFound", variables={"AWS_PROFILE": "nope"}, made="session"),
        "older variable of the profile": Mistake(
            "ProfileNotFound", variables={"AWS_DEFAULT_PROFILE": "x"}, made="session"
        ),
        "empty profile": Mistake("ProfileNotFound", variables={"AWS_PROFILE": ""}, made="session"),
        "no section": Mistake("ConfigParseError", "region = x\n", made="session"),
        "no section of credentials": Mistake("ConfigParseError", credentials=KEY, made="session"),
        "an option twice": Mistake("ConfigParseError", f"{BASE}region = x\n", made="session"),
        "a section twice": Mistake("ConfigParseError", f"{BASE}{BASE}", made="session"),
        "half a section": Mistake("ConfigParseError", "[default\n", made="session"),
        "a nested line that is none": Mistake("ConfigParseError", "[default]\ns3 =\n  word\n", made="session"),
        "services that are not there": Mistake("InvalidConfigError", services),
        "half a key in the config": Mistake("PartialCredentialsError", f"{BASE}{KEY}"),
        "half a key in the credentials": Mistake("PartialCredentialsError", BASE, f"[default]\n{KEY}"),
        "a role of nobody": Mistake("PartialCredentialsError", role),
        "a role of an unknown profile": Mistake("InvalidConfigError", f"{role}source_profile = zzz\n"),
        "a role of an unknown source": Mistake("InvalidConfigError", f"{role}credential_source = Moon\n"),
        "a role of two sources": Mistake(
            "InvalidConfigError", f"{role}credential_source = Environment\nsource_profile = default\n"
        ),
        "a role of itself": Mistake("InfiniteLoopConfigError", f"{role}source_profile = default\n"),
        "a role without keys": Mistake("InvalidConfigError", f"{role}source_profile = b\n[profile b]\nregion = x\n"),
        "half of SSO": Mistake("InvalidConfigError", f"{sso}sso_account_id = 1\n"),
        "an sso-session that is not there": Mistake(
            "InvalidConfigError", f"{BASE}sso_session = x\nsso_account_id = 1\nsso_role_name = r\n"
        ),
        "a token of an sso-session that is not there": Mistake(
            "InvalidConfigError", f"{BASE}sso_session = nope\n", client=KEYS
        ),
        "a token of an empty sso-session": Mistake(
            "InvalidConfigError", f"{BASE}sso_session = s\n[sso-session s]\n", client=KEYS
        ),
        "a token of half an sso-session": Mistake(
            "InvalidConfigError", f"{BASE}sso_session = s\n[sso-session s]\nsso_region = x\n", client=KEYS
        ),
        "a token of nobody's sso-session": Mistake(
            "InvalidConfigError",
            f"{BASE}sso_session = s\n[sso-session s]\nx = y\n",
            options={"signature_version": botocore.UNSIGNED},
        ),
        "a web identity without role": Mistake("InvalidConfigError", f"{BASE}web_identity_token_file = /x\n"),
        "a process that is not there": Mistake("FileNotFoundError", f"{BASE}credential_process = /nowhere/x\n"),
        "a process with an open quote": Mistake("ValueError", f"{BASE}credential_process = a 'b\n"),
    }


def _regions() -> dict[str, Mistake]:
    bad = ["bad region", "-x", "x-", "a.b", "a/b", "a\nb", "1234", "é", "a" * 64]
    return {
        "no region": Mistake("NoRegionError"),
        "no region, an endpoint": Mistake("NoRegionError", client={"endpoint_url": "http://h"}),
        "no region, unsigned": Mistake("NoRegionError", options={"signature_version": botocore.UNSIGNED}),
        "empty region": Mistake("ValueError", client={"region_name": ""}),
        "region of the profile": Mistake("InvalidRegionError", "[default]\nregion = bad region\n"),
        "region of the environment": Mistake("InvalidRegionError", variables={"AWS_DEFAULT_REGION": "b_d"}),
        "region of the session": Mistake("InvalidRegionError", session={"region_name": "b_d"}),
        "region of the config": Mistake("InvalidRegionError", options={"region_name": "b_d"}),
        "region that is no text": Mistake("TypeError", client={"region_name": 5}),
        "dual-stack where there is none": Mistake(
            "EndpointVariantError", client={"region_name": "eu-isoe-west-1"}, options={"use_dualstack_endpoint": True}
        ),
        "dual-stack and FIPS where there is none": Mistake(
            "EndpointVariantError",
            variables={"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"},
            client={"region_name": "us-isof-south-1"},
        ),
        **{f"region {name!r}": Mistake("InvalidRegionError", client={"region_name": name}) for name in bad},
    }


def _endpoints() -> dict[str, Mistake]:
    urls = ["", "foo", "http://", "http:///p", "http://-h", "http://a_b", "http://h\n", "http://" + "a" * 64]
    named = {f"endpoint {url!r}": Mistake("ValueError", BASE, client={"endpoint_url": url}) for url in urls}
    return {
        **named,
        "endpoint of all in the environment": Mistake("ValueError", BASE, variables={"AWS_ENDPOINT_URL": "foo"}),
        "endpoint in the environment": Mistake("ValueError", BASE, variables={"AWS_ENDPOINT_URL_GREENGRASSV2": "foo"}),
        "endpoint of all in the file": Mistake("ValueError", f"{BASE}endpoint_url = foo\n"),
        "endpoint in the file": Mistake(
            "ValueError", f"{BASE}services = s\n[services s]\ngreengrassv2 =\n  endpoint_url = foo\n"
        ),
    }


def _keys() -> dict[str, Mistake]:
    return {
        "a key without secret": Mistake("PartialCredentialsError", BASE, client={"aws_access_key_id": "A"}),
        "a secret without key": Mistake("PartialCredentialsError", BASE, client={"aws_secret_access_key": "s"}),
        "a key without secret in the environment": Mistake(
            "PartialCredentialsError", BASE, variables={"AWS_ACCESS_KEY_ID": "A"}
        ),
        "a key with an empty secret": Mistake(
            "PartialCredentialsError", BASE, variables={"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": ""}
        ),
        "an account of nobody": Mistake("NoCredentialsError", BASE, session={"aws_account_id": "1"}, made="session"),
        "an old file that is not there": Mistake(
            "ConfigNotFound", BASE, variables={"AWS_CREDENTIAL_FILE": "/nowhere/x"}
        ),
        "a token file that is not there": Mistake(
            "FileNotFoundError",
            BASE,
            variables={
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/x",
            },
        ),
        "a container that is elsewhere": Mistake(
            "ValueError", BASE, variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com"}
        ),
        "an instance that is nowhere": Mistake(
            "InvalidIMDSEndpointError", BASE, variables={"AWS_EC2_METADATA_SERVICE_ENDPOINT": "foo"}
        ),
        "a mode of instances that is none": Mistake(
            "InvalidIMDSEndpointModeError", BASE, variables={"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"}
        ),
        "a mode of instances that is empty": Mistake(
            "InvalidIMDSEndpointModeError", BASE, variables={"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ""}
        ),
        "a timeout of instances that is none": Mistake(
            "ValueError", BASE, variables={"AWS_METADATA_SERVICE_TIMEOUT": "soon"}
        ),
        "attempts at instances that are none": Mistake(
            "ValueError", BASE, variables={"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "few"}
        ),
    }


def _retries() -> dict[str, Mistake]:
    def given(error: str, **retries: Any) -> Mistake:
        return Mistake(error, BASE, options={"retries": retries}, made="config")

    return {
        "mode": given("InvalidRetryModeError", mode="Standard"),
        "mode that is none": given("InvalidRetryModeError", mode=None),
        "mode of the environment": Mistake("InvalidRetryModeError", BASE, variables={"AWS_RETRY_MODE": "Legacy"}),
        "mode of the file": Mistake("InvalidRetryModeError", f"{BASE}retry_mode = often\n"),
        "attempts": given("InvalidMaxRetryAttemptsError", max_attempts=-1),
        "attempts in all": given("InvalidMaxRetryAttemptsError", total_max_attempts=0),
        "attempts that are a text": given("TypeError", max_attempts="3"),
        "attempts that are none": given("TypeError", total_max_attempts=None),
        "attempts of the environment": Mistake(
            "InvalidMaxRetryAttemptsError", BASE, variables={"AWS_MAX_ATTEMPTS": "0"}
        ),
        "attempts of the environment, a word": Mistake("ValueError", BASE, variables={"AWS_MAX_ATTEMPTS": "x"}),
        "attempts of the file": Mistake("InvalidMaxRetryAttemptsError", f"{BASE}max_attempts = -3\n"),
        "attempts of the file, a word": Mistake("ValueError", f"{BASE}max_attempts = 1.5\n"),
        "an option of retries": given("InvalidRetryConfigurationError", often=3),
    }


def _options() -> dict[str, Mistake]:
    def config(error: str, **options: Any) -> Mistake:
        return Mistake(error, BASE, options=options)

    def variable(error: str, **variables: str) -> Mistake:
        return Mistake(error, BASE, variables=variables)

    return {
        "unknown option": Mistake("TypeError", BASE, options={"foo": 1}, made="config"),
        "s3": Mistake("InvalidS3AddressingStyleError", BASE, options={"s3": {"addressing_style": "x"}}, made="config"),
        "s3 of the file": config("InvalidConfigError", s3={"disable_s3_express_session_auth": "x"}),
        "s3 express": variable("InvalidConfigError", AWS_S3_DISABLE_EXPRESS_SESSION_AUTH="x"),
        "defaults mode": config("InvalidDefaultsMode", defaults_mode="x"),
        "defaults mode of the environment": variable("InvalidDefaultsMode", AWS_DEFAULTS_MODE="x"),
        "defaults mode of the file": Mistake("InvalidDefaultsMode", f"{BASE}defaults_mode = x\n"),
        "checksums of requests": config("InvalidChecksumConfigError", request_checksum_calculation="x"),
        "checksums of answers": config("InvalidChecksumConfigError", response_checksum_validation="x"),
        "checksums in the environment": variable("InvalidChecksumConfigError", AWS_REQUEST_CHECKSUM_CALCULATION="x"),
        "checksums in the file": Mistake("InvalidChecksumConfigError", f"{BASE}response_checksum_validation = x\n"),
        "compression below": config("InvalidConfigError", request_min_compression_size_bytes=0),
        "compression above": config("InvalidConfigError", request_min_compression_size_bytes=1048577),
        "compression, a word": config("InvalidConfigError", request_min_compression_size_bytes="x"),
        "compression, a list": config("InvalidConfigError", request_min_compression_size_bytes=[]),
        "compression of the environment": variable("InvalidConfigError", AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES="-1"),
        "account ids": config("InvalidConfigError", account_id_endpoint_mode="x"),
        "account ids, a number": config("InvalidConfigError", account_id_endpoint_mode=5),
        "account ids of the environment": variable("InvalidConfigError", AWS_ACCOUNT_ID_ENDPOINT_MODE="x"),
        "endpoints of STS": variable(
            "InvalidSTSRegionalEndpointsConfigError",
            AWS_STS_REGIONAL_ENDPOINTS="x",
            AWS_S3_US_EAST_1_REGIONAL_ENDPOINT="x",
        ),
        "endpoints of STS in the file": Mistake(
            "InvalidSTSRegionalEndpointsConfigError", f"{BASE}sts_regional_endpoints = x\n"
        ),
        "endpoints of STS, and a timeout": Mistake(
            "ValueError", f"{BASE}sts_regional_endpoints = x\n", options={"read_timeout": -1}
        ),
        "endpoints of S3": variable(
            "InvalidS3UsEast1RegionalEndpointConfigError", AWS_S3_US_EAST_1_REGIONAL_ENDPOINT="x"
        ),
        "endpoints of S3, none": variable(
            "InvalidS3UsEast1RegionalEndpointConfigError", AWS_S3_US_EAST_1_REGIONAL_ENDPOINT=""
        ),
        "endpoints of S3 in the code": config(
            "InvalidS3UsEast1RegionalEndpointConfigError", s3={"us_east_1_regional_endpoint": "x"}
        ),
        "preferred signatures": config("InvalidConfigError", auth_scheme_preference=5),
        "timeout of zero": config("ValueError", connect_timeout=0),
        "timeout below": config("ValueError", read_timeout=-1),
        "timeout, a word": config("ValueError", connect_timeout="x"),
        "timeout, a switch": config("ValueError", read_timeout=True),
        "timeout, a list": config("ValueError", read_timeout=[]),
        "client_cert of three": config("ValueError", client_cert=("a", "b", "c")),
        "empty verify": Mistake("InvalidConfigError", BASE, client={"verify": ""}),
        "blank verify": Mistake("InvalidConfigError", BASE, client={"verify": " \t"}),
        "blank bundle": variable("InvalidConfigError", AWS_CA_BUNDLE=" "),
        "blank bundle of the file": Mistake("InvalidConfigError", f"{BASE}ca_bundle =\n"),
        "blank bundle of requests": variable("InvalidConfigError", REQUESTS_CA_BUNDLE=""),
        "empty version of the service": Mistake("DataNotFoundError", BASE, client={"api_version": ""}),
        "retries that are a text": Mistake("AttributeError", BASE, options={"retries": ""}, made="config"),
        "version of the service": Mistake("DataNotFoundError", BASE, client={"api_version": "2019-11-30"}),
        "an argument that is none": Mistake("TypeError", BASE, client={"regoin": "x"}),
        "a session's argument that is none": Mistake("TypeError", BASE, session={"regoin": "x"}, made="session"),
    }


MISTAKES = {
    f"{part.__name__[1:]}: {name}": mistake
    for part in (_files, _regions, _endpoints, _keys, _retries, _options)
    for name, mistake in part().items()
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_as_boto3_tells_it(name: str) -> None:
    mistake = MISTAKES[name]

    def tell(module: Any, config_class: Any) -> tuple[str, Any]:
        """The step that fails, and with what."""
        told = "session"

        def make() -> None:
            nonlocal told
            session = module.Session(**mistake.session)
            told = "config"
            # UNSIGNED is to be the same object, not a copy.
            options = {
                key: copy.deepcopy(value) if key == "retries" else value for key, value in mistake.options.items()
            }
            config = config_class(**options)
            told = "client"
            session.client("greengrassv2", **{"config": config, **mistake.client})
            told = "call"

        came = outcome(make)
        return told, came

    with environment(mistake.config, mistake.credentials, **mistake.variables):
        want = tell(boto3, Config)
        assert (want[0], want[1] and want[1][0].__name__) == (mistake.made, mistake.error)
        assert tell(fleetgrass, fleetgrass.Config) == want
        if mistake.made != "config":
            assert tell(fleetgrass, Config) == want


WRONG_TYPES = {
    "client_cert": {"client": {}, "options": {"client_cert": 5}},
    "endpoint_url": {"client": {"endpoint_url": 5}, "options": {}},
    "verify": {"client": {"verify": ["a"]}, "options": {}},
    "version": {"client": {"api_version": 5}, "options": {}},
    "signature_version": {"client": {}, "options": {"signature_version": 5}},
    **{
        f"{name} {value!r}": {"client": {}, "options": {name: value}}
        for name in ("use_fips_endpoint", "use_dualstack_endpoint")
        for value in ("false", 1)
    },
    **{
        f"connections {value!r}": {"client": {}, "options": {"max_pool_connections": value}}
        for value in (None, "3", 1.5)
    },
}


@pytest.mark.deviation
@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_value_of_a_wrong_type_is_named(ledger: Ledger, name: str) -> None:
    ledger.use("setting-types")
    client, options = WRONG_TYPES[name].values()
    [value] = [*client.values(), *options.values()]
    with environment(BASE):
        theirs, ours = (
            outcome(lambda module=module: module.client("greengrassv2", config=Config(**options), **client))
            for module in (boto3, fleetgrass)
        )
    assert not isinstance(theirs, tuple) or theirs[0] in (TypeError, AttributeError)
    assert issubclass(ours[0], (BotoCoreError, ValueError))
    assert str(value) in ours[1]


@pytest.mark.deviation
@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", [b"planted", 5, "planted\ud800"])
@pytest.mark.parametrize("of_session", [True, False])
def test_keys_are_text(ledger: Ledger, name: str, value: Any, of_session: bool) -> None:
    ledger.use("setting-types")
    keys = {**KEYS, name: value}
    session, client = (keys, {}) if of_session else ({}, keys)
    with environment(BASE), pytest.raises(BotoCoreError, match=f"^{name} is .*: it has to be a text$") as refused:
        fleetgrass.Session(**session).client("greengrassv2", **client)
    assert "planted" not in str(refused.value)


@pytest.mark.deviation
@pytest.mark.parametrize(
    "given", [["aws_secret_access_key"], ["aws_session_token"], ["aws_secret_access_key", "aws_session_token"]]
)
def test_keys_of_a_session_without_their_id(ledger: Ledger, given: list[str]) -> None:
    ledger.use("setting-types")
    keys = dict.fromkeys(given, "planted")
    with environment(BASE):
        theirs = boto3.Session(**keys).client("greengrassv2", endpoint_url="http://127.0.0.1:1")
        assert outcome(theirs.list_components)[0] is TypeError
        with pytest.raises(InvalidConfigError) as refused:
            fleetgrass.Session(**keys).client("greengrassv2")
    assert str(refused.value).startswith(f"aws_access_key_id is missing beside {' and '.join(given)}: give it too")
    assert "planted" not in str(refused.value)


@pytest.mark.deviation
@pytest.mark.parametrize("name", ["max_attempts", "total_max_attempts"])
@pytest.mark.parametrize("number", [1.5, float("inf")])
def test_attempts_are_whole(ledger: Ledger, name: str, number: float) -> None:
    ledger.use("setting-types")
    config = fleetgrass.Config(retries={name: number})
    with environment(BASE), pytest.raises(BotoCoreError, match="total_max_attempts") as refused:
        fleetgrass.client("greengrassv2", config=config)
    assert str(number + (name == "max_attempts")) in str(refused.value)


@pytest.mark.deviation
@pytest.mark.parametrize("attempts", [{"max_attempts": 2.0}, {"total_max_attempts": 3.0}])
def test_a_whole_number_of_attempts_is_told_as_one(
    server: RecordingServer, ledger: Ledger, attempts: dict[str, Any]
) -> None:
    ledger.use("float-attempts")
    told = []
    for module in (boto3, fleetgrass):
        config = Config(retries={"mode": "standard", **attempts})
        module.client("greengrassv2", "us-east-1", endpoint_url=server.url, config=config, **KEYS).list_components()
        told += [request.header("amz-sdk-request") for request in server.take()]
    assert told == ["attempt=1; max=3.0", "attempt=1; max=3"]


@pytest.mark.deviation
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1"])
def test_a_line_end_is_no_part_of_a_region(ledger: Ledger, url: str | None) -> None:
    ledger.use("region-line-ends")

    def call(module: Any) -> Any:
        return module.client("greengrassv2", "us-east-1\n", endpoint_url=url, **KEYS).list_components()

    with wired():
        theirs, ours = (outcome(lambda module=module: call(module)) for module in (boto3, fleetgrass))
    assert theirs[0].__name__ == ("HTTPClientError" if url else "ValueError")
    assert ours[0].__name__ == "InvalidRegionError"


@pytest.mark.deviation
@pytest.mark.parametrize("entry", ["greengrassv2 = https://h", "greengrassv2 ="])
def test_an_entry_of_services_is_a_section(ledger: Ledger, entry: str) -> None:
    ledger.use("services-entries")
    with environment(f"{BASE}services = s\n[services s]\n{entry}\n"):
        theirs, ours = (outcome(lambda module=module: module.client("greengrassv2")) for module in (boto3, fleetgrass))
    assert theirs[0] is AttributeError
    assert ours[0].__name__ == "InvalidConfigError"
    assert entry in ours[1]


@pytest.mark.deviation
@pytest.mark.parametrize("version", ["v2", "v3", "s3", "v4-query"])
def test_signatures_that_no_service_of_today_knows(server: RecordingServer, ledger: Ledger, version: str) -> None:
    ledger.use("old-signatures")
    with wired():
        theirs, ours = (
            module.client("greengrassv2", endpoint_url=server.url, config=Config(signature_version=version), **KEYS)
            for module in (boto3, fleetgrass)
        )
        theirs.list_components()
        assert len(server.take()) == 1
        with pytest.raises(BotoCoreError, match=f"Unknown Signature Version: {version}"):
            ours.list_components()
        assert server.take() == []


@pytest.mark.deviation
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that urllib3 leaves open
@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300])
def test_timeouts_that_no_clock_can_tell(server: RecordingServer, ledger: Ledger, name: str, seconds: float) -> None:
    ledger.use("odd-timeouts")

    def call(module: Any) -> Any:
        client = module.client("greengrassv2", endpoint_url=server.url, config=Config(**{name: seconds}), **KEYS)
        return client.list_components()["ResponseMetadata"]["HTTPStatusCode"]

    with wired():
        with pytest.raises(BotoCoreError, match="unhandled exception"):
            call(boto3)
        gc.collect()
        if seconds == seconds:
            assert call(fleetgrass) == 200
        else:
            with pytest.raises(ValueError, match="timeout to nan"):
                call(fleetgrass)


ODD = {
    "switches that an endpoint makes idle": {
        "config": {"use_fips_endpoint": "true", "use_dualstack_endpoint": 1},
    },
    "endless connections": {"config": {"max_pool_connections": -1}},
    "attempts": {"config": {"retries": {"total_max_attempts": 10**30}}},
    "more attempts": {"config": {"retries": {"max_attempts": 10**30}}},
    "no certificate": {"config": {"client_cert": ""}},
    "no certificates": {"config": {"client_cert": []}},
    "an account": {"aws_account_id": 123456789012},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_settings_that_work(server: RecordingServer, name: str) -> None:
    arguments = {"endpoint_url": server.url, **KEYS, **ODD[name]}
    with wired():
        for module in (boto3, fleetgrass):
            config = Config(**copy.deepcopy(arguments.get("config", {})))
            client = module.Session().client("greengrassv2", **{**arguments, "config": config})
            assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("options", [{"client_cert": ""}, {"client_cert": []}])
def test_no_certificate_is_shown_and_a_bundle_may_be_bytes(options: dict[str, Any]) -> None:
    with wired(), TlsServer() as server:
        for module in (boto3, fleetgrass):
            client = module.Session().client(
                "greengrassv2",
                endpoint_url=server.url,
                verify=os.fsencode(CERTIFICATE),
                config=Config(**options),
                **KEYS,
            )
            assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("method", "error", "options"),
    [
        ("list_components", "NoCredentialsError", {}),
        ("list_components", "UnknownSignatureVersionError", {"signature_version": "bogus"}),
        ("list_components", "NoAuthTokenError", {"signature_version": "bearer"}),
        ("generate_presigned_url", "NoCredentialsError", {}),
        ("generate_presigned_url", "UnsupportedSignatureVersionError", {"signature_version": "bogus"}),
        ("generate_presigned_url", "UnsupportedSignatureVersionError", {"signature_version": "bearer"}),
    ],
)
def test_what_is_told_at_the_call(method: str, error: str, options: dict[str, str]) -> None:
    """Nothing is sent, as nothing can be signed."""

    def tell(module: Any) -> Any:
        keys = KEYS if options else {}
        client = module.Session().client("greengrassv2", "eu-west-1", config=Config(**options), **keys)
        return getattr(client, method)(*(["list_components"] if "presigned" in method else []))

    core = _core.Client
    with environment(), mock.patch.object(_core, "Client", core):
        assert same(tell)[0].__name__ == error
