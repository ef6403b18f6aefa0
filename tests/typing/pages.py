"""Paginators and waiters."""

from typing_extensions import assert_type

import fleetgrass
from fleetgrass.types import (
    CoreDeviceTypeDef,
    DeploymentCompletedWaiter,
    ListCoreDevicesPaginator,
    ListCoreDevicesResponseTypeDef,
    PaginatorName,
)

client = fleetgrass.client("greengrassv2")


def devices(group: str) -> list[CoreDeviceTypeDef]:
    paginator = client.get_paginator("list_core_devices")
    assert_type(paginator, ListCoreDevicesPaginator)
    found: list[CoreDeviceTypeDef] = []
    for page in paginator.paginate(thingGroupArn=group, PaginationConfig={"PageSize": 100, "MaxItems": 1000}):
        assert_type(page, ListCoreDevicesResponseTypeDef)
        found += page["coreDevices"]
    return found


for device in client.get_paginator("list_core_devices").items(thingGroupArn="g"):
    assert_type(device, CoreDeviceTypeDef)
client.get_paginator("list_core_devices").items(thingGroup="g")  # expect: error

name: PaginatorName = "list_components"
whole = client.get_paginator("list_components").paginate().build_full_result()
print(whole["components"], name, devices("g"))
print(list(client.get_paginator("list_components").paginate().search("components[].arn")))

client.get_paginator("get_component")  # expect: error
client.get_paginator("list_component_versions").paginate()  # expect: error
client.get_paginator("list_components").paginate(maxResults=5)  # expect: error
client.get_paginator("list_components").paginate(PaginationConfig={"PageSiez": 5})  # expect: error

waiter = client.get_waiter("deployment_completed")
assert_type(waiter, DeploymentCompletedWaiter)
waiter.wait(deploymentId="d", WaiterConfig={"Delay": 0.5, "MaxAttempts": 3})
waiter.wait(arn="a")  # expect: error
waiter.wait(deploymentId="d", WaiterConfig={"Delays": 1})  # expect: error
client.get_waiter("deployment_complete")  # expect: error
