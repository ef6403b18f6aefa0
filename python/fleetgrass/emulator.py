"""A local AWS IoT Greengrass V2, for any client: boto3, the AWS CLI, fleetgrass.

    from fleetgrass.emulator import Emulator

    with Emulator() as emulator:
        emulator.register_core_devices(100, thing_groups=["line-4"])
        emulator.client().list_core_devices()

Its time is real until `advance` or `settle` moves it. Core devices do well until `fail_component` and the methods
beside it say otherwise.

What it serves, and how far that is known to be what AWS does: `docs/emulator.md`.
"""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, overload

from fleetgrass import faults
from fleetgrass._core import EmulatorServer, partition_of
from fleetgrass.access import BUILT_IN, AccessKey, DeviceCertificate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike
    from types import TracebackType

    from fleetgrass._interface import GreengrassV2Client
    from fleetgrass.faults import Fault

__all__ = ["AccessKey", "DeviceCertificate", "Emulator"]

#: Which requests are told on stderr: none, status 500 and above, all refusals, all, all with their paths.
LOG_LEVELS = ("off", "error", "warning", "info", "debug")

#: A nucleus of the emulator's public catalogue for each runtime.
NUCLEUS_VERSIONS = {"aws_nucleus_classic": "2.17.0", "aws_nucleus_lite": "2.5.1"}


