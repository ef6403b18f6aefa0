"""The client object: names, signatures, docs, pickles, compared with boto3's where it has them."""

import inspect
import pickle
import pydoc
from unittest import mock

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest

import fleetgrass
from facade import KEYS, FakeCore, environment, made, outcome
from fleetgrass import _core
from support.answers import reply


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
        want, got = (
            outcome(lambda module=module: call(module.client("greengrassv2"))) for module in (boto3, fleetgrass)
        )
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
    assert params == {"arn": "a"}


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


def whose(client):
    """The Region, the key and the profile of a client."""
    return client.meta.region_name, client._get_credentials().access_key, client._session.profile_name


@pytest.mark.parametrize("of", ["client", "session"])
@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"AWS_DEFAULT_REGION": "us-west-2"}, {"AWS_DEFAULT_REGION": "eu-west-1"}),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, {}),
        ({"AWS_PROFILE": "dev"}, {}),
        ({"AWS_PROFILE": "dev"}, {"AWS_PROFILE": "nowhere"}),
        ({"AWS_PROFILE": "dev"}, {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}),
        ({}, {"AWS_PROFILE": "dev"}),
        ({}, {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}),
    ],
    ids=str,
)
def test_a_pickle_has_its_region_and_profile(of, here, there):
    with made(**here):
        client = fleetgrass.client("greengrassv2")
        before, pickled = whose(client), pickle.dumps(client if of == "client" else client._session)
    with made(**there):
        again = pickle.loads(pickled)
        assert whose(again if of == "client" else again.client("greengrassv2")) == before


def test_a_pickle_has_the_region_of_a_profile_that_is_not_there():
    keys = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}
    with made(**keys):
        pickled = pickle.dumps(fleetgrass.client("greengrassv2"))
    with environment(**keys):
        assert whose(pickle.loads(pickled)) == ("eu-central-1", "ENV", "default")


def test_a_pickle_has_the_profile_of_the_time_when_it_was_found():
    with made(AWS_PROFILE="dev") as place:
        client = fleetgrass.client("greengrassv2")
        with mock.patch.dict("os.environ", {"AWS_PROFILE": "default"}):
            assert whose(pickle.loads(pickle.dumps(client)))[1:] == ("CONFIGKEY", "dev")
        assert place.exists()


def test_a_session_that_looked_for_nothing_yet_has_the_profile_too():
    with made(AWS_PROFILE="dev"):
        pickled = pickle.dumps(fleetgrass.Session())
    with made():
        assert whose(pickle.loads(pickled).client("greengrassv2"))[1:] == ("CONFIGKEY", "dev")


def test_keys_of_the_environment_are_found_anew():
    """They outdo the profile that the environment names, which has no say in them."""
    with made(AWS_PROFILE="local", AWS_ACCESS_KEY_ID="ENV", AWS_SECRET_ACCESS_KEY="s"):
        pickled = pickle.dumps(fleetgrass.client("greengrassv2"))
    with made(AWS_ACCESS_KEY_ID="THERE", AWS_SECRET_ACCESS_KEY="s"):
        assert whose(pickle.loads(pickled)) == ("us-east-1", "THERE", "default")


def test_handlers_are_not_pickled(client):
    client.meta.events.register("own-event", lambda **kwargs: 1)
    assert len(client.meta.events.emit("own-event")) == 1
    assert pickle.loads(pickle.dumps(client)).meta.events.emit("own-event") == []


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


def test_a_short_text_that_comes_again_is_one_object(server):
    long = "x" * 33
    texts = ["HEALTHY", "linux", "", long, "b", "ä", "HEALTHY", "linux", "", long, "b", "ä", "HEBLTHY", "HEALTHX"]
    server.script([reply({"coreDevices": [{"platform": text} for text in texts]})])
    with fleetgrass.client("greengrassv2", endpoint_url=server.url, region_name="us-east-1", **KEYS) as client:
        found = [device["platform"] for device in client.list_core_devices()["coreDevices"]]
    assert found == texts
    assert [found[at] is found[at + 6] for at in (0, 1)] == [True, True]
