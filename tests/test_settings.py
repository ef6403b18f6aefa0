"""Settings: the same arguments, environment and files to boto3 and to us."""

import copy

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from hypothesis import given, settings, strategies as st

import fleetgrass
from facade import KEYS, REGION, environment, facts, made, options, outcome
from support.answers import failure
from support.server import RecordingServer

ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "AWS_DEFAULT_REGION": st.sampled_from(["us-west-2", "", "bad region", "fips-us-east-1", "us-iso-east-1"]),
        "AWS_REGION": st.just("sa-east-1"),
        "AWS_PROFILE": st.sampled_from(["dev", "local", "half", "broken", "nope", ""]),
        "AWS_DEFAULT_PROFILE": st.sampled_from(["dev", "local"]),
        "AWS_ENDPOINT_URL": st.sampled_from(["http://all", "", "no-scheme"]),
        "AWS_ENDPOINT_URL_GREENGRASSV2": st.sampled_from(["http://own:1/p", "ftp://[::1]/", "http://-x"]),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": st.sampled_from(["true", "false", "1"]),
        "AWS_RETRY_MODE": st.sampled_from(["legacy", "adaptive", "Standard", ""]),
        "AWS_MAX_ATTEMPTS": st.sampled_from(["0", "1", "9", "x"]),
        "AWS_USE_FIPS_ENDPOINT": st.sampled_from(["true", "no"]),
        "AWS_USE_DUALSTACK_ENDPOINT": st.sampled_from(["TRUE", ""]),
        "AWS_DEFAULTS_MODE": st.sampled_from(["standard", "In-Region", "auto", "bogus"]),
        "AWS_SDK_UA_APP_ID": st.sampled_from(["app", ""]),
        "AWS_CA_BUNDLE": st.sampled_from(["/a.pem", " "]),
        "AWS_ACCESS_KEY_ID": st.sampled_from(["ENVKEY", ""]),
        "AWS_SECRET_ACCESS_KEY": st.just("envsecret"),
        "AWS_REQUEST_CHECKSUM_CALCULATION": st.sampled_from(["WHEN_REQUIRED", "never"]),
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": st.sampled_from(["1", "0", "x"]),
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": st.sampled_from(["Required", "x"]),
        "AWS_AUTH_SCHEME_PREFERENCE": st.just("sigv4a, , sigv4"),
        "AWS_DISABLE_HOST_PREFIX_INJECTION": st.just("true"),
        "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": st.sampled_from(["true", "x"]),
        "AWS_S3_USE_ARN_REGION": st.sampled_from(["TRUE", ""]),
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": st.sampled_from(["legacy", "x"]),
        "AWS_STS_REGIONAL_ENDPOINTS": st.sampled_from(["legacy", "", "x"]),
    },
)
CONFIG_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "region_name": st.sampled_from(["ca-central-1", "us-gov-west-1"]),
        "signature_version": st.sampled_from([botocore.UNSIGNED, "s3v4", "v4"]),
        "user_agent_extra": st.just("extra/1"),
        "user_agent_appid": st.just("mine"),
        "connect_timeout": st.sampled_from([1, 2.5, None, 0, "x", True]),
        "read_timeout": st.sampled_from([1, None, -1]),
        "parameter_validation": st.booleans(),
        "max_pool_connections": st.just(3),
        "retries": st.sampled_from(
            [{"max_attempts": 2}, {"total_max_attempts": 2, "mode": "legacy"}, {"mode": "adaptive"}]
        ),
        "client_cert": st.sampled_from(["/cert.pem", ("/cert.pem", "/key.pem")]),
        "use_dualstack_endpoint": st.booleans(),
        "use_fips_endpoint": st.booleans(),
        "ignore_configured_endpoint_urls": st.booleans(),
        "defaults_mode": st.sampled_from(["mobile", "legacy", "x"]),
        "tcp_keepalive": st.booleans(),
        "s3": st.just({"addressing_style": "path"}),
        "request_min_compression_size_bytes": st.sampled_from([5, -1, "y"]),
        "disable_request_compression": st.sampled_from([True, "true"]),
        "account_id_endpoint_mode": st.sampled_from(["disabled", "y"]),
        "auth_scheme_preference": st.sampled_from(["a, b", 5]),
        "response_checksum_validation": st.sampled_from(["when_required", "y"]),
        "inject_host_prefix": st.booleans(),
    },
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "region_name": st.sampled_from(["us-east-1", "x-fips", "-bad", "1234", "", "eu-isoe-west-1"]),
        "api_version": st.sampled_from(["2020-11-30", "2019-11-30"]),
        "use_ssl": st.booleans(),
        "verify": st.sampled_from([True, False, "/b.pem", ""]),
        "endpoint_url": st.sampled_from(
            ["http://h:1", "https://h/p?q=1", "", "foo", "http://u:p@h", "http://[::1]:2", "http://a_b"]
        ),
        "aws_access_key_id": st.just("ARGKEY"),
        "aws_secret_access_key": st.just("argsecret"),
        "aws_session_token": st.just("argtoken"),
    },
)


SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "profile_name": st.sampled_from(["dev", "local", "nope"]),
        "region_name": st.sampled_from(["us-east-2", "bad region", ""]),
        "aws_access_key_id": st.just("SESSIONKEY"),
        "aws_secret_access_key": st.just("sessionsecret"),
    },
)
#: What a program can set on a botocore session, and nowhere else.
INSTANCE_VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "retry_mode": st.sampled_from(["legacy", "x"]),
        "max_attempts": st.sampled_from(["4", "x"]),
        "use_fips_endpoint": st.sampled_from(["true", True]),
        "user_agent_appid": st.just("lent"),
        "ca_bundle": st.just("/lent.pem"),
        "ignore_configured_endpoint_urls": st.just(True),
        "api_versions": st.just({"greengrassv2": "2019-11-30"}),
        "defaults_mode": st.just("mobile"),
        "profile": st.just("dev"),
    },
)


def make(client, config_class, config_options, arguments):
    """What there is to see of a client that the function `client` makes."""
    config = config_class(**copy.deepcopy(config_options)) if config_options else None
    if config_options.get("signature_version") is botocore.UNSIGNED:
        config.signature_version = botocore.UNSIGNED  # a deep copy is another object to botocore as well
    made_client = client("greengrassv2", config=config, **arguments)
    keys = made_client._get_credentials()
    found = keys and (*keys.get_frozen_credentials()[:3], keys.method)
    return facts(made_client), found


@settings(max_examples=150, deadline=None)
@given(ENVIRONMENTS, CONFIG_OPTIONS, ARGUMENTS, st.booleans())
def test_any_settings_make_the_same_client(variables, config_options, arguments, theirs):
    """Half of the time our client is given botocore's Config, which stays as it is."""
    with made(**variables):
        want = outcome(lambda: make(boto3.client, botocore.config.Config, config_options, arguments))
        ours = botocore.config.Config if theirs else fleetgrass.Config
        assert outcome(lambda: make(fleetgrass.client, ours, config_options, arguments)) == want


@settings(max_examples=40, deadline=None)
@given(ENVIRONMENTS, SESSIONS, INSTANCE_VARIABLES, CONFIG_OPTIONS, CONFIG_OPTIONS, ARGUMENTS)
def test_any_boto3_session_lends_its_settings(variables, arguments, instance_variables, default, options, given):
    """Ours is made of a session like the one that boto3 makes its client of."""

    def session():
        lent = boto3.Session(**arguments)
        for name, value in instance_variables.items():
            lent._session.set_config_variable(name, value)
        if default:
            lent._session.set_default_client_config(botocore.config.Config(**copy.deepcopy(default)))
        return lent

    def shown(wrap, config_class):
        made_session = wrap(session())
        named = made_session.profile_name, made_session.region_name, made_session.available_profiles
        return named, make(made_session.client, config_class, options, given)

    with made(**variables):
        want = outcome(lambda: shown(lambda lent: lent, botocore.config.Config))
        assert outcome(lambda: shown(fleetgrass.Session.from_boto3, fleetgrass.Config)) == want


