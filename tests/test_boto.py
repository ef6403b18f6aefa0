"""boto3 with our client in it: what is patched, for whom, until when, and what stays as it was."""

import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from unittest import mock

import boto3
import boto3.session
import botocore.config
import botocore.handlers
import botocore.hooks
import botocore.session
import pytest

import fleetgrass
from facade import KEYS, FakeCore, made
from fleetgrass import boto
from fleetgrass.boto import user_handlers

ORIGINAL = boto3.session.Session.__dict__["client"]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """An environment with profiles, and boto3 as it was at the end of every test."""
    with made():
        yield
        fleetgrass.unpatch_boto3()
        assert boto3.session.Session.__dict__["client"] is ORIGINAL


def is_ours(client):
    return isinstance(client, fleetgrass._client.BaseClient)


def ours(session=boto3):
    return is_ours(session.client("greengrassv2"))


# For whom


def test_every_way_to_a_client_is_patched():
    class Sub(boto3.Session):
        pass

    class Counting(boto3.Session):
        asked = 0

        def client(self, *args, **kwargs):
            self.asked += 1
            return super().client(*args, **kwargs)

    before = boto3.Session(profile_name="dev")
    with fleetgrass.patch_boto3():
        for session in (boto3, before, boto3.Session(), boto3.session.Session(), Sub()):
            assert ours(session)
        assert is_ours(before.client(service_name="greengrassv2"))
        assert is_ours(before.client("greengrassv2", "us-west-2"))
        counting = Counting()
        assert ours(counting)
        assert counting.asked == 1
        assert boto3.DEFAULT_SESSION is not None


def test_other_services_are_left_alone():
    with fleetgrass.patch_boto3():
        client = boto3.client("sqs", region_name="us-west-1", config=botocore.config.Config(read_timeout=3))
        assert type(client).__module__ == "botocore.client"
        assert (client.meta.region_name, client.meta.config.read_timeout) == ("us-west-1", 3)
        assert type(boto3.resource("sqs")).__name__ == "sqs.ServiceResource"
        with pytest.raises(TypeError, match="service_name"):
            boto3.client()


def test_a_call_with_arguments_that_only_boto3_may_know_is_boto3s():
    seen = []
    newer = mock.patch.object(boto3.Session, "client", lambda self, *args, **kwargs: seen.append((args, kwargs)))
    with newer, fleetgrass.patch_boto3():
        boto3.client("greengrassv2", colour="red")
        boto3.client("greengrassv2", *range(11))
        assert is_ours(boto3.client("greengrassv2", region_name="us-west-2"))
    assert seen == [(("greengrassv2",), {"colour": "red"}), (("greengrassv2", *range(11)), {})]


def test_a_client_has_its_sessions_settings():
    session = boto3.Session(profile_name="dev")
    session._session.set_default_client_config(botocore.config.Config(read_timeout=7))
    session._session.set_config_variable("retry_mode", "legacy")
    with fleetgrass.patch_boto3():
        client = session.client("greengrassv2", config=botocore.config.Config(connect_timeout=8))
        assert (client.meta.region_name, client.meta.config.read_timeout) == ("ap-south-1", 7)
        assert (client.meta.config.connect_timeout, client.meta.config.retries["mode"]) == (8, "legacy")
        assert client._get_credentials() is session.get_credentials()
        assert FakeCore.made[-1].provider is session.get_credentials()
        client = session.client("greengrassv2", **KEYS)
        assert client._get_credentials().access_key == "AKID"


def test_the_method_looks_as_it_did():
    signature = inspect.signature(boto3.Session.client)
    with fleetgrass.patch_boto3():
        assert inspect.signature(boto3.Session.client) == signature
        assert boto3.Session.client.__doc__ == ORIGINAL.__doc__


# Until when


def test_a_block_ends_the_patch_and_clients_stay_what_they_are():
    with fleetgrass.patch_boto3():
        client = boto3.client("greengrassv2")
    assert boto3.session.Session.__dict__["client"] is ORIGINAL
    assert not ours()
    assert is_ours(client)
    client.list_components()
    assert FakeCore.made[-1].calls == [("ListComponents", {}, False)]


def test_without_a_block_it_lasts_until_it_is_taken_back():
    fleetgrass.patch_boto3()
    fleetgrass.patch_boto3()
    with fleetgrass.patch_boto3():
        assert ours()
    assert ours()
    fleetgrass.unpatch_boto3()
    assert boto3.session.Session.__dict__["client"] is ORIGINAL
    fleetgrass.unpatch_boto3()
    assert not ours()


def test_blocks_nest_and_one_can_be_entered_again():
    patch = fleetgrass.patch_boto3()
    with patch:
        with fleetgrass.patch_boto3():
            assert ours()
        assert ours()
    assert not ours()
    with patch:
        assert ours()
        fleetgrass.unpatch_boto3()
        assert not ours()
    assert not ours()


def test_an_exception_ends_a_block_too():
    with pytest.raises(KeyError), fleetgrass.patch_boto3():
        raise KeyError
    assert not ours()


def test_blocks_of_threads_overlap():
    """Each of them sees the patch for as long as its own block lasts, whoever ends first."""
    missed = []
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(200):
            with fleetgrass.patch_boto3():
                if boto3.session.Session.__dict__["client"] is ORIGINAL:
                    missed.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missed
    assert boto3.session.Session.__dict__["client"] is ORIGINAL


