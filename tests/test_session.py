"""Sessions and settings: the same arguments, environment and files to boto3 and to us."""

import copy
import inspect
import os
import pickle
import pydoc
import subprocess
import sys
from unittest import mock

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from facade import REGION, FakeCore, environment, facts, outcome, same
from hypothesis import given, settings, strategies as st

import fleetgrass
from fleetgrass import _core

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
PROFILES = """
[default]
region = eu-central-1
[profile dev]
region = ap-south-1
aws_access_key_id = CONFIGKEY
aws_secret_access_key = configsecret
aws_session_token = t
[profile local]
region = us-east-1
endpoint_url = http://localhost:1
services = lab
retry_mode = legacy
max_attempts = 7
use_fips_endpoint = TRUE
parameter_validation = false
ca_bundle = /some/bundle.pem
sdk_ua_app_id = app#1 x
tcp_keepalive = true
[services lab]
greengrassv2 =
  endpoint_url = http://localhost:2
[profile broken]
region = us-east-1
services = nowhere
"""
CREDENTIALS = """
[default]
aws_access_key_id = FILEKEY
aws_secret_access_key = filesecret
[dev]
aws_security_token = older
[half]
aws_access_key_id = HALF
"""


def made(**variables):
    return environment(PROFILES, CREDENTIALS, **variables)


def options(**arguments):
    """What the core was given for a client."""
    fleetgrass.client("greengrassv2", **arguments)
    return FakeCore.made[-1].options


# Settings, one grid of random combinations

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
        "retries": st.sampled_from([{"max_attempts": 2}, {"total_max_attempts": 2, "mode": "legacy"}, {"mode": "adaptive"}]),
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
        "endpoint_url": st.sampled_from(["http://h:1", "https://h/p?q=1", "", "foo", "http://u:p@h", "http://[::1]:2", "http://a_b"]),
        "aws_access_key_id": st.just("ARGKEY"),
        "aws_secret_access_key": st.just("argsecret"),
        "aws_session_token": st.just("argtoken"),
    },
)


@settings(max_examples=150, deadline=None)
@given(ENVIRONMENTS, CONFIG_OPTIONS, ARGUMENTS, st.booleans())
def test_any_settings_make_the_same_client(variables, config_options, arguments, theirs):
    """Half of the time our client is given botocore's Config, which stays as it is."""

    def make(module, config_class):
        config = config_class(**copy.deepcopy(config_options)) if config_options else None
        if config_options.get("signature_version") is botocore.UNSIGNED:
            config.signature_version = botocore.UNSIGNED  # a deep copy is another object to botocore as well
        client = module.client("greengrassv2", config=config, **arguments)
        keys = client._get_credentials()
        found = keys and (*keys.get_frozen_credentials()[:3], keys.method)
        return facts(client), found

    with made(**variables):
        want = outcome(lambda: make(boto3, botocore.config.Config))
        ours = botocore.config.Config if theirs else fleetgrass.Config
        assert outcome(lambda: make(fleetgrass, ours)) == want


@pytest.mark.parametrize(
    ("variables", "arguments", "expected"),
    [
        pytest.param({}, {}, {"region_name": "eu-central-1", "retry_mode": "standard", "total_max_attempts": 3}, id="defaults"),
        pytest.param({"AWS_PROFILE": "local"}, {}, {"endpoint_url": "http://localhost:2", "retry_mode": "legacy"}, id="file"),
        pytest.param({"AWS_PROFILE": "local"}, {}, {"total_max_attempts": 7, "verify": "/some/bundle.pem"}, id="file-more"),
        pytest.param({"AWS_PROFILE": "local"}, {}, {"parameter_validation": False, "tcp_keepalive": True}, id="file-flags"),
        pytest.param({"AWS_RETRY_MODE": "legacy"}, {}, {"total_max_attempts": 5}, id="legacy-attempts"),
        pytest.param({"REQUESTS_CA_BUNDLE": "/r.pem"}, {}, {"verify": "/r.pem"}, id="requests-bundle"),
        pytest.param({"AWS_CA_BUNDLE": "/a.pem"}, {"verify": True}, {"verify": True}, id="verify-wins"),
        pytest.param({"AWS_LAMBDA_FUNCTION_NAME": "f"}, {}, {"trace_id_from_lambda": True}, id="lambda"),
        pytest.param({}, {"use_ssl": False}, {"endpoint_url": "http://greengrass.eu-central-1.amazonaws.com"}, id="no-ssl"),
        pytest.param({}, {"region_name": "us-iso-east-1", "config": fleetgrass.Config(use_dualstack_endpoint=True)},
                     {"endpoint_url": "https://greengrass.us-iso-east-1.api.aws.ic.gov"}, id="not-the-legacy-url"),
        pytest.param({}, {"config": fleetgrass.Config(signature_version=fleetgrass.UNSIGNED)},
                     {"unsigned": True, "signature_version": None, "credentials": None}, id="unsigned"),
        pytest.param({}, {"config": fleetgrass.Config(defaults_mode="mobile")}, {"connect_timeout": 30}, id="mobile"),
    ],
)  # fmt: skip
def test_the_core_is_given(variables, arguments, expected):
    with made(**variables):
        got = options(**arguments)
        assert {key: got[key] for key in expected} == expected


