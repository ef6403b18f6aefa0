"""A pytest plugin: a local Greengrass for tests.

    def test_a_device_gets_its_component(greengrass):
        greengrass.emulator.register_core_device("pump-1", ["line-4"])
        assert greengrass.client.list_core_devices()["coreDevices"]

pytest finds it by itself where fleetgrass is installed. Nothing else of fleetgrass is loaded until a test asks for a
fixture.

Fixtures:
    greengrass: The emulator and clients of it; every test begins with a new state and no faults.
    greengrass_environment: The same, for code that makes clients of its own: the environment points them at it.
    greengrass_options: Keyword arguments of `Emulator`, for a conftest to replace; of the whole run.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fleetgrass.emulator import Emulator

__all__ = ["Greengrass", "greengrass", "greengrass_environment", "greengrass_options"]


class Greengrass:
    """An emulator and its clients. Those of boto3 need boto3."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._made: dict[str, Any] = {}

    @property
    def client(self) -> Any:
        """A fleetgrass client."""
        return self._once("client", self.emulator.client)

    @property
    def boto3_client(self) -> Any:
        """boto3's client of the same service."""
        return self._once("greengrassv2", lambda: self._boto3("greengrassv2"))

    @property
    def iot(self) -> Any:
        """boto3's client of AWS IoT, for things and thing groups."""
        return self._once("iot", lambda: self._boto3("iot"))

    def _once(self, name: str, make: Any) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _boto3(self, service_name: str) -> Any:
        boto3 = pytest.importorskip("boto3", reason="this client is boto3's, which is not installed")
        return boto3.client(
            service_name,
            endpoint_url=self.emulator.endpoint_url,
            region_name=self.emulator.region_name,
            **self.emulator.credentials,
        )


@pytest.fixture(scope="session")
def greengrass_options() -> dict[str, Any]:
    """Keyword arguments of the emulator of this run."""
    return {}


@pytest.fixture(scope="session")
def _greengrass_of_the_run(greengrass_options: dict[str, Any]) -> Iterator[Greengrass]:
    from fleetgrass.emulator import Emulator

    with Emulator(**greengrass_options) as emulator:
        yield Greengrass(emulator)


@pytest.fixture
def greengrass(_greengrass_of_the_run: Greengrass) -> Greengrass:
    """A local Greengrass in this process, new for each test."""
    _greengrass_of_the_run.emulator.clear_faults()
    _greengrass_of_the_run.emulator.reset()
    return _greengrass_of_the_run


@pytest.fixture
def greengrass_environment(greengrass: Greengrass, monkeypatch: pytest.MonkeyPatch) -> Greengrass:
    """A local Greengrass that clients find by the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in greengrass.emulator.environment.items():
        monkeypatch.setenv(name, value)
    return greengrass
