"""Sessions, and what of them is boto3's."""

import copy
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
from botocore.configprovider import ConstantProvider

import fleetgrass
from facade import KEYS, PROFILES, REGION, FakeCore, environment, made, outcome, same
from fleetgrass.credentials import service

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


def test_a_copy_of_a_session_has_its_keys_and_settings():
    def ask(module):
        session = copy.copy(module.Session(region_name="eu-west-1", **KEYS))
        return session.region_name, tuple(session.get_credentials().get_frozen_credentials())

    with made():
        same(ask)


def test_frozen_credentials_are_a_named_tuple():
    def ask(module):
        frozen = module.Session(**KEYS).get_credentials().get_frozen_credentials()
        changed = frozen._replace(token="other")
        return frozen._fields, frozen._asdict(), tuple(changed), changed.access_key

    with made():
        same(ask)


def test_a_botocore_session_lends_its_default_config_to_one_of_ours():
    with environment(PROFILES):
        lent = botocore.session.Session()
        lent.set_default_client_config(botocore.config.Config(read_timeout=11, retries={"mode": "legacy"}))
        session = fleetgrass.Session(botocore_session=lent, region_name="us-east-1")
        config = fleetgrass.Config(requests_per_second=5, connect_timeout=3)
        settled = session.client("greengrassv2", config=config, **KEYS).meta.config
        assert (settled.read_timeout, settled.connect_timeout, settled.requests_per_second) == (11, 3, 5)
        plain = service.plain_options(session._lookup, region_name="us-east-1")
        assert (plain["read_timeout"], plain["signature_version"]) == (11, "unsigned")


def test_signatures_are_boto3s():
    for name in ("client", "resource"):
        ours, theirs = (inspect.signature(getattr(module.Session, name)) for module in (fleetgrass, boto3))
        assert [(p.name, p.default) for p in ours.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ]
    ours, theirs = (list(inspect.signature(module.Session).parameters.values()) for module in (fleetgrass, boto3))
    assert [(p.name, p.default) for p in ours][: len(theirs)] == [(p.name, p.default) for p in theirs]


def test_a_botocore_session_lends_its_settings():
    with made():
        theirs = botocore.session.Session(profile="dev")
        theirs.set_default_client_config(botocore.config.Config(read_timeout=7))
        session = fleetgrass.Session(botocore_session=theirs)
        session.client("greengrassv2", config=fleetgrass.Config(connect_timeout=8))
        got = FakeCore.made[-1].options
        assert (got["signing_region"], got["read_timeout"], got["connect_timeout"]) == ("ap-south-1", 7, 8)
        assert FakeCore.made[-1].provider.get_frozen_credentials().access_key == "CONFIGKEY"


def test_a_session_is_made_of_boto3s_of_botocores_and_of_ours():
    with made():
        theirs = boto3.Session(profile_name="dev")
        for lent in (theirs, theirs._session):
            session = fleetgrass.Session.from_boto3(lent)
            session.client("greengrassv2")
            assert FakeCore.made[-1].provider is theirs.get_credentials() is session.get_credentials()
            assert (session.profile_name, session.region_name) == ("dev", "ap-south-1")
            assert session._session is theirs._session
        assert fleetgrass.Session.from_boto3(session) is session


def test_other_services_of_a_lent_session_are_its_own():
    class Sub(boto3.Session):
        def client(self, *args, **kwargs):
            return args, kwargs["region_name"]

    with made():
        lent = Sub()
        session = fleetgrass.Session.from_boto3(lent)
        assert session.client("s3", region_name="us-west-2") == (("s3",), "us-west-2")
        assert session.events is lent.events


def test_what_is_given_beside_a_botocore_session_is_set_on_it():
    arguments = {"region_name": "us-west-2", "profile_name": "dev", **KEYS, "aws_account_id": "111122223333"}

    def ask(module):
        lent = botocore.session.Session()
        session = module.Session(botocore_session=lent, **arguments)
        found = tuple(lent.get_credentials().get_frozen_credentials()), lent.get_credentials().method
        return lent.instance_variables(), found, session.region_name, session.profile_name, repr(session)

    with made():
        same(ask)
        same(lambda module: module.Session(botocore_session=botocore.session.Session(), profile_name="nope"))


