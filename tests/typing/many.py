"""Many calls."""

from typing import Any

from typing_extensions import assert_type

import fleetgrass
from fleetgrass import client_devices, tags

config = fleetgrass.Config(requests_per_second=100, max_concurrency=8)
client = fleetgrass.client("greengrassv2", config=config)
items = [{"coreDeviceThingName": "d"}]

for answer in client.map("get_core_device", items):
    assert_type(answer, dict[str, Any] | Exception)
    if not isinstance(answer, Exception):
        print(answer["status"])
for pair in client.map("get_core_device", iter(items), ordered=False):
    assert_type(pair, tuple[int, dict[str, Any] | Exception])
for sure in client.map("list_components", ({} for _ in range(3)), errors="raise", paginate=True):
    assert_type(sure, dict[str, Any])
for index, found in client.map("get_core_device", items, errors="raise", ordered=False, max_concurrency=3):
    assert_type((index, found), tuple[int, dict[str, Any]])

client.map("get_core_device", items, errors="ignore")  # expect: error
client.map("get_core_device", {"coreDeviceThingName": "d"})  # expect: error
client.map("get_core_device", items, max_concurrency="3")  # expect: error
fleetgrass.Config(requests_per_second="3")  # expect: error

result = client_devices.associate(client, "core", ["a", "b"])
assert_type(result.done, list[str])
assert_type(result.failed["a"].code, str)
assert_type(tags.apply(client, ("arn",), {"k": "v"}).failed, dict[str, client_devices.Failure])
tags.apply(client, ["arn"], ["k"])  # expect: error
