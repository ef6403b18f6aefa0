"""`python -m fleetgrass`: the demo, the local cloud as a server, and what a deployment would make of devices."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; the result is the exit status of the process."""
    parser = argparse.ArgumentParser(prog="python -m fleetgrass", description="A client of AWS IoT Greengrass V2.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="publish recipes to a local cloud, deploy them to a fleet, show it")
    demo.add_argument("folder", nargs="?", type=Path, metavar="FOLDER_OF_RECIPES", help="default: a few of our own")
    demo.add_argument("--devices", type=int, default=1000, metavar="N", help="size of the fleet (default: 1000)")
    demo.set_defaults(run=_demo)

    emulate = commands.add_parser("emulate", help="serve a local cloud to any client until Ctrl-C")
    _take_emulate(emulate)
    emulate.set_defaults(run=_emulate)

    plan = commands.add_parser(
        "plan",
        help="tell what devices would make of a deployment",
        description="Exit status: 0 if every device would take the deployment, 1 if some would refuse it or "
        "could not be read, 2 if the question cannot be read.",
    )
    plan.add_argument("deployment", type=Path, metavar="FILE", help="JSON: the parameters of create_deployment")
    plan.add_argument("--recipes", type=Path, required=True, metavar="DIR", help="a folder of recipes, JSON and YAML")
    devices = plan.add_mutually_exclusive_group(required=True)
    devices.add_argument(
        "--platform",
        action="append",
        metavar="OS/ARCHITECTURE",
        help="a device that has nothing yet, such as linux/amd64; may be given again",
    )
    devices.add_argument(
        "--devices",
        type=Path,
        metavar="FILE",
        help="JSON: devices as fleetgrass.resolve.plan takes them, a list or a dict",
    )
    plan.add_argument("--json", action="store_true", help="print all of it as JSON")
    plan.set_defaults(run=_plan)

    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130  # what shells call a program that Ctrl-C has ended
    except (OSError, ValueError, OverflowError) as error:
        print(f"fleetgrass: {error}", file=sys.stderr)
        return 1


def _take_emulate(emulate: argparse.ArgumentParser) -> None:
    """The options of `emulate`: those of `Emulator` and of its `register_core_devices`, named alike."""
    emulate.add_argument("--port", type=int, default=0, metavar="N", help="TCP port on 127.0.0.1 (default: a free one)")
    emulate.add_argument("--region", default="us-east-1", help="the Region of its ARNs (default: us-east-1)")
    emulate.add_argument("--account", default="123456789012", help="the account of its ARNs (default: 123456789012)")
    emulate.add_argument("--store", type=Path, metavar="FILE", help="keep the state in this file (default: in memory)")
    emulate.add_argument(
        "--wire-style",
        default="compact",
        choices=["compact", "observed"],
        help="JSON and headers, compact or as users of AWS have published them (default: compact)",
    )
    emulate.add_argument(
        "--log-level",
        default="warning",
        choices=["off", "error", "warning", "info", "debug"],
        help="which requests have a line on stderr: those with a status of 500 and above, all refusals, all, "
        "all with their paths (default: warning)",
    )
    fleet = emulate.add_argument_group("core devices, which report when it starts")
    fleet.add_argument("--devices", type=int, default=0, metavar="N", help="how many (default: none)")
    fleet.add_argument("--prefix", default="device-", help="what their names begin with (default: device-)")
    fleet.add_argument("--thing-groups", nargs="+", default=[], metavar="NAME", help="the groups that they join")
    fleet.add_argument("--platform", default="linux", help="linux, windows or darwin (default: linux)")
    fleet.add_argument("--architecture", default="amd64", help="amd64, aarch64, arm or x86 (default: amd64)")
    fleet.add_argument("--nucleus-version", metavar="V", help="of their nucleus (default: 2.17.0, of a lite one 2.5.1)")
    fleet.add_argument(
        "--runtime",
        default="aws_nucleus_classic",
        choices=["aws_nucleus_classic", "aws_nucleus_lite"],
        help="the kind of their nucleus (default: aws_nucleus_classic)",
    )
    door = emulate.add_argument_group("the port for devices, with TLS and their certificates")
    door.add_argument("--device-port", type=int, metavar="N", help="TCP port, 0 for a free one (default: none)")
    door.add_argument(
        "--device-certificates",
        type=Path,
        metavar="DIR",
        help="write the certificate and the key of each of the core devices, and the authority, to DIR/ITS_NAME",
    )
    strict = emulate.add_argument_group("how strict it is")
    strict.add_argument("--validate-targets", action="store_true", help="things and groups must be in the registry")
    strict.add_argument(
        "--no-validate-components",
        dest="validate_components",
        action="store_false",
        help="deployments may name component versions that do not exist",
    )
    strict.add_argument("--validate-artifacts", action="store_true", help="what recipes have in S3 must have been put")
    strict.add_argument("--strict-data-plane", action="store_true", help="candidates are resolved for devices only")
    strict.add_argument(
        "--no-check-signatures", dest="check_signatures", action="store_false", help="take requests with any signature"
    )
    times = emulate.add_argument_group("what takes time, in seconds")
    for what, first, second in (("component", "REQUESTED", "INITIATED"), ("deployment", "QUEUED", "IN_PROGRESS")):
        times.add_argument(
            f"--{what}-seconds",
            nargs=2,
            type=float,
            default=(0, 0),
            metavar=(first, second),
            help=f"how long a {what} is {first}, and then {second} (default: 0 0)",
        )
    times.add_argument(
        "--report-seconds",
        type=float,
        default=86400,
        metavar="SECONDS",
        help="from one report of an idle core device to the next (default: 86400)",
    )
    faults = emulate.add_argument_group("what goes wrong")
    faults.add_argument("--quota", action="store_true", help="throttle requests beyond the rates that AWS publishes")
    faults.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="OPERATIONS:HOW_OFTEN:FAULT",
        help="for example GetCoreDevice:0.1:throttle, ListCoreDevices,ListDeployments:3x:reset or *:1:latency=0.1-0.5; "
        "may be given again (docs/emulator.md lists the faults)",
    )
    faults.add_argument("--seed", type=int, metavar="N", help="makes the chances of faults the same again")