def test_what_changes_on_a_lent_session_holds_for_the_next_client():
    with made(**REGION):
        lent = botocore.session.Session()
        session = fleetgrass.Session(botocore_session=lent)
        assert session.client("greengrassv2").meta.region_name == "eu-west-1"
        lent.set_config_variable("region", "us-west-2")
        lent.set_credentials("LATER", "secret")
        client = session.client("greengrassv2")
        assert (client.meta.region_name, client._get_credentials().access_key) == ("us-west-2", "LATER")
        lent.get_component("config_store").set_config_provider("region", ConstantProvider("sa-east-1"))
        assert session.client("greengrassv2").meta.region_name == session.region_name == "sa-east-1"


def test_a_lent_session_reads_its_own_files():
    with made() as place:
        (place / "other").write_text(
            "[default]\nservices = s\n[services s]\ngreengrassv2 =\n  endpoint_url = http://s:3\n"
        )
        lent = botocore.session.Session()
        lent.set_config_variable("config_file", str(place / "other"))
        fleetgrass.Session(region_name="us-west-2", botocore_session=lent).client("greengrassv2")
        assert FakeCore.made[-1].options["endpoint_url"] == "http://s:3"


class AwaitedSession(botocore.session.Session):
    """As aiobotocore has it."""

    async def get_credentials(self):
        return None


@pytest.mark.parametrize(
    ("lent", "why"),
    [
        ("dev", "builtins.str is no session"),
        (boto3, "builtins.module is no session"),
        (AwaitedSession(), "AwaitedSession have to be awaited"),
    ],
    ids=["text", "module", "awaited"],
)
def test_what_cannot_lend_is_refused(lent, why):
    with made():
        for make in (fleetgrass.Session.from_boto3, lambda lent: fleetgrass.Session(botocore_session=lent)):
            with pytest.raises(TypeError, match=why):
                make(lent)


STATIC = "aws_access_key_id = A\naws_secret_access_key = b\n"


@pytest.mark.parametrize(
    ("config", "variables", "method"),
    [
        (f"[default]\nrole_arn = arn:r\nsource_profile = a\n[profile a]\n{STATIC}", {}, "assume-role"),
        ("[default]\nrole_arn = arn:r\nweb_identity_token_file = x\n", {}, "assume-role-with-web-identity"),
        ("[default]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = n\n", {}, "sso"),
        ("[default]\ncredential_process = cat FOLDER/keys\n", {}, "custom-process"),
        ("", {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S"}, "env"),
        (f"[default]\n{STATIC}", {}, "config-file"),
    ],
    ids=["role", "web", "sso", "process", "environment", "file"],
)
def test_the_user_agent_tells_where_lent_credentials_are_from(config, variables, method, tmp_path):
    (tmp_path / "keys").write_text('{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "b"}')
    with environment(config.replace("FOLDER", str(tmp_path)), **REGION, **variables):
        theirs = boto3.Session().client("greengrassv2")._user_agent_creator.to_string()
        session = fleetgrass.Session.from_boto3(boto3.Session())
        assert session.get_credentials().method == method
        for _ in range(2):
            session.client("greengrassv2")
            features = FakeCore.made[-1].options["user_agent_features"]
            [want] = [part[2:] for part in theirs.split() if part.startswith("m/")]
            assert sorted(features) == sorted(want.split(","))


def test_credentials_that_were_found_before_are_told_by_their_method():
    with environment("[default]\nrole_arn = arn:r\nweb_identity_token_file = x\n", **REGION):
        lent = boto3.Session()
        lent.get_credentials()
        fleetgrass.Session.from_boto3(lent).client("greengrassv2")
        assert "k" in FakeCore.made[-1].options["user_agent_features"]


def test_a_lent_session_says_its_program_in_the_user_agent():
    with made():
        lent = botocore.session.Session()
        lent.user_agent_name, lent.user_agent_version, lent.user_agent_extra = "tool", "2", "plugin/3"
        session = fleetgrass.Session.from_boto3(boto3.Session(botocore_session=lent))
        config = fleetgrass.Config(user_agent_extra="mine/4")
        session.client("greengrassv2", config=config)
        assert FakeCore.made[-1].options["user_agent_suffix"].endswith(" tool/2 plugin/3 mine/4")
        plain = boto3.Session()
        plain._session.user_agent_extra += " late/1"
        fleetgrass.Session.from_boto3(plain).client("greengrassv2")
        assert FakeCore.made[-1].options["user_agent_suffix"] == "cfg/retry-mode#standard late/1"


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
