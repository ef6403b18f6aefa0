"""Programs that are written for types-boto3."""

from types_boto3_greengrassv2.client import GreengrassV2Client
from types_boto3_greengrassv2.paginator import ListCoreDevicesPaginator
from types_boto3_greengrassv2.type_defs import (
    CreateDeploymentRequestTypeDef,
    GetDeploymentResponseTypeDef,
    ListCoreDevicesResponseTypeDef,
)

import fleetgrass
from fleetgrass.emulator import Emulator


def first_page(client: GreengrassV2Client) -> ListCoreDevicesResponseTypeDef:
    return client.list_core_devices()


class Fleet:
    client: GreengrassV2Client

    def __init__(self, client: GreengrassV2Client) -> None:
        self.client = client

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_core_devices").paginate(status="HEALTHY")
        return [device.get("coreDeviceThingName", "") for page in pages for device in page["coreDevices"]]


first_page(fleetgrass.client("greengrassv2"))
first_page(Emulator().client())
Fleet(fleetgrass.Session().client("greengrassv2")).names()
first_page(fleetgrass.Session())  # expect: error

# As the documentation of types-boto3 shows it.
session = fleetgrass.Session()
annotated: GreengrassV2Client = session.client("greengrassv2")
paginator: ListCoreDevicesPaginator = annotated.get_paginator("list_core_devices")
paginator = session.client("greengrassv2").get_paginator("list_core_devices")
paginator = session.client("greengrassv2").get_paginator("list_components")  # expect: error

# Ours keeps its own types, and theirs go in and out of it.
client = fleetgrass.client("greengrassv2")
request: CreateDeploymentRequestTypeDef = {"targetArn": "arn", "components": {"c": {"componentVersion": "1.0.0"}}}
client.create_deployment(**request)
answer: GetDeploymentResponseTypeDef = client.get_deployment(deploymentId="d")
client.create_deployment(targetArn=answer["targetArn"], components=answer["components"])
client.list_component()  # expect: error
