"""Sessions, and what of them is boto3's."""

import inspect
import os
import subprocess
import sys

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest

import fleetgrass
from facade import CREDENTIALS, KEYS, REGION, FakeCore, environment, made, outcome, same

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
        assert [(p.name, p.default) for p in ours.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ]
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
        assert (got["signing_region"], got["read_timeout"], got["connect_timeout"]) == ("ap-south-1", 7, 8)
        assert FakeCore.made[-1].provider.get_frozen_credentials().access_key == "CONFIGKEY"


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


HEAVY = [
    "boto3",
    "botocore",
    "asyncio",
    "ssl",
    "json",
    "inspect",
    "typing",
    "logging",
    "urllib",
    "re",
    "email",
    "socket",
]
IMPORTS = f"""
import sys
before = set(sys.modules)
import fleetgrass
from fleetgrass import _core
_core.Client = lambda options, provider: options
fleetgrass.client("greengrassv2", "eu-west-1", endpoint_url="http://localhost:1").list_components
print(sorted(name for name in {HEAVY} if name in sys.modules and name not in before))
"""


@pytest.mark.parametrize("flags", [["-S"], []], ids=["bare", "with-boto3-installed"])
def test_nothing_heavy_is_imported_for_a_client(flags):
    with made(PYTHONPATH=os.path.dirname(os.path.dirname(fleetgrass.__file__))):
        shown = subprocess.run([sys.executable, *flags, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