def test_somebody_elses_patch_on_top_stays_and_ours_lets_calls_through():
    calls = []
    fleetgrass.patch_boto3()
    below = boto3.session.Session.__dict__["client"]

    def theirs(self, *args, **kwargs):
        calls.append(args)
        return below(self, *args, **kwargs)

    with mock.patch.object(boto3.session.Session, "client", theirs):
        assert ours()
        fleetgrass.unpatch_boto3()
        assert boto3.session.Session.__dict__["client"] is theirs
        assert not ours()
        with fleetgrass.patch_boto3():  # on top of theirs
            assert ours()
            assert len(calls) == 2
        assert boto3.session.Session.__dict__["client"] is theirs
    # What they put back is ours, which the next one to go takes along.
    assert boto3.session.Session.__dict__["client"] is below
    assert not ours()
    with fleetgrass.patch_boto3():
        assert boto3.session.Session.__dict__["client"] is below
        assert ours()
    assert boto3.session.Session.__dict__["client"] is ORIGINAL


def test_a_patch_that_somebody_threw_away_is_made_again():
    fleetgrass.patch_boto3()
    boto3.session.Session.client = ORIGINAL
    assert not ours()
    fleetgrass.patch_boto3()
    assert ours()


@pytest.mark.parametrize("value", ["0", "false", "No", " OFF "])
def test_the_environment_switches_it_off(monkeypatch, value):
    monkeypatch.setenv("FLEETGRASS_PATCH", value)
    with fleetgrass.patch_boto3() as patch:
        assert boto3.session.Session.__dict__["client"] is ORIGINAL
        with patch:
            assert not ours()


@pytest.mark.parametrize("value", ["1", "true", ""])
def test_other_values_do_not(monkeypatch, value):
    monkeypatch.setenv("FLEETGRASS_PATCH", value)
    with fleetgrass.patch_boto3():
        assert ours()


def in_a_new_process(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )


def test_without_boto3_the_error_names_the_remedy():
    lines = in_a_new_process(
        "import sys, os\n"
        "sys.modules.update(dict.fromkeys(['boto3', 'botocore']))\n"
        "import fleetgrass\n"
        "fleetgrass.unpatch_boto3()\n"
        "try: fleetgrass.patch_boto3()\n"
        "except ModuleNotFoundError as error: print(error)\n"
        "os.environ['FLEETGRASS_PATCH'] = '0'\n"
        "with fleetgrass.patch_boto3(): print('off')\n"
    )
    assert "pip install fleetgrass[boto3]" in lines[0]
    assert lines[1] == "off"


def test_nothing_of_it_is_loaded_unasked():
    assert in_a_new_process(
        "import sys, fleetgrass\n"
        "print('boto3' in sys.modules, 'fleetgrass.boto' in sys.modules, 'fleetgrass.inherited' in sys.modules)\n"
        "print(fleetgrass.patch_boto3.__module__, 'boto3' in sys.modules)\n"
    )[:2] == ["False False False", "fleetgrass.boto False"]


# The handlers that a program registered with its session


def handler(**kwargs):
    pass


class Handlers:
    def method(self, **kwargs):
        pass

    def __call__(self, **kwargs):
        pass


def test_a_new_session_has_no_handlers_of_the_users():
    assert user_handlers(botocore.session.Session()) == []
    assert user_handlers(boto3.Session()._session) == []
    assert user_handlers(botocore.session.Session(include_builtin_handlers=False)) == []


def test_the_users_handlers_are_listed_in_their_order():
    session = boto3.Session()
    handlers = Handlers()
    added = partial(handler, extra=1)
    session.events.register("before-send", handler)
    session.events.register_last("before-call.greengrassv2", handlers.method)
    session.events.register("before-call.greengrassv2", handlers)
    session.events.register_first("before-call.greengrassv2", added, unique_id="mine")
    session.events.register("before-call.greengrassv2", handler)
    session.events.register("provide-client-params.*.ListComponents", handler)
    session.events.register("needs-retry.s3", handler)
    # botocore's function, registered by the user
    session.events.register("choose-signer.greengrassv2", botocore.handlers.disable_signing)
    listed = user_handlers(session._session)
    assert sorted(listed, key=lambda row: row[0]) == [
        ("before-call.greengrassv2", added, "first"),
        ("before-call.greengrassv2", handlers, "middle"),
        ("before-call.greengrassv2", handler, "middle"),
        ("before-call.greengrassv2", handlers.method, "last"),
        ("before-send", handler, "middle"),
        ("choose-signer.greengrassv2", botocore.handlers.disable_signing, "middle"),
        ("needs-retry.s3", handler, "middle"),
        ("provide-client-params.*.ListComponents", handler, "middle"),
    ]


def test_listing_changes_nothing():
    session = botocore.session.Session()
    session.register("before-call.greengrassv2", handler)
    before = user_handlers(session)
    assert user_handlers(session) == before == [("before-call.greengrassv2", handler, "middle")]
    emitter = session.get_component("event_emitter")
    emitter.unregister("before-call.greengrassv2", handler)
    assert user_handlers(session) == []


def test_an_emitter_of_ones_own_lists_none():
    session = botocore.session.Session(event_hooks=botocore.hooks.BaseEventHooks(), include_builtin_handlers=False)
    assert user_handlers(session) == []


def test_boto_is_the_module_that_is_exported():
    assert fleetgrass.patch_boto3 is boto.patch_boto3
    assert fleetgrass.unpatch_boto3 is boto.unpatch_boto3
    assert {"patch_boto3", "unpatch_boto3"} <= {*fleetgrass.__all__} & {*dir(fleetgrass)}
