"""Waiters: ours wait for their goals, and fail as botocore's do on the same acceptors."""

import pickle
from unittest import mock

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest

import fleetgrass
from facade import FakeCore, made


@pytest.fixture
def client():
    with made():
        yield fleetgrass.client("greengrassv2")


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        (
            "component_deployable",
            [{"status": {"componentState": "INITIATED"}}, {"status": {"componentState": "DEPLOYABLE"}}],
        ),
        ("deployment_completed", [{"deploymentStatus": "ACTIVE"}, {"deploymentStatus": "COMPLETED"}]),
        ("core_device_healthy", [{}, {"status": "UNHEALTHY"}, {"status": "HEALTHY"}]),
    ],
)
def test_waiters_wait(client, name, answers):
    FakeCore.answers = list(answers)
    assert name in client.waiter_names
    assert client.get_waiter(name).wait(arn="a", WaiterConfig={"Delay": 0}) is None
    assert [params for _, params, _ in client._core.calls] == [{"arn": "a"}] * len(answers)


def test_a_failure_can_be_pickled(client):
    FakeCore.answers = [{"status": {"componentState": "FAILED"}}]
    with pytest.raises(botocore.exceptions.WaiterError) as raised:
        client.get_waiter("component_deployable").wait(arn="a")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again)) == (type(raised.value), str(raised.value))
    assert again.last_response == {"status": {"componentState": "FAILED"}}


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
NOT_FOUND = botocore.exceptions.ClientError(
    {"Error": {"Code": "ResourceNotFoundException", "Message": "m"}}, "DescribeComponent"
)


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
