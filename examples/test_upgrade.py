"""Test `upgrade.py` without AWS: the client's answers come from a Stubber, which also checks what it is asked.

python -m pytest test_upgrade.py
"""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from upgrade import latest_deployment, upgrade

TARGET = "arn:aws:iot:us-east-1:123456789012:thinggroup/line-4"
DEPLOYMENT = {
    "deploymentId": "old",
    "targetArn": TARGET,
    "deploymentName": "pumps",
    "components": {
        "com.example.Pump": {"componentVersion": "1.0.0", "runWith": {"posixUser": "ggc_user"}},
        "com.example.Valve": {"componentVersion": "2.0.0"},
    },
    "tags": {},
}


@pytest.fixture
def client():
    return boto3.client(
        "greengrassv2", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def add_latest(stub):
    stub.add_response(
        "list_deployments",
        {"deployments": [{"deploymentId": "old"}]},
        {"targetArn": TARGET, "historyFilter": "LATEST_ONLY"},
    )
    stub.add_response("get_deployment", DEPLOYMENT, {"deploymentId": "old"})


def test_one_version_changes_and_the_rest_is_carried_over(client, stub):
    add_latest(stub)
    expected = {
        "targetArn": TARGET,
        "deploymentName": "pumps",
        "components": {
            "com.example.Pump": {"componentVersion": "1.1.0", "runWith": {"posixUser": "ggc_user"}},
            "com.example.Valve": {"componentVersion": "2.0.0"},
        },
    }
    stub.add_response("create_deployment", {"deploymentId": "new"}, expected)
    assert upgrade(client, TARGET, "com.example.Pump", "1.1.0") == ("new", "1.0.0")


def test_a_target_without_a_deployment(client, stub):
    stub.add_response("list_deployments", {"deployments": []})
    assert latest_deployment(client, TARGET) is None


def test_a_component_that_is_not_deployed(client, stub):
    add_latest(stub)
    with pytest.raises(
        LookupError, match=r"com\.example\.Fan is not deployed .*com\.example\.Pump, com\.example\.Valve"
    ):
        upgrade(client, TARGET, "com.example.Fan", "1.0.0")


def test_an_error_of_the_service_goes_to_the_caller(client, stub):
    add_latest(stub)
    stub.add_client_error("create_deployment", "ResourceNotFoundException", "no such version", 404)
    with pytest.raises(ClientError) as raised:
        upgrade(client, TARGET, "com.example.Pump", "9.9.9")
    assert isinstance(raised.value, client.exceptions.ResourceNotFoundException)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