@pytest.mark.parametrize("lent", [False, True])
@pytest.mark.parametrize(
    ("config", "variables", "given"),
    [
        ("", {"AWS_S3_USE_ARN_REGION": "true"}, {}),
        ("", {"AWS_S3_USE_ARN_REGION": ""}, {"s3": {}}),
        ("", {"AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS": "tRue"}, {}),
        ("s3_disable_multiregion_access_points = true\n", {}, {}),
        ("s3_use_arn_region = TRUE\n", {}, {}),
        ("s3 = x\n", {"AWS_S3_USE_ARN_REGION": "true"}, {"defaults_mode": "mobile"}),
        ("s3 =\n  addressing_style = path\n  use_arn_region = x\n  foo = bar\n", {}, {}),
        ("s3 =\n  addressing_style = x\n", {}, {}),
        ("s3 =\n  addressing_style = path\n", {}, {"s3": {"use_arn_region": 1}}),
        ("s3 =\n  us_east_1_regional_endpoint = x\n", {"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "legacy"}, {}),
        ("s3_us_east_1_regional_endpoint = x\n", {}, {}),
        ("", {"AWS_DEFAULTS_MODE": "mobile"}, {}),
        ("", {"AWS_DEFAULTS_MODE": "mobile", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "legacy"}, {}),
        ("", {}, {"defaults_mode": "in-region", "s3": {"use_arn_region": 1}}),
        ("", {}, {"s3": {"us_east_1_regional_endpoint": None}}),
    ],
)
def test_the_options_of_s3(lent, config, variables, given):
    with environment(f"[default]\nregion = eu-west-1\n{config}", **variables):

        def shown(session):
            return session.client("greengrassv2", config=botocore.config.Config(**given)).meta.config.s3

        want = outcome(lambda: shown(boto3.Session()))
        made_of = fleetgrass.Session.from_boto3(boto3.Session()) if lent else fleetgrass.Session()
        assert outcome(lambda: shown(made_of)) == want


def test_a_section_of_s3_that_is_empty(ledger):
    ledger.use("empty-s3")
    with environment("[default]\nregion = eu-west-1\ns3 =\n"):
        assert outcome(lambda: boto3.client("greengrassv2"))[0] is AttributeError
        assert fleetgrass.client("greengrassv2").meta.config.s3 is None


@pytest.mark.parametrize(
    ("variables", "arguments", "expected"),
    [
        ({}, {}, {"signing_region": "eu-central-1", "retry_mode": "standard", "total_max_attempts": 3}),
        ({"AWS_PROFILE": "local"}, {}, {"endpoint_url": "http://localhost:2", "retry_mode": "legacy"}),
        ({"AWS_PROFILE": "local"}, {}, {"total_max_attempts": 7, "verify": "/some/bundle.pem"}),
        ({"AWS_PROFILE": "local"}, {}, {"parameter_validation": "off", "tcp_keepalive": True}),
        ({"AWS_RETRY_MODE": "legacy"}, {}, {"total_max_attempts": 5}),
        ({"REQUESTS_CA_BUNDLE": "/r.pem"}, {}, {"verify": "/r.pem"}),
        ({"AWS_CA_BUNDLE": "/a.pem"}, {"verify": True}, {"verify": True}),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, {}, {"trace_id_from_lambda": True}),
        ({}, {"use_ssl": False}, {"endpoint_url": "http://greengrass.eu-central-1.amazonaws.com"}),
        # not what client.meta shows
        (
            {},
            {"region_name": "us-iso-east-1", "config": fleetgrass.Config(use_dualstack_endpoint=True)},
            {"endpoint_url": "https://greengrass.us-iso-east-1.api.aws.ic.gov"},
        ),
        (
            {},
            {"config": fleetgrass.Config(signature_version=fleetgrass.UNSIGNED)},
            {"signature_version": "unsigned", "credentials": None},
        ),
        ({}, {"config": fleetgrass.Config(defaults_mode="mobile")}, {"connect_timeout": 30}),
    ],
)
def test_the_core_is_given(variables, arguments, expected):
    with made(**variables):
        got = options(**arguments)
        assert {key: got[key] for key in expected} == expected


def test_the_core_is_given_these_options_and_no_others():
    with made():
        assert sorted(options()) == [
            "client_cert", "connect_timeout", "credentials", "custom_endpoint", "data_plane", "endpoint_url",
            "max_pool_connections", "max_response_bytes", "parameter_validation", "proxies", "read_timeout",
            "requests_per_second", "retry_mode", "signature_version", "signing_region", "tcp_keepalive",
            "total_max_attempts", "trace_id_from_lambda", "user_agent_features", "user_agent_prefix",
            "user_agent_suffix", "verify",
        ]  # fmt: skip


def test_a_callers_config_stays_as_it_is():
    with made(**REGION):
        retries = {"max_attempts": 3}
        config = botocore.config.Config(retries=retries)
        assert options(config=config)["total_max_attempts"] == 4
        assert retries == {"max_attempts": 3}
        assert config.retries is retries


@pytest.mark.parametrize("retries", [{"max_attempts": 1.0}, {"max_attempts": 0.0}, {"total_max_attempts": 2.0}])
def test_attempts_may_be_whole_floats(server: RecordingServer, retries: dict[str, float]) -> None:
    told = []
    for module in (boto3, fleetgrass):
        server.script([failure(500, "InternalServerException")])
        config = botocore.config.Config(retries={"mode": "standard", **retries})
        client = module.client("greengrassv2", endpoint_url=server.url, config=config, region_name="eu-west-1", **KEYS)
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            client.list_components()
        metadata = refused.value.response["ResponseMetadata"]
        told.append((client.meta.config.retries, len(server.take()), metadata["RetryAttempts"]))
    theirs, ours = told
    assert ours == theirs


# The user agent

PARTS = ["user_agent_prefix", "user_agent_suffix", "user_agent_features"]


def botocores_user_agent(**arguments):
    client = boto3.client("greengrassv2", **arguments)
    return client._user_agent_creator.to_string()


@pytest.mark.parametrize(
    "config",
    [
        None,
        {"user_agent_extra": "more/1 x"},
        {"user_agent_appid": "an app/1#(x)"},
        {"retries": {"mode": "adaptive"}},
        {"endpoint_discovery_enabled": True},  # has no part, though botocore has code for one
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "variables", [{}, {"AWS_EXECUTION_ENV": "AWS_Lambda x"}, {"AWS_SDK_UA_APP_ID": "env"}], ids=str
)
@pytest.mark.parametrize("arguments", [{}, KEYS, {"endpoint_url": "http://h"}], ids=str)
def test_the_user_agent_is_laid_out_as_botocores(config, variables, arguments):
    with made(**variables):
        config = config and fleetgrass.Config(**config)
        prefix, suffix, features = (options(config=config, **arguments)[part] for part in PARTS)
        theirs = config and botocore.config.Config(**config._user_provided_options)
        want = botocores_user_agent(config=theirs, **arguments).split()
    for product in (
        f"Boto3/{boto3.__version__}",
        f"md/Botocore#{botocore.__version__}",
        f"Botocore/{botocore.__version__}",
    ):
        want.remove(product)
    at = next(at for at, part in enumerate(want) if part.startswith("m/"))
    assert [f"fleetgrass/{fleetgrass.__version__}", *want[:at]] == prefix.split()
    assert set(want[at][2:].split(",")) == set(features)
    assert want[at + 1 :] == suffix.split()


def test_a_users_user_agent_replaces_it():
    with made():
        got = options(config=fleetgrass.Config(user_agent="mine/1", user_agent_extra="more"))
        assert [got[part] for part in PARTS] == [f"mine/1 fleetgrass/{fleetgrass.__version__} more", "", None]
