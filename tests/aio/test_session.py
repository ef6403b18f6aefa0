"""Sessions of `fleetgrass.aio`: aiobotocore's interface, whose settings are those of botocore's session."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
import weakref
from typing import Any
from unittest import mock

import botocore.config
import botocore.session
import pytest

import fleetgrass.aio
from facade import CREDENTIALS, LOADER, PROFILES, REGION, environment, outcome
from fleetgrass import _core
from support.interface import ARGUMENTS, NAMES
from support.loops import Run

CORE = _core.Client
EVERY = [name for name in botocore.session.get_session().session_var_map if name != "endpoint_url"]
SWITCHES = ["True", "true", "no", ""]
VALUES = {"csm_port": ["1"], "max_attempts": ["4"], "metadata_service_timeout": ["3"], "csm_enabled": SWITCHES,
          "use_fips_endpoint": SWITCHES, "imds_use_ipv6": SWITCHES}  # fmt: skip


def both() -> list[Any]:
    with mock.patch.object(botocore.session, "create_loader", return_value=LOADER):
        return [fleetgrass.aio.get_session(), botocore.session.get_session()]


@pytest.mark.parametrize("name", EVERY)
def test_settings_are_read_as_botocore_reads_them(name: str) -> None:
    entry, variables, *_ = botocore.session.get_session().session_var_map[name]
    named = [variables] if isinstance(variables, str) else variables or []
    files = [{}, {"AWS_PROFILE": "local"}]
    for value in VALUES.get(name, ["7", "true"]):
        files += [{variable: value} for variable in named]
        if entry is not None:
            files.append({"value": value})
    for given in files:
        value = given.pop("value", None)
        config = PROFILES if value is None else f"[default]\n{entry} = {value}\n"
        with environment(config, CREDENTIALS, **given):
            ours, theirs = (told(session, name) for session in both())
            assert ours == theirs


def told(session: Any, name: str) -> list[Any]:
    """The value of a setting, before it is set in code, then, and when that is taken back."""
    seen = [outcome(lambda: session.get_config_variable(name))]
    for value in ("5", None):
        session.set_config_variable(name, value)
        seen.append(outcome(lambda: session.get_config_variable(name)))
    return seen


def test_what_is_no_setting_is_none() -> None:
    for session in both():
        assert session.get_config_variable("nothing") is None
        session.set_config_variable("nothing", "x")


@pytest.mark.parametrize("name", [None, "dev", "local", "nope"])
def test_a_session_tells_its_profile(name: str | None) -> None:
    def ask(session: Any) -> Any:
        session.set_config_variable("profile", name)
        return [
            session.profile,
            outcome(session.get_scoped_config),
            session.get_config_variable("s3"),
            session.available_profiles,
        ]

    with environment(PROFILES, CREDENTIALS):
        ours, theirs = (outcome(lambda asked=asked: ask(asked)) for asked in both())
        assert ours == theirs


def test_a_profile_goes_by_the_name_of_either_library() -> None:
    with environment(PROFILES, CREDENTIALS):
        named = [fleetgrass.aio.Session(profile="dev"), fleetgrass.aio.Session(profile_name="dev")]
        assert [session.region_name for session in named] == ["ap-south-1"] * 2


def test_files_that_are_named_in_code_are_read() -> None:
    with environment() as place:
        (place / "other").write_text("[profile mine]\nregion = eu-north-1\n")
        (place / "keys").write_text("[mine]\naws_access_key_id = A\naws_secret_access_key = S\n")
        found = []
        for session in both():
            session.set_config_variable("config_file", str(place / "other"))
            session.set_config_variable("credentials_file", str(place / "keys"))
            session.set_config_variable("profile", "mine")
            found.append((session.get_config_variable("region"), session.get_scoped_config()))
        assert found[0] == found[1]
        assert found[0][0] == "eu-north-1"


def test_what_is_set_holds_for_the_next_client(cloud: Any, run: Run) -> None:
    async def work() -> None:
        session = fleetgrass.aio.get_session()
        assert await session.get_credentials() is None
        session.set_credentials("AKID", "secret", "token", "123456789012")
        session.set_config_variable("region", "eu-west-3")
        session.set_config_variable("max_attempts", 7)
        session.set_default_client_config(botocore.config.Config(read_timeout=11, connect_timeout=12))
        session.user_agent_name, session.user_agent_version, session.user_agent_extra = "mine", "2", "more words"
        assert session.get_default_client_config().read_timeout == 11
        found = await session.get_credentials()
        assert found is not None
        assert (found.access_key, found.method, tuple(await found.get_frozen_credentials())) == (
            "AKID", "explicit", ("AKID", "secret", "token", "123456789012"),
        )  # fmt: skip
        assert "secret" not in repr(found)
        config = fleetgrass.Config(connect_timeout=3)
        url = cloud.meta.endpoint_url
        async with session.create_client("greengrassv2", endpoint_url=url, config=config) as client:
            settings = client.meta.config
            assert (client.meta.region_name, settings.read_timeout, settings.connect_timeout) == ("eu-west-3", 11, 3)
            assert settings.retries["total_max_attempts"] == 7
            assert session.user_agent().endswith(" mine/2 more words")
            assert settings.user_agent.startswith(session.user_agent().partition(" mine/2")[0])
            assert settings.user_agent.endswith(" mine/2 more words")
            assert client._get_credentials().access_key == "AKID"
        session.set_config_variable("region", None)
        with pytest.raises(fleetgrass.exceptions.NoRegionError):
            await session.create_client("greengrassv2").__aenter__()
        with pytest.raises(pickle.PicklingError, match="arguments"):
            pickle.dumps(session)

    with environment(), mock.patch("fleetgrass._core.Client", CORE):
        run(work())


def test_a_session_of_botocores_takes_what_is_set() -> None:
    with environment(PROFILES, CREDENTIALS):
        lent = botocore.session.get_session()
        session = fleetgrass.aio.Session(botocore_session=lent)
        session.set_config_variable("region", "eu-west-3")
        session.set_credentials("AKID", "secret")
        session.set_default_client_config(botocore.config.Config(read_timeout=11))
        session.user_agent_extra = "more"
        assert lent.get_config_variable("region") == session.get_config_variable("region") == "eu-west-3"
        assert lent.get_credentials().access_key == "AKID"
        assert lent.get_default_client_config().read_timeout == 11
        assert session.get_config_variable("config_file") == lent.get_config_variable("config_file")
        assert session.user_agent().endswith(" more")
        assert session.get_component("data_loader") is lent.get_component("data_loader")

        async def others() -> None:
            assert await session.get_available_regions("iot") == lent.get_available_regions("iot")
            with pytest.raises(fleetgrass.exceptions.UnknownServiceError, match="s3"):
                await session.client("s3").__aenter__()

        asyncio.run(others())


def test_handlers_of_a_session_are_those_of_its_next_clients(cloud: Any, run: Run) -> None:
    heard: list[str] = []

    def told(who: str) -> Any:
        return lambda event_name, **_: heard.append(f"{who} {event_name}")

    async def awaited(event_name: str, **_: Any) -> None:
        await asyncio.sleep(0)
        heard.append(f"awaited {event_name}")

    async def work() -> None:
        session = fleetgrass.aio.Session(region_name="us-east-1")
        session.register("before-call.*.GetCoreDevice", told("plain"))
        session.register("before-call.greengrassv2", awaited)
        session.register("before-call", told("gone"), unique_id="gone")
        session.register("before-call", told("again"), unique_id="gone")
        session.register("before-call", told("kept"), unique_id="kept")
        session.unregister("before-call", unique_id="gone")
        async with session.create_client("greengrassv2", endpoint_url=cloud.meta.endpoint_url, **ARGUMENTS) as client:
            session.register("before-call", told("late"))
            await client.get_core_device(coreDeviceThingName=NAMES[0])
            event = "before-call.greengrassv2.GetCoreDevice"
            assert heard == [f"plain {event}", f"awaited {event}", f"kept {event}"]
            client.meta.events.unregister("before-call", unique_id="kept")
            heard.clear()
            await client.list_core_devices()
            assert heard == ["awaited before-call.greengrassv2.ListCoreDevices"]
        heard.clear()
        await session.emit("before-call.greengrassv2.X", model=None)
        assert heard == [f"{who} before-call.greengrassv2.X" for who in ("awaited", "kept", "late")]
        session.register("answers", lambda **_: 7)
        assert [answer for _, answer in await session.emit("answers")] == [7]
        with pytest.raises(ValueError, match="keyword arguments"):
            session.register("x", lambda: None)

    run(work())


def test_a_handler_that_was_taken_back_is_forgotten() -> None:
    class Handler:
        def __call__(self, **_: Any) -> None: ...

    session, handler = fleetgrass.aio.get_session(), Handler()
    session.register("before-call", handler)
    session.unregister("before-call", handler)
    gone = weakref.ref(handler)
    del handler
    gc.collect()
    assert gone() is None


PLAIN = """
import asyncio, sys, fleetgrass.aio
async def work():
    session = fleetgrass.aio.Session(region_name="us-east-1")
    session.set_credentials("AKID", "secret")
    async with session.create_client("greengrassv2", endpoint_url="http://127.0.0.1:1") as client:
        assert client.meta._hooks is None
