"""A local AWS IoT Greengrass V2, for any client: boto3, the AWS CLI, fleetgrass.

    from fleetgrass.emulator import Emulator

    with Emulator() as emulator:
        emulator.register_core_devices(100, thing_groups=["line-4"])
        emulator.client().list_core_devices()

What it serves, and how far that is known to be what AWS does: `docs/emulator.md`.
"""

from __future__ import annotations

import random
from os import PathLike
from typing import TYPE_CHECKING, Any

from fleetgrass import faults
from fleetgrass._core import EmulatorServer, partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from fleetgrass.faults import Fault

__all__ = ["Emulator"]

#: Which requests are told on stderr: none, status 500 and above, all refusals, all, all with their paths.
LOG_LEVELS = ("off", "error", "warning", "info", "debug")

#: A nucleus of the emulator's public catalogue.
NUCLEUS_VERSION = "2.17.0"


class Emulator:
    """One account and Region of the service, on a port of this machine, from its creation until `stop`.

    Args:
        port: The TCP port on 127.0.0.1; 0 takes a free one.
        region_name: The Region that ARNs name.
        account_id: The account that ARNs name, twelve digits.
        store: A file that keeps the state, made where it is missing; None keeps it in memory until `stop`. One
            emulator at a time has it. It is whole after the end of the process at any moment.
        quota: Whether requests beyond the published rates are throttled: 30 a second over all operations (10 in the
            Regions that have less), 1 a second of CreateComponentVersion.
        seed: Of the chances that faults draw. The same calls in the same order then meet the same faults; None takes
            a new one, which the attribute `seed` tells.
        log_level: Which requests have a line on stderr: one of `LOG_LEVELS`.
    Raises:
        ValueError: `port`, `region_name`, `account_id`, `seed` or `log_level` is not one.
        OSError: The port is taken, or the store cannot be used, for example because another emulator has it.
    """

    def __init__(
        self,
        port: int = 0,
        region_name: str = "us-east-1",
        account_id: str = "123456789012",
        store: str | PathLike[str] | None = None,
        quota: bool = False,
        seed: int | None = None,
        log_level: str = "off",
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port is {port}: give 0 for a free one, or a number up to 65535")
        if log_level not in LOG_LEVELS:
            raise ValueError(f"log_level is {log_level!r}: give one of {', '.join(LOG_LEVELS)}")
        if seed is None:
            seed = random.SystemRandom().getrandbits(32)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed}: give a number from 0 to 2**64 - 1")
        self.region_name = region_name
        self.account_id = account_id
        self.seed = seed
        self._server = EmulatorServer(
            port=port,
            region_name=region_name,
            account_id=account_id,
            store=store,
            quota=quota,
            seed=seed,
            log_level=log_level,
        )

    @property
    def endpoint_url(self) -> str:
        """What clients take as their `endpoint_url`."""
        return self._server.endpoint_url

    @property
    def credentials(self) -> dict[str, str]:
        """Keyword arguments of any boto3 client. The emulator takes any keys; these are as good as others."""
        return {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point boto3, the AWS CLI and the AWS SDKs at the emulator."""
        return {
            "AWS_ENDPOINT_URL_GREENGRASSV2": self.endpoint_url,
            "AWS_ENDPOINT_URL_IOT": self.endpoint_url,
            "AWS_REGION": self.region_name,
            "AWS_DEFAULT_REGION": self.region_name,
            **{name.upper(): value for name, value in self.credentials.items()},
        }

    def client(self, service_name: str = "greengrassv2", **kwargs: Any) -> Any:
        """A fleetgrass client of this emulator; `kwargs` are those of `fleetgrass.client` and win over ours."""
        import fleetgrass

        ours = {"endpoint_url": self.endpoint_url, "region_name": self.region_name, **self.credentials}
        return fleetgrass.client(service_name, **{**ours, **kwargs})

    def thing_group_arn(self, name: str) -> str:
        """The ARN of a thing group, to deploy to."""
        return self._iot_arn("thinggroup", name)

    def thing_arn(self, name: str) -> str:
        """The ARN of a thing, to deploy to."""
        return self._iot_arn("thing", name)

    def _iot_arn(self, kind: str, name: str) -> str:
        return f"arn:{partition_of(self.region_name) or 'aws'}:iot:{self.region_name}:{self.account_id}:{kind}/{name}"

    def register_core_device(
        self,
        name: str,
        thing_groups: Iterable[str] = (),
        platform: str = "linux",
        architecture: str = "amd64",
        nucleus_version: str = NUCLEUS_VERSION,
        runtime: str = "aws_nucleus_classic",
    ) -> None:
        """Let one core device report for the first time: see `register_core_devices`."""
        self._register([name], thing_groups, platform, architecture, nucleus_version, runtime)

    def register_core_devices(
        self,
        count: int,
        prefix: str = "device-",
        thing_groups: Iterable[str] = (),
        platform: str = "linux",
        architecture: str = "amd64",
        nucleus_version: str = NUCLEUS_VERSION,
        runtime: str = "aws_nucleus_classic",
    ) -> list[str]:
        """Let core devices report for the first time, and take what is deployed to their things and groups.

        All appear at once, or none where an argument is wrong. Names that exist report again and join more groups.

        Args:
            count: How many.
            prefix: Their names are `prefix` and a number of at least five digits, counted from 1.
            thing_groups: The groups they join. Groups need no creation.
            platform: "linux", "windows" or "darwin", which manifests know as `os`.
            architecture: "amd64", "aarch64", "arm" or "x86".
            nucleus_version: What the device reports as its `coreVersion`.
            runtime: "aws_nucleus_classic" or "aws_nucleus_lite".
        Returns:
            The names.
        Raises:
            ValueError: A name or property is not valid, with what it may be.
        """
        names = [f"{prefix}{number:05}" for number in range(1, count + 1)]
        self._register(names, thing_groups, platform, architecture, nucleus_version, runtime)
        return names

    def _register(
        self,
        names: list[str],
        thing_groups: Iterable[str],
        platform: str,
        architecture: str,
        nucleus_version: str,
        runtime: str,
    ) -> None:
        if isinstance(thing_groups, str):
            raise ValueError(f"thing_groups is {thing_groups!r}: give a list of names")
        self._server.register_core_devices(
            names,
            thing_groups=list(thing_groups),
            platform=platform,
            architecture=architecture,
            nucleus_version=nucleus_version,
            runtime=runtime,
        )

    def inject(
        self,
        fault: str,
        value: Any = None,
        *,
        operations: str | Iterable[str] | None = None,
        rate: float = 1.0,
        times: int | None = None,
    ) -> Fault:
        """Let calls go wrong from now on, until the fault is removed.

            with emulator.inject("throttle", operations="GetCoreDevice", rate=0.1):
                ...
            emulator.inject("latency", (0.1, 0.5))
            emulator.inject("reset", operations=["CreateDeployment"], times=1)

        Args:
            fault: Its name. `fleetgrass.faults` lists them, and what each takes as `value`.
            value: How much of it, where it takes one.
            operations: API names of the operations that it hits; None for all.
            rate: The share of their calls that it hits, above 0 and up to 1.
            times: How many calls it hits before it ends; None for no end.
        Returns:
            The fault, to remove it, as a context manager too, and to ask how many calls it has hit.
        Raises:
            ValueError: An argument is not valid; a name that is none is told with the nearest one.
        """
        rule = faults.check(fault, value, operations, rate, times)
        return faults.Fault(self._server, self._server.inject(rule.fault, rule.value, **rule.scope))

    def clear_faults(self) -> None:
        """End all faults."""
        self._server.clear_faults()

    def snapshot(self, path: str | PathLike[str]) -> None:
        """Write the present state to a file, from which `reset` takes it back, and which another emulator may have as
        its `store`. What the file held is lost.

        Raises:
            OSError: The file cannot be written, or is the store of a running emulator.
        """
        self._server.snapshot(path)

    def reset(self, snapshot: str | PathLike[str] | None = None) -> None:
        """Go back to the state of a snapshot, or else to that of a new emulator. Faults stay: see `clear_faults`.

        Raises:
            OSError: The file is no snapshot of this version.
        """
        self._server.reset(snapshot)

    def stop(self) -> None:
        """Let requests that have begun end, give the port back and close the store. A second call does nothing."""
        self._server.stop()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<fleetgrass.emulator.Emulator at {self.endpoint_url} for {self.account_id} in {self.region_name}>"