class Emulator:
    """One account and Region of the service, on a port of this machine, from its creation until `stop`.

    Args:
        port: The TCP port on 127.0.0.1; 0 takes a free one.
        region_name: The Region that ARNs name.
        account_id: The account that ARNs name, twelve digits.
        store: A file that keeps the state, made where it is missing; None keeps it in memory until `stop`. It is of
            one account and Region, and one emulator at a time has it. It is whole after the end of the process at any
            moment.
        component_seconds: How long a new component version is REQUESTED, and then INITIATED.
        deployment_seconds: How long a core device has a deployment QUEUED, and then IN_PROGRESS. Where these are 0, a
            request is answered after the devices that it reaches are done with it.
        report_seconds: From one report of an idle core device to the next.
        validate_targets: Whether deployments and client devices must name things and thing groups that the registry
            (the `iot` operations of the same endpoint) knows; else ResourceNotFoundException.
        validate_components: Whether deployments must name component versions that exist; else
            ResourceNotFoundException.
        validate_artifacts: Whether artifacts of recipes in S3 must have been put with `put_artifact`; else
            ValidationException, as where the service cannot read them.
        strict_data_plane: Whether ResolveComponentCandidates, which is for devices, denies callers with a signature.
        credentials: The keys that may sign; one built-in pair where none are given.
        check_signatures: False takes requests with any signature.
        wire_style: "compact", or "observed" for JSON and headers as users of AWS have published them.
        device_port: Where devices come with TLS and their certificates, 0 for a free port; None leaves it out.
        quota: Whether requests beyond the published rates are throttled: 30 a second over all operations (10 in the
            Regions that have less), 1 a second of CreateComponentVersion.
        seed: Of the chances that faults draw. The same calls in the same order then meet the same faults; None takes
            a new one, which the attribute `seed` tells.
        log_level: Which requests have a line on stderr: one of `LOG_LEVELS`.
    Raises:
        ValueError: An argument is not what it should be.
        OSError: A port is taken, or the store cannot be used, for example because another emulator has it, or because
            it is of another account or Region.
    """

    def __init__(
        self,
        port: int = 0,
        region_name: str = "us-east-1",
        account_id: str = "123456789012",
        store: str | PathLike[str] | None = None,
        *,
        component_seconds: tuple[float, float] = (0, 0),
        deployment_seconds: tuple[float, float] = (0, 0),
        report_seconds: float = 86400,
        validate_targets: bool = False,
        validate_components: bool = True,
        validate_artifacts: bool = False,
        strict_data_plane: bool = False,
        credentials: Iterable[AccessKey] = (BUILT_IN,),
        check_signatures: bool = True,
        wire_style: Literal["compact", "observed"] = "compact",
        device_port: int | None = None,
        quota: bool = False,
        seed: int | None = None,
        log_level: str = "off",
    ) -> None:
        for name, number in (("port", port), ("device_port", device_port or 0)):
            if not 0 <= number <= 65535:
                raise ValueError(f"{name} is {number}: give 0 for a free one, or a number up to 65535")
        if log_level not in LOG_LEVELS:
            raise ValueError(f"log_level is {log_level!r}: give one of {', '.join(LOG_LEVELS)}")
        if seed is None:
            seed = random.SystemRandom().getrandbits(32)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed}: give a number from 0 to 2**64 - 1")
        self.seed = seed
        self.region_name = region_name
        self.account_id = account_id
        self._keys = list(credentials)
        self._server = EmulatorServer(
            port=port,
            region_name=region_name,
            account_id=account_id,
            store=store,
            component_seconds=component_seconds,
            deployment_seconds=deployment_seconds,
            report_seconds=report_seconds,
            validate_targets=validate_targets,
            validate_components=validate_components,
            validate_artifacts=validate_artifacts,
            strict_data_plane=strict_data_plane,
            keys=[key.known() for key in self._keys],
            check_signatures=check_signatures,
            wire_style=wire_style,
            device_port=device_port,
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
        """Keyword arguments of any boto3 client: the first of the keys that may sign."""
        return self._keys[0].credentials

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

    @property
    def device_endpoint_url(self) -> str:
        """What devices take as their `endpoint_url`.

        Raises:
            RuntimeError: There is no port for devices.
        """
        if self._server.device_endpoint_url is None:
            raise RuntimeError("devices have no port: give Emulator a device_port, 0 for a free one")
        return self._server.device_endpoint_url

    def device_certificate(self, thing_name: str) -> DeviceCertificate:
        """A new certificate for the device of a thing, which opens the port for devices until `stop`.

        Raises:
            ValueError: The name is none of a core device, or there is no port for devices.
        """
        return DeviceCertificate(*self._server.device_certificate(thing_name))

    @overload
    def client(self, service_name: Literal["greengrassv2"] = ..., **kwargs: Any) -> GreengrassV2Client: ...
    @overload
    def client(self, service_name: str, **kwargs: Any) -> Any: ...
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
        nucleus_version: str | None = None,
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
        nucleus_version: str | None = None,
        runtime: str = "aws_nucleus_classic",
    ) -> list[str]:
        """Let core devices report for the first time, and take what is deployed to their things and groups.

        All appear at once, or none where an argument is wrong. Names that exist report again and join more groups.

        Args:
            count: How many.
            prefix: Their names are `prefix` and a number of at least five digits, counted from 1.
            thing_groups: The groups they join, made where they are missing. Things are made for the devices too.
            platform: "linux", "windows" or "darwin", which manifests know as `os`.
            architecture: "amd64", "aarch64", "arm" or "x86".
            nucleus_version: What the device reports as its `coreVersion`; None for one that the public catalogue has.
            runtime: "aws_nucleus_classic" or "aws_nucleus_lite".
        Returns:
            The names.
        Raises:
            ValueError: A name or property is not valid, with what it may be, or the groups are of one hierarchy.
        """
        if count < 0:
            raise ValueError(f"count is {count}: give 0 or more")
        names = [f"{prefix}{number:05}" for number in range(1, count + 1)]
        self._register(names, thing_groups, platform, architecture, nucleus_version, runtime)
        return names

    def _register(
        self,
        names: list[str],
        thing_groups: Iterable[str],
        platform: str,
        architecture: str,
        nucleus_version: str | None,
        runtime: str,
    ) -> None:
        if isinstance(thing_groups, str):
            raise ValueError(f"thing_groups is {thing_groups!r}: give a list of names")
        self._server.register_core_devices(
            names,
            thing_groups=list(thing_groups),
            platform=platform,
            architecture=architecture,
            # of a runtime that there is not, the core tells
            nucleus_version=nucleus_version or NUCLEUS_VERSIONS.get(runtime, ""),
            runtime=runtime,
        )

    @property
    def now(self) -> datetime:
        """The cloud's time, in UTC, to the millisecond."""
        return datetime.fromtimestamp(self._server.now(), timezone.utc)

    def advance(self, seconds: float) -> None:
        """Move the cloud's time, and let happen what is due by then, each thing at its own time.

        Raises:
            ValueError: `seconds` is below 0, or more than a hundred years.
        """
        self._server.advance(seconds)

    def settle(self) -> None:
        """Let all that is under way end, and move the cloud's time as far as that takes.

        Components become deployable, rollouts reach their devices, and these finish their deployments. Silent devices
        finish nothing; timeouts and daily reports are not waited for.
        """
        self._server.settle()

    def fail_component(
        self,
        name: str,
        version: str | None = None,
        devices: Iterable[str] | None = None,
        state: str = "BROKEN",
        code: str = "RUN_ERROR",
        details: str | None = None,
    ) -> None:
        """Let a component fail from now on, wherever it runs or is installed later.

        A device that runs it reports it so at once. A deployment that would bring it fails where it is BROKEN, and is
        rolled back if it does not say otherwise.

        Args:
            name: The component.
            version: Only this one; None stands for all.
            devices: Names of core devices; None stands for all, also those that are registered later.
            state: "BROKEN", which makes the device UNHEALTHY, or "ERRORED".
            code: Its lifecycle status code, such as "INSTALL_ERROR" or "STARTUP_TIMEOUT".
            details: Its lifecycle state details, a sentence; None for none.
        Raises:
            ValueError: A device is not registered, or `state` or `code` is none that devices report.
        """
        self._server.fail_component(
            name, version=version, devices=_names(devices), state=state, code=code, details=details
        )

    def fail_publication(self, name: str, version: str | None = None, *, errors: Mapping[str, str]) -> None:
        """Let new versions of a component end FAILED, not DEPLOYABLE, until `heal()`.

        Args:
            name: The component.
            version: Only this one; None stands for all.
            errors: What DescribeComponent tells: texts by artifact URI.
        """
        self._server.fail_publication(name, version=version, errors=list(errors.items()))

    def fill_disk(self, devices: Iterable[str] | None = None) -> None:
        """Let deployments fail that bring anything new to these core devices, or to all: there is no room for it.

        Raises:
            ValueError: A device is not registered.
        """
        self._server.fill_disk(_names(devices))

    def reject_deployments(
        self, devices: Iterable[str] | None = None, reason: str = "The device refuses deployments"
    ) -> None:
        """Let these core devices, or all, refuse what is deployed to them.

        Raises:
            ValueError: A device is not registered.
        """
        self._server.reject_deployments(_names(devices), reason)

    def heal(self, devices: Iterable[str] | None = None) -> None:
        """End all that `fail_component` and the methods beside it have begun, or end it for some core devices.

        What was broken runs again. Deployments that have failed are not tried again, and silent devices stay silent.

        Raises:
            ValueError: A device is not registered.
        """
        self._server.heal(_names(devices))

    def configuration(self, device: str) -> dict[str, dict[str, Any]]:
        """What the components of a core device are configured with, by name: defaults, and what deployments made of it.

        Raises:
            ValueError: The device is not registered.
        """
        return self._server.configuration(device)

    def silence(self, devices: Iterable[str]) -> None:
        """Let core devices be heard of no more: they keep their last status, and what reaches them stays as it is.

        Raises:
            ValueError: A device is not registered.
        """
        self._server.silence(_names(devices) or [])

    def wake(self, devices: Iterable[str]) -> None:
        """Let silent core devices report again and go on with what they have; others are left alone.

        Raises:
            ValueError: A device is not registered.
        """
        self._server.wake(_names(devices) or [])

    def put_artifact(self, uri: str, content: bytes, component_arn: str | None = None) -> None:
        """Say what is in an artifact; else it is the text of its URI. Digests of recipes are those of the bytes.

        Args:
            uri: As a recipe has it: `s3://bucket/key`, or `greengrass:...` of a public or Lambda component, whose URL
                GetComponentVersionArtifact gives.
            content: The bytes.
            component_arn: Whose `greengrass:` artifact it is, with the version.
        Raises:
            ValueError: `uri` is of the scheme `greengrass:`, and there is no `component_arn`.
        """
        if uri.startswith("greengrass:") and component_arn is None:
            raise ValueError(f"{uri} belongs to one component version: give its component_arn")
        self._server.put_artifact(component_arn or "", uri, content)

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
        """End all faults. Those to come draw from `seed` as the first ones did."""
        self._server.clear_faults()

    def snapshot(self, path: str | PathLike[str]) -> None:
        """Write the present state to a file, from which `reset` takes it back, and which another emulator may have as
        its `store`. What the file held is lost.

        Raises:
            OSError: The file cannot be written, or is the store of a running emulator.
        """
        self._server.snapshot(path)

    def reset(self, snapshot: str | PathLike[str] | None = None) -> None:
        """Go back to the state of a snapshot, or else to that of a new emulator.

        Faults stay, and their chances begin anew: see `clear_faults`.

        Raises:
            OSError: The file is no snapshot of this version, account and Region.
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


def _names(devices: Iterable[str] | None) -> list[str] | None:
    if isinstance(devices, str):
        raise ValueError(f"devices is {devices!r}: give a list of names")
    return None if devices is None else list(devices)