asyncio.run(work())
print([name for name in sys.modules if name.startswith(("botocore", "aiobotocore", "boto3"))])
"""


def test_a_client_that_nobody_listens_to_loads_nothing_for_it() -> None:
    ended = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr) == (b"[]\n", b"")


def test_credentials_are_one_object_that_can_be_copied(run: Run) -> None:
    async def work() -> None:
        session = fleetgrass.aio.get_session()
        session.set_credentials("AKID", "secret")
        found = await session.get_credentials()
        assert found is await session.get_credentials()
        assert (await copy.copy(found).get_frozen_credentials()).access_key == "AKID"
        session.set_credentials("OTHER", "secret")
        other = await session.get_credentials()
        assert other is not None
        assert other.access_key == "OTHER"

    run(work())


def test_configs_of_either_kind_are_merged() -> None:
    async def work() -> None:
        for default, own in [
            (botocore.config.Config(read_timeout=11), fleetgrass.Config(requests_per_second=5)),
            (fleetgrass.Config(requests_per_second=5, read_timeout=11), botocore.config.Config(connect_timeout=3)),
        ]:
            session = fleetgrass.aio.Session(region_name="us-east-1")
            session.set_default_client_config(default)
            context = session.client("greengrassv2", config=own)
            settled = (await context.__aenter__()).meta.config
            assert (settled.read_timeout, settled.requests_per_second) == (11, 5)
            await context.__aexit__()

    asyncio.run(work())


def test_a_session_is_made_whatever_its_files_are() -> None:
    """As aiobotocore's: it tells of them when they are needed, and others may be named until then."""
    with environment("[broken", AWS_PROFILE="nope") as place:
        session = fleetgrass.aio.get_session()
        assert repr(session) == "Session(profile='nope')"
        with pytest.raises(fleetgrass.exceptions.ConfigParseError):
            session.get_scoped_config()
        (place / "other").write_text("[profile nope]\nregion = eu-north-1\n")
        session.set_config_variable("config_file", str(place / "other"))
        assert session.region_name == "eu-north-1"


