"""The client of `fleetgrass.aio`."""

from typing_extensions import assert_type

import fleetgrass.aio
from fleetgrass.types import (
    GetDeploymentResponseTypeDef,
    ListCoreDevicesResponseTypeDef,
)


async def main() -> None:
    async with fleetgrass.aio.client("greengrassv2", region_name="eu-west-1") as client:
        deployment = await client.get_deployment(deploymentId="d")
        assert_type(deployment, GetDeploymentResponseTypeDef)
        client.get_deployment(deploymentId="d")["deploymentId"]  # expect: error
        await client.get_deployment()  # expect: error
        await client.get_deployment(deploymentId=1)  # expect: error
        await client.get_deploymnt()  # expect: error
        paginator = client.get_paginator("list_core_devices")
        async for page in paginator.paginate(status="HEALTHY", PaginationConfig={"PageSize": 100}):
            assert_type(page, ListCoreDevicesResponseTypeDef)
        list(paginator.paginate())  # expect: error
        paginator.paginate(status="WELL")  # expect: error
        whole = await client.get_paginator("list_components").paginate().build_full_result()
        print(whole["components"])
        client.get_paginator("get_component")  # expect: error
        await client.get_waiter("deployment_completed").wait(deploymentId="d", WaiterConfig={"Delay": 0.5})
        await client.get_waiter("deployment_completed").wait(arn="a")  # expect: error
        assert_type(await client.generate_presigned_url("get_component", Params={"arn": "a"}), str)
        async for answer in client.map("get_core_device", [{"coreDeviceThingName": "d"}], ordered=False):
            print(answer)
        try:
            await client.get_component(arn="a")
        except client.exceptions.ResourceNotFoundException as error:
            print(error.response["Error"]["Code"])
        await client.close()
    session = fleetgrass.aio.get_session()
    session.set_credentials("AKID", "secret")
    session.set_config_variable("region", "eu-west-1")
    assert_type(session.profile, "str | None")
    assert_type(await session.get_available_regions("greengrassv2"), list[str])
    if found := await session.get_credentials():
        print(await found.get_frozen_credentials())
    async with session.create_client("greengrassv2") as same:
        print(same.meta.region_name)
    async with fleetgrass.aio.Session(profile_name="p").client("greengrassv2") as same:
        print(same.can_paginate("list_components"))
