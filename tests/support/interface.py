"""One conversation with an emulator over the interface of aiobotocore, and the same with boto3.

tests/aio compares what `fleetgrass.aio` and boto3 say. aiobotocore pins a botocore of its own, which cannot stand
beside the oracle's, so the comparison with it is a program, for an environment that has aiobotocore and us:

    python -m venv target/aiobotocore && target/aiobotocore/bin/pip install aiobotocore WHEEL
    target/aiobotocore/bin/python tests/support/interface.py
"""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import Any

ARGUMENTS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
NAMES = [f"device-{number:05}" for number in range(1, 151)]
ITEMS: list[Any] = [{"coreDeviceThingName": name} for name in NAMES]
ITEMS[3:3] = [{"coreDeviceThingName": "nobody"}, {"coreDeviceThingName": 7}, {}, {"unknown": "x"}]
CALLS = ITEMS[:8]
SOME = {"PageSize": 40, "MaxItems": 90}
MORE = {"MaxItems": 120}
SEARCHED = "coreDevices[].coreDeviceThingName"


def shown(answer: Any) -> Any:
    """An answer or error without what differs from call to call: tokens of pages tell when they were made."""
    if isinstance(answer, Exception):
        return type(answer).__name__, str(answer)
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "nextToken", "NextToken")}


async def awaited(session: Any, url: str) -> list[Any]:
    """What a session of `fleetgrass.aio` or of aiobotocore says of the emulator at `url`."""
    seen: list[Any] = []
    async with session.create_client("greengrassv2", endpoint_url=url, **ARGUMENTS) as client:
        for item in CALLS:
            try:
                seen.append(shown(await client.get_core_device(**item)))
            except Exception as error:
                seen.append(shown(error))
        paginator = client.get_paginator("list_core_devices")
        pages = paginator.paginate(PaginationConfig=SOME)
        seen += [shown(page) async for page in pages]
        seen.append(pages.resume_token is None)
        seen.append(shown(await paginator.paginate(PaginationConfig=MORE).build_full_result()))
        seen.append([found async for found in paginator.paginate().search(SEARCHED)])
        seen.append(client.can_paginate("get_core_device"))
        seen.append((await client.generate_presigned_url("get_core_device", ITEMS[0])).partition("?")[0])
    return seen


async def told(session: Any, url: str) -> list[Any]:
    """What such a session says of itself, and of its clients of other services."""
    heard: list[str] = []

    async def hear(event_name: str, **_: Any) -> None:
        heard.append(event_name)

    session.set_credentials("AKIDEXAMPLE", "secret", "token")
    session.set_config_variable("region", "eu-west-1")
    session.set_config_variable("max_attempts", 2)
    session.set_config_variable("retry_mode", "adaptive")  # whose default is another in aiobotocore's botocore
    session.register("before-call", hear)
    credentials = await session.get_credentials()
    seen: list[Any] = [tuple(await credentials.get_frozen_credentials()), credentials.method, credentials.access_key]
    seen += [session.get_config_variable(name) for name in ("region", "profile", "max_attempts", "nothing", "csm_port")]
    seen += [session.profile, session.available_profiles, session.get_scoped_config()]
    seen.append(session.get_default_client_config())
    seen.append(session.get_available_partitions())
    seen.append(session.get_available_services())
    for service in ("greengrassv2", "iot", "nope"):
        seen.append(await session.get_available_regions(service))
    seen.append((await session.get_service_model("iot")).service_name)
    seen.append(type(session.get_component("data_loader")).__name__)
    async with session.create_client("iot", endpoint_url=url) as iot:
        seen += [iot.meta.region_name, iot.meta.config.retries, shown(await iot.list_things())]
    async with session.create_client("greengrassv2", endpoint_url=url) as client:
        seen += [client.meta.region_name, client.meta.config.retries, shown(await client.list_core_devices())]
        try:
            await client.get_core_device(coreDeviceThingName="nobody")
        except Exception as error:
            seen.append(shown(error))
    seen.append(heard)
    return seen


def asked_of_boto3(url: str) -> list[Any]:
    """What boto3 says of it."""
    import boto3

    client = boto3.Session().client("greengrassv2", endpoint_url=url, **ARGUMENTS)
    seen: list[Any] = []
    for item in CALLS:
        try:
            seen.append(shown(client.get_core_device(**item)))
        except Exception as error:
            seen.append(shown(error))
    paginator = client.get_paginator("list_core_devices")
    pages = paginator.paginate(PaginationConfig=SOME)
    seen += [shown(page) for page in pages]
    seen.append(pages.resume_token is None)
    seen.append(shown(paginator.paginate(PaginationConfig=MORE).build_full_result()))
    seen.append(list(paginator.paginate().search(SEARCHED)))
    seen.append(client.can_paginate("get_core_device"))
    seen.append(client.generate_presigned_url("get_core_device", ITEMS[0]).partition("?")[0])
    return seen


def main() -> None:
    import aiobotocore.session
    import botocore

    import fleetgrass.aio
    from fleetgrass.emulator import Emulator

    with Emulator(check_signatures=False) as emulator:
        emulator.register_core_devices(len(NAMES))
        url = emulator.endpoint_url
        ours, theirs = (
            [asyncio.run(ask(module.get_session(), url)) for ask in (awaited, told)]
            for module in (fleetgrass.aio, aiobotocore.session)
        )
        ours, theirs = (list(chain.from_iterable(said)) for said in (ours, theirs))
    differing = [(our, their) for our, their in zip(ours, theirs, strict=True) if our != their]
    versions = f"aiobotocore {aiobotocore.__version__} with botocore {botocore.__version__}"
    print(f"{len(ours)} answers, of which {len(differing)} differ from {versions}")
    for our, their in differing:
        print(f"ours:   {our!r}\ntheirs: {their!r}")
    raise SystemExit(bool(differing))


if __name__ == "__main__":
    main()