def test_the_session_beside_another_is_one_and_leaves_it_alone() -> None:
    with environment(**REGION):
        other = fleetgrass.Session()
        session = fleetgrass.aio.Session.from_boto3(other)
        assert type(session) is fleetgrass.aio.Session
        assert session is fleetgrass.aio.Session.from_boto3(other)
        other.get_available_services()  # which makes a session of boto3's
        assert fleetgrass.aio.Session._beside(fleetgrass.Session())._lent is None


def test_places_of_settings_are_botocores() -> None:
    with environment("[default]\nregion = file\n", AWS_DEFAULT_REGION="variable"):
        for session in both():
            session.set_config_variable("region", "code")
            places = (["instance"], ["env"], ["config"], ["env", "config"], [])
            found = [session.get_config_variable("region", methods=place) for place in places]
            assert found == ["code", "variable", "file", "variable", None]


def test_settings_of_a_programs_own_are_refused() -> None:
    with pytest.raises(TypeError, match="env_vars"):
        fleetgrass.aio.get_session({"x": ("x", None, None, None)})  # type: ignore[arg-type]


def test_regions_and_partitions_are_botocores(run: Run) -> None:
    session, theirs = fleetgrass.aio.get_session(), botocore.session.get_session()

    async def work() -> None:
        assert await session.get_available_regions("greengrassv2") == theirs.get_available_regions("greengrass")
        china = await session.get_available_regions("greengrassv2", "aws-cn")
        assert china == theirs.get_available_regions("greengrass", partition_name="aws-cn")
        assert session.get_partition_for_region("cn-north-1") == "aws-cn"

    run(work())


def test_without_aiobotocore_the_rest_says_what_is_missing() -> None:
    async def work() -> None:
        session = fleetgrass.aio.get_session()
        with pytest.raises(ModuleNotFoundError, match=r"no client of 's3'.*pip install aiobotocore"):
            await session.create_client("s3").__aenter__()
        with pytest.raises(ModuleNotFoundError, match="pip install aiobotocore"):
            await session.get_available_regions("s3")
        with pytest.raises(AttributeError, match="aiobotocore session may have it"):
            session.get_component("data_loader")

    with mock.patch.dict("sys.modules", {"aiobotocore.session": None}):
        asyncio.run(work())


def test_a_session_that_was_not_changed_pickles_and_copies() -> None:
    session = fleetgrass.aio.Session(region_name="eu-west-1")
    for again in (pickle.loads(pickle.dumps(session)), copy.copy(session)):
        assert (type(again), again.region_name) == (fleetgrass.aio.Session, "eu-west-1")


def test_the_default_session_stays_as_it_is() -> None:
    async def work() -> None:
        context = fleetgrass.aio.client("greengrassv2")
        assert (await context.__aenter__()).meta.region_name == "eu-west-1"
        await context.__aexit__()

    with environment(**REGION):
        asyncio.run(work())