def test_the_core_is_given_these_options_and_no_others():
    with made():
        assert sorted(options()) == [
            "client_cert", "connect_timeout", "credentials", "endpoint_url", "max_pool_connections",
            "parameter_validation", "read_timeout", "region_name", "retry_mode", "signature_version",
            "signing_region", "tcp_keepalive", "total_max_attempts", "trace_id_from_lambda", "unsigned",
            "user_agent_features", "user_agent_prefix", "user_agent_suffix", "verify",
        ]  # fmt: skip


def test_a_callers_config_stays_as_it_is():
    with made(**REGION):
        retries = {"max_attempts": 3}
        config = botocore.config.Config(retries=retries)
        assert options(config=config)["total_max_attempts"] == 4
        assert retries == {"max_attempts": 3}
        assert config.retries is retries


def test_proxies_are_refused_and_not_passed_by():
    with made(), pytest.raises(fleetgrass.exceptions.InvalidConfigError, match="no support for proxies"):
        options(config=fleetgrass.Config(proxies={"https": "http://proxy:1"}))


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
@pytest.mark.parametrize("variables", [{}, {"AWS_EXECUTION_ENV": "AWS_Lambda x"}, {"AWS_SDK_UA_APP_ID": "env"}], ids=str)
@pytest.mark.parametrize("arguments", [{}, KEYS, {"endpoint_url": "http://h"}], ids=str)
def test_the_user_agent_is_laid_out_as_botocores(config, variables, arguments):
    with made(**variables):
        config = config and fleetgrass.Config(**config)
        prefix, suffix, features = (options(config=config, **arguments)[part] for part in PARTS)
        theirs = config and botocore.config.Config(**config._user_provided_options)
        want = botocores_user_agent(config=theirs, **arguments).split()
    for product in (f"Boto3/{boto3.__version__}", f"md/Botocore#{botocore.__version__}", f"Botocore/{botocore.__version__}"):
        want.remove(product)
    at = next(at for at, part in enumerate(want) if part.startswith("m/"))
    assert [f"fleetgrass/{fleetgrass.__version__}", *want[:at]] == prefix.split()
    assert set(want[at][2:].split(",")) == set(features)
    assert want[at + 1 :] == suffix.split()


def test_a_users_user_agent_replaces_it():
    with made():
        got = options(config=fleetgrass.Config(user_agent="mine/1", user_agent_extra="more"))
        assert [got[part] for part in PARTS] == [f"mine/1 fleetgrass/{fleetgrass.__version__} more", "", None]


# Sessions

SESSIONS = [
    {},
    {"profile_name": "dev"},
    {"profile_name": "nope"},
    {"profile_name": "half"},
    {"region_name": "us-east-2"},
    {"aws_account_id": "123456789012"},
    {"aws_account_id": "123456789012", **KEYS},
    {"aws_access_key_id": "only"},
    {"aws_session_token": "only"},
    {**KEYS, "aws_session_token": "t"},
]


@pytest.mark.parametrize("arguments", SESSIONS, ids=str)
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "b", "AWS_SECURITY_TOKEN": "a"},
        {"AWS_ACCESS_KEY_ID": "E"},
        {"AWS_SECRET_ACCESS_KEY": "S"},
        {"AWS_PROFILE": "dev", "AWS_DEFAULT_REGION": "us-west-1"},
        {"AWS_PROFILE": "nope"},
    ],
    ids=str,
)
def test_sessions_know_the_same(arguments, variables):
    def ask(module):
        session = module.Session(**arguments)
        found = session.get_credentials()
        keys = found and (tuple(found.get_frozen_credentials()), found.method)
        return repr(session), session.profile_name, session.region_name, session.available_profiles, keys

    with made(**variables):
        same(ask)


