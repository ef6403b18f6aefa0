"""Calls of the client."""

from datetime import datetime

from typing_extensions import assert_type

import fleetgrass
from fleetgrass.types import (
    ComponentDeploymentSpecificationTypeDef,
    CoreDeviceStatusType,
    CreateDeploymentRequestTypeDef,
    EmptyResponseMetadataTypeDef,
    GetDeploymentResponseTypeDef,
    GreengrassV2Client,
)

client = fleetgrass.client("greengrassv2", region_name="eu-west-1")
assert_type(client, GreengrassV2Client)

# What an answer holds.
for component in client.list_components(scope="PRIVATE")["components"]:
    print(component["arn"].upper() if "arn" in component else "")
deployment = client.get_deployment(deploymentId="d")
assert_type(deployment, GetDeploymentResponseTypeDef)
assert_type(deployment["creationTimestamp"], datetime)
assert_type(deployment["ResponseMetadata"]["HTTPStatusCode"], int)
assert_type(client.delete_deployment(deploymentId="d"), EmptyResponseMetadataTypeDef)
assert_type(client.tag_resource(resourceArn="a", tags={"k": "v"}), EmptyResponseMetadataTypeDef)
assert_type(client.get_component(arn="a")["recipe"], bytes)
deployment["nope"]  # expect: error

# Parameters: written out, as a whole, and from an answer.
client.create_component_version(inlineRecipe=b"{}")
client.create_component_version(inlineRecipe="{}", tags={})
specification: ComponentDeploymentSpecificationTypeDef = {
    "componentVersion": "1.0.0",
    "configurationUpdate": {"merge": "{}", "reset": ("/a", "/b")},
    "runWith": {"systemResourceLimits": {"cpus": 1}},
}
request: CreateDeploymentRequestTypeDef = {"targetArn": "arn", "components": {"com.example.Hello": specification}}
client.create_deployment(**request)
client.create_deployment(targetArn=deployment["targetArn"], components=deployment["components"])
client.create_deployment(targetArn="arn", iotJobConfiguration=deployment["iotJobConfiguration"])
client.untag_resource(resourceArn="a", tagKeys=["k"])

client.create_deployment()  # expect: error
client.create_deployment(targetarn="arn")  # expect: error
client.create_deployment("arn")  # expect: error
client.create_deployment(targetArn=1)  # expect: error
client.create_deployment(targetArn="arn", tags={"k": 1})  # expect: error
client.create_deployment(targetArn="arn", components={"c": {"version": "1.0.0"}})  # expect: error
with open("recipe.json") as file:
    client.create_component_version(inlineRecipe=file.read())
    client.create_component_version(inlineRecipe=file)  # expect: error
client.list_components(scope="private")  # expect: error
client.list_components(maxResults="5")  # expect: error
client.list_component()  # expect: error

status: CoreDeviceStatusType = "HEALTHY"
client.list_core_devices(status=status)
status = "WELL"  # expect: error

# What else a client has.
assert_type(client.meta.region_name, str)
assert_type(client.can_paginate("list_components"), bool)
assert_type(client.generate_presigned_url("get_component", Params={"arn": "a"}, ExpiresIn=60), str)
with client as same:
    assert_type(same, GreengrassV2Client)
client.close()