def _demo(options: argparse.Namespace) -> int:
    try:
        from rich.console import Console
    except ImportError:
        print("fleetgrass: the demo prints with rich, which is missing: pip install 'fleetgrass[cli]'", file=sys.stderr)
        return 1
    from fleetgrass import demo

    console = Console()
    with console.status("a fleet at work"):
        findings = demo.run(options.folder, options.devices)
    demo.show(findings, console)
    return 0


#: What `emulate` hands on to `Emulator` as it is.
_HANDED_ON = (
    "port",
    "store",
    "wire_style",
    "log_level",
    "device_port",
    "validate_targets",
    "validate_components",
    "validate_artifacts",
    "strict_data_plane",
    "check_signatures",
    "component_seconds",
    "deployment_seconds",
    "report_seconds",
    "quota",
    "seed",
)


def _emulate(options: argparse.Namespace) -> int:
    import signal
    import threading

    from fleetgrass import faults
    from fleetgrass.emulator import Emulator

    if options.devices < 0:
        raise ValueError(f"--devices is {options.devices}: give a number of core devices, 0 for none")
    if options.thing_groups and not options.devices:
        raise ValueError("--thing-groups are joined by devices, and there are none: add --devices N")
    if options.device_certificates and not options.devices:
        raise ValueError("--device-certificates are those of devices, and there are none: add --devices N")
    if options.device_certificates and options.device_port is None:
        raise ValueError("--device-certificates open the port for devices, and there is none: add --device-port 0")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings: dict[str, Any] = {name: getattr(options, name) for name in _HANDED_ON}
    with Emulator(region_name=options.region, account_id=options.account, **settings) as emulator:
        if options.devices:
            names = emulator.register_core_devices(
                options.devices,
                options.prefix,
                options.thing_groups,
                options.platform,
                options.architecture,
                options.nucleus_version,
                options.runtime,
            )
            for name in names if options.device_certificates else []:
                emulator.device_certificate(name).save(options.device_certificates / name)
        for fault in options.fault:
            emulator.inject(**faults.parse(fault))
        for name, value in emulator.environment.items():
            print(f"export {name}={value}")
        print("unset AWS_PROFILE AWS_SESSION_TOKEN")
        if options.device_port is not None:
            print(f"# Devices come to {emulator.device_endpoint_url} with their certificates.")
        if options.fault:
            print(f"# --seed {emulator.seed} makes these faults happen again.")
        print("# The lines above point boto3, the AWS CLI and any other client at a local Greengrass,")
        print("# which runs until Ctrl-C.", flush=True)
        stop.wait()
    return 0


def _plan(options: argparse.Namespace) -> int:
    import json

    from fleetgrass import exceptions, resolve

    try:
        deployment = _json(options.deployment, (dict,), "a dict of the parameters of create_deployment")
        catalog = resolve.Catalog.from_folder(options.recipes)
        devices: Any = {platform: platform for platform in options.platform or ()}
        if options.devices:
            devices = _json(options.devices, (dict, list), "a list or a dict of devices")
        if not devices:
            raise ValueError(f"{options.devices} names no device: give some, as fleetgrass.resolve.plan takes them")
        plan = resolve.plan(deployment, catalog, devices=devices)
        _print(json.dumps(plan.to_dict(), indent=2) if options.json else str(plan))
    except (OSError, ValueError, TypeError, exceptions.ParamValidationError) as error:
        print(f"fleetgrass: {error}", file=sys.stderr)
        return 2
    return 1 if plan.conflicts or plan.unread else 0


def _json(path: Path, kinds: tuple[type, ...], wanted: str) -> Any:
    import json

    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(value, kinds):
        found = "null" if value is None else f"a JSON {type(value).__name__}"
        raise ValueError(f"{path} holds {found}: give {wanted}")
    return value


def _print(text: str) -> None:
    """Raises OSError where all of it cannot be written; nothing is left then to fail once more at the exit."""
    import os

    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


if __name__ == "__main__":
    sys.exit(main())
