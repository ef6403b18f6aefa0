"""What docs/many.md shows is what happens."""

import doctest
from pathlib import Path

import pytest

import fleetgrass
from fleetgrass.emulator import Emulator

PAGE = Path(__file__).parent.parent / "docs" / "many.md"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


@pytest.mark.timeout(120)
def test_the_page_is_true() -> None:
    with Emulator(region_name="us-east-1", account_id="123456789012", check_signatures=False) as emulator:
        emulator.register_core_devices(300)
        url = emulator.endpoint_url
        client = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, **KEYS)
        names = {"fleetgrass": fleetgrass, "client": client, "url": url, "keys": KEYS}
        failed, tried = doctest.testfile(str(PAGE), module_relative=False, globs=names, encoding="utf-8")
    assert tried > 10
    assert failed == 0