def test_signatures_are_boto3s():
    for name in ("client", "resource"):
        ours, theirs = (inspect.signature(getattr(module.Session, name)) for module in (fleetgrass, boto3))
        assert [(p.name, p.default) for p in ours.parameters.values()] == [(p.name, p.default) for p in theirs.parameters.values()]
    ours, theirs = (list(inspect.signature(module.Session).parameters.values()) for module in (fleetgrass, boto3))
    assert [(p.name, p.default) for p in ours][: len(theirs)] == [(p.name, p.default) for p in theirs]


@pytest.mark.parametrize(
    ("config", "credentials", "variables", "provider"),
    [
        ("[default]\nrole_arn = r\nsource_profile = x\n", "", {}, "assume-role"),
        ("[default]\nrole_arn = r\nweb_identity_token_file = x\n", "", {}, "assume-role-with-web-identity"),
        ("[default]\nsso_session = s\n", CREDENTIALS, {}, "sso"),
        ("[default]\ncredential_process = p\n", "", {}, "custom-process"),
        ("", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost"}, "container-role"),
    ],
)
def test_sources_that_must_be_asked_are_refused_with_the_remedy(config, credentials, variables, provider):
    with environment(config, credentials, **REGION, **variables):
        with pytest.raises(fleetgrass.exceptions.CredentialRetrievalError) as raised:
            fleetgrass.client("greengrassv2")
        assert raised.value.kwargs["provider"] == provider
        assert "export-credentials" in str(raised.value)
        fleetgrass.client("greengrassv2", **KEYS)


def test_a_botocore_session_lends_its_settings():
    with made():
        theirs = botocore.session.Session(profile="dev")
        theirs.set_default_client_config(botocore.config.Config(read_timeout=7))
        session = fleetgrass.Session(botocore_session=theirs)
        session.client("greengrassv2", config=fleetgrass.Config(connect_timeout=8))
        got = FakeCore.made[-1].options
        assert (got["region_name"], got["read_timeout"], got["connect_timeout"]) == ("ap-south-1", 7, 8)
        assert got["credentials"]["access_key"] == "CONFIGKEY"


# What is boto3's

def test_other_services_are_boto3s():
    with made():
        config = fleetgrass.Config(signature_version=fleetgrass.UNSIGNED, read_timeout=5)
        session = fleetgrass.Session(profile_name="dev")
        client = session.client("s3", config=config)
        assert (type(client).__module__, client.meta.region_name) == ("botocore.client", "ap-south-1")
        assert client.meta.config.read_timeout == 5
        assert client.meta.config.signature_version is botocore.UNSIGNED
        assert type(fleetgrass.resource("s3")).__name__ == "s3.ServiceResource"
        assert session.events is session._boto3_session().events
        assert session.get_available_services() == boto3.Session().get_available_services()
        assert outcome(lambda: session.client("nope"))[0] is botocore.exceptions.UnknownServiceError


def test_other_names_are_boto3s():
    import boto3.dynamodb.types

    assert fleetgrass.dynamodb.types is boto3.dynamodb.types
    assert fleetgrass.NullHandler is boto3.NullHandler
    with pytest.raises(AttributeError, match="nor has boto3"):
        fleetgrass.nothing  # noqa: B018
    assert fleetgrass.session.Session is fleetgrass.Session


def test_the_default_session_is_made_once_and_replaced_on_request():
    with made():
        fleetgrass.client("greengrassv2")
        first = fleetgrass.DEFAULT_SESSION
        fleetgrass.client("greengrassv2")
        assert fleetgrass.DEFAULT_SESSION is first
        fleetgrass.setup_default_session(region_name="us-west-2")
        assert fleetgrass.client("greengrassv2").meta.region_name == "us-west-2"


WITHOUT_BOTO3 = """
import sys
sys.modules.update(dict.fromkeys(["boto3", "botocore", "botocore.exceptions", "botocore.model", "botocore.parsers"]))
import fleetgrass
def text(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
session = fleetgrass.Session(region_name="eu-west-1")
print(text(lambda: session.client("s3")))
print(text(lambda: session.get_available_regions("s3")))
print(text(lambda: fleetgrass.dynamodb))
print(text(lambda: session.events))
print(session.get_available_services(), fleetgrass.exceptions.ClientError.__module__)
"""


def test_without_boto3_the_error_names_the_remedy():
    with made():
        lines = subprocess.run([sys.executable, "-c", WITHOUT_BOTO3], capture_output=True, text=True, check=True).stdout
    lines = lines.splitlines()
    assert all("pip install fleetgrass[boto3]" in line for line in lines[:4])
    assert lines[4:] == ["['greengrassv2'] fleetgrass.exceptions"]


HEAVY = ["boto3", "botocore", "asyncio", "ssl", "json", "inspect", "typing", "logging", "urllib", "re", "email", "socket"]
IMPORTS = f"""
import sys
before = set(sys.modules)
import fleetgrass
from fleetgrass import _core
_core.Client = lambda options: options
fleetgrass.client("greengrassv2", "eu-west-1", endpoint_url="http://localhost:1").list_components
print(sorted(name for name in {HEAVY} if name in sys.modules and name not in before))
"""


@pytest.mark.parametrize("flags", [["-S"], []], ids=["bare", "with-boto3-installed"])
def test_nothing_heavy_is_imported_for_a_client(flags):
    with made(PYTHONPATH=os.path.dirname(os.path.dirname(fleetgrass.__file__))):
        shown = subprocess.run([sys.executable, *flags, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


# The client

@pytest.fixture
def client():
    with made():
        yield fleetgrass.client("greengrassv2")


def test_calls_go_through_one_place(client):
    FakeCore.answers = [{"components": []}]
    assert client.list_components(scope="PRIVATE") == {"components": []}
    assert client._core.calls == [("ListComponents", {"scope": "PRIVATE"}, False)]
    with mock.patch.object(type(client), "_make_api_call") as patched:
        client.get_component(arn="a")
    patched.assert_called_once_with("GetComponent", {"arn": "a"})


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list_components("PRIVATE"),
        lambda client: client.foo,
        lambda client: client.can_paginate("ListComponents"),
        lambda client: client.can_paginate("list_components"),
        lambda client: client.can_paginate("get_component"),
        lambda client: client.get_paginator("get_component"),
        lambda client: client.get_paginator("nope"),
        lambda client: client.get_waiter("nope"),
        lambda client: client.generate_presigned_url("nope"),
        lambda client: client.generate_presigned_url("ListComponents"),
        lambda client: setattr(client.meta, "region_name", "x"),
        lambda client: type(client).__name__,
        lambda client: client.list_components.__name__,
        lambda client: sorted(client.meta.method_to_api_mapping.items()),
        lambda client: sorted(client.meta.service_model.operation_names),
        lambda client: client.meta.service_model.operation_model("GetComponent").input_shape.members.keys(),
        lambda client: client.close(),
        lambda client: set(client._PY_TO_OP_NAME),
    ],
)
def test_a_client_answers_as_botocores(call):
    with made():
        want, got = (outcome(lambda module=module: call(module.client("greengrassv2"))) for module in (boto3, fleetgrass))
        if isinstance(want, tuple) and want[0] is AttributeError and "property" in want[1]:
            want, got = want[0], got[0]  # Python's own text
        assert got == want


def test_methods_can_be_patched(client):
    client.list_components = lambda **kwargs: {"patched": kwargs}
    assert client.list_components(a=1) == {"patched": {"a": 1}}
    assert client.get_paginator("list_components").paginate().build_full_result() == {}


def test_methods_show_real_parameters(client):
    assert str(inspect.signature(client.get_component)) == "(*, arn: str, recipeOutputFormat: str = ...) -> dict"
    assert str(inspect.signature(client.untag_resource)) == "(*, resourceArn: str, tagKeys: list[str]) -> dict"
    assert str(inspect.signature(client.tag_resource)) == "(*, resourceArn: str, tags: dict[str, str]) -> dict"
    assert inspect.ismethod(client.get_component)
    shown = pydoc.plain(pydoc.render_doc(client.get_component))
    assert "get_component(*, arn: str, recipeOutputFormat: str = ...) -> dict" in shown
    assert "Read the recipe of a component version." in shown
    whole = pydoc.plain(pydoc.render_doc(client))
    assert all(method in whole for method in client.meta.method_to_api_mapping)


def test_every_operation_has_a_docstring_and_a_signature(client):
    for method, api_name in client.meta.method_to_api_mapping.items():
        bound = getattr(client, method)
        shape = client.meta.service_model.operation_model(api_name).input_shape
        assert api_name in bound.__doc__
        parameters = inspect.signature(bound).parameters.values()
        members = shape.members if shape else {}
        assert {p.name for p in parameters} == set(members)
        assert {p.name for p in parameters if p.default is p.empty} == set(shape.required_members if shape else [])


def test_presigning_leaves_the_parameters_alone(client):
    params = {"arn": "a"}
    assert client.generate_presigned_url("get_component", params, None, "PUT") == "https://presigned"
    [(operation, given_params, expires_in, method)] = client._core.presigned
    assert (operation, given_params, expires_in, method) == ("GetComponent", params, "3600", "PUT")
    assert given_params is not params


def test_a_with_block_closes(client):
    with client as entered:
        assert entered is client
    assert client._core.closed == 1


# Pickles

def test_a_pickled_client_carries_its_profile_and_options():
    with made():
        session = fleetgrass.Session(profile_name="dev")
        config = botocore.config.Config(read_timeout=3, signature_version=botocore.UNSIGNED)
        client = session.client("greengrassv2", endpoint_url="http://h", config=config)
        again = pickle.loads(pickle.dumps(client))
        assert type(again) is type(client)
        assert again._core.options == client._core.options
        assert again._session.profile_name == "dev"


@pytest.mark.parametrize("where", ["session", "client"])
def test_keys_are_pickled_only_when_that_is_allowed(where):
    def make(**allowed):
        on_session, on_client = (KEYS, {}) if where == "session" else ({}, KEYS)
        return fleetgrass.Session(**on_session, **allowed).client("greengrassv2", **on_client)

    with made():
        with pytest.raises(pickle.PicklingError, match=r"pickle_secrets=True") as raised:
            pickle.dumps(make())
        assert "secret" not in str(raised.value).replace("pickle_secrets", "").replace("aws_secret_access_key", "")
        again = pickle.loads(pickle.dumps(make(pickle_secrets=True)))
        assert again._core.options["credentials"]["secret_key"] == "secret"


def test_the_model_is_whole():
    assert len(_core.operations()) == 29
    assert sum(paginator is not None for *_, paginator in _core.operations()) == 7


# Waiters

@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("component_deployable", [{"status": {"componentState": "INITIATED"}}, {"status": {"componentState": "DEPLOYABLE"}}]),
        ("deployment_completed", [{"deploymentStatus": "ACTIVE"}, {"deploymentStatus": "COMPLETED"}]),
        ("core_device_healthy", [{}, {"status": "UNHEALTHY"}, {"status": "HEALTHY"}]),
    ],
)
def test_waiters_wait(client, name, answers):
    FakeCore.answers = list(answers)
    assert name in client.waiter_names
    assert client.get_waiter(name).wait(arn="a", WaiterConfig={"Delay": 0}) is None
    assert [params for _, params, _ in client._core.calls] == [{"arn": "a"}] * len(answers)


