"""Sessions and their options, and what goes on to boto3."""

from typing import Any

from typing_extensions import assert_type

import fleetgrass as boto3
from fleetgrass import UNSIGNED, Config, Session
from fleetgrass.emulator import Emulator
from fleetgrass.types import GreengrassV2Client

config = Config(
    "us-east-1",
    signature_version=UNSIGNED,
    connect_timeout=1.5,
    retries={"mode": "adaptive", "total_max_attempts": 5},
    client_cert=("device.pem", "device.key"),
)
assert_type(config.region_name, str | None)
assert_type(config.merge(Config()), Config)
Config(strict_validation=True, max_response_bytes=None)
Config(strict_validation="yes")  # expect: error
Config(connect_timeot=1)  # expect: error
Config(retries={"max_attemps": 1})  # expect: error
Config(max_pool_connections="10")  # expect: error
config.connect_timeot = 1  # expect: error

session = Session(region_name="us-east-1", profile_name="line-4")
assert_type(session.client("greengrassv2", config=config, verify=False), GreengrassV2Client)
assert_type(session.client("greengrassv2", "us-east-1"), GreengrassV2Client)
assert_type(session.client("s3"), Any)
assert_type(session.region_name, str | None)
assert_type(session.available_profiles, list[str])
session.client("greengrassv2", regoin_name="us-east-1")  # expect: error
session.client("s3", regoin_name="us-east-1")  # expect: error
session.client()  # expect: error
Session(region="us-east-1")  # expect: error


def whatever(service: str) -> None:
    boto3.client(service).describe()
    boto3.resource("s3").Bucket("b")


boto3.setup_default_session(region_name="us-east-1")
boto3.set_stream_logger("fleetgrass")
assert_type(boto3.client("greengrassv2"), GreengrassV2Client)
assert_type(boto3.client("iot"), Any)
assert_type(boto3.session.Session().client("greengrassv2"), GreengrassV2Client)
assert_type(boto3.__version__, str)
print(boto3.NullHandler, boto3.DEFAULT_SESSION)
boto3.client("greengrassv2", endpoint="http://localhost")  # expect: error

with Emulator(store="cloud.db") as emulator:
    names = emulator.register_core_devices(10, thing_groups=["line-4"], platform="linux")
    assert_type(names, list[str])
    assert_type(emulator.client(), GreengrassV2Client)
    assert_type(emulator.client("greengrassv2", config=config), GreengrassV2Client)
    assert_type(emulator.client("iot"), Any)
    emulator.register_core_devices("10")  # expect: error
