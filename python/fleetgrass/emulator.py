"""A local AWS IoT Greengrass V2, for any client: boto3, the AWS CLI, fleetgrass.

    from fleetgrass.emulator import Emulator

    with Emulator() as emulator:
        emulator.register_core_devices(100, thing_groups=["line-4"])
        emulator.client().list_core_devices()

What it serves, and how far that is known to be what AWS does: `docs/emulator.md`.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from fleetgrass._core import EmulatorServer, partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["Emulator"]

#: A nucleus of the emulator's public catalogue.
NUCLEUS_VERSION = "2.17.0"


class Emulator:
    """One account and Region of the service, on a port of this machine, from its creation until `stop`.

    Args:
        port: The TCP port on 127.0.0.1; 0 takes a free one.
        region_name: The Region that ARNs name.
        account_id: The account that ARNs name, twelve digits.
        store: A file that keeps the state, made where it is missing; None keeps it in memory until `stop`.
        validate_targets: Whether deployments and client devices must name things and thing groups that the registry
            (the `iot` operations of the same endpoint) knows; else ResourceNotFoundException.
        validate_components: Whether deployments must name component versions that exist; else
            ResourceNotFoundException.
        validate_artifacts: Whether artifacts of recipes in S3 must have been put with `put_artifact`; else
            ValidationException, as where the service cannot read them.
        strict_data_plane: Whether ResolveComponentCandidates, which is for devices, denies callers with a signature.
    Raises:
        ValueError: `port`, `region_name` or `account_id` is not one.
        OSError: The port is taken, or the store cannot be used.
    """

    def __init__(
        self,
        port: int = 0,
        region_name: str = "us-east-1",
        account_id: str = "123456789012",
        store: str | PathLike[str] | None = None,
        *,
        validate_targets: bool = False,
        validate_components: bool = True,
        validate_artifacts: bool = False,
        strict_data_plane: bool = False,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port is {port}: give 0 for a free one, or a number up to 65535")
        self.region_name = region_name
        self.account_id = account_id
        self._server = EmulatorServer(
            port=port,
            region_name=region_name,
            account_id=account_id,
            store=store,
            validate_targets=validate_targets,
            validate_components=validate_components,
            validate_artifacts=validate_artifacts,
            strict_data_plane=strict_data_plane,
        )

    @property
    def endpoint_url(self) -> str:
        """What clients take as their `endpoint_url`."""
        return self._server.endpoint_url

    @property
    def credentials(self) -> dict[str, str]:
        """Keyword arguments of any boto3 client. The emulator takes any keys; these are as good as others."""
        return {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

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
            thing_groups: The groups they join, made where they are missing. Things are made for the devices too.
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