MODEL = {
    "version": 2,
    "waiters": {
        "ComponentDeployable": {
            "operation": "DescribeComponent", "delay": 2, "maxAttempts": 60,
            "acceptors": [
                {"matcher": "path", "argument": "status.componentState", "expected": "DEPLOYABLE", "state": "success"},
                {"matcher": "path", "argument": "status.componentState", "expected": "FAILED", "state": "failure"},
            ],
        }
    },
}  # fmt: skip
NOT_FOUND = botocore.exceptions.ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "m"}}, "DescribeComponent")


@pytest.mark.parametrize(
    "answers",
    [[{"status": {"componentState": "FAILED"}}], [{}] * 3, [{"status": None}, NOT_FOUND], []],
    ids=["failed", "too-late", "error", "none"],
)
def test_waiters_fail_as_botocores_do(client, answers):
    from botocore.waiter import WaiterModel, create_waiter_with_client

    def wait(waiter):
        FakeCore.answers = list(answers)
        with pytest.raises(botocore.exceptions.WaiterError) as raised:
            waiter.wait(arn="a", WaiterConfig={"Delay": 0, "MaxAttempts": 3 if answers else 0})
        return str(raised.value), raised.value.kwargs, raised.value.last_response

    with mock.patch("botocore.client.BaseClient._make_api_call", lambda _, *call: client._core.call(*call, False)):
        botocores = boto3.client("greengrassv2")
        theirs = create_waiter_with_client("ComponentDeployable", WaiterModel(MODEL), botocores)
        assert wait(client.get_waiter("component_deployable")) == wait(theirs)
