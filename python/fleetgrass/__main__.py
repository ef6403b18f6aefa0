"""`python -m fleetgrass`: the demo, and the local cloud as a server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; the result is the exit status of the process."""
    parser = argparse.ArgumentParser(prog="python -m fleetgrass", description="A client of AWS IoT Greengrass V2.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="publish recipes to a local cloud, deploy them to a fleet, show it")
    demo.add_argument("folder", nargs="?", type=Path, metavar="FOLDER_OF_RECIPES", help="default: a few of our own")
    demo.add_argument("--devices", type=int, default=1000, metavar="N", help="size of the fleet (default: 1000)")
    demo.set_defaults(run=_demo)

    emulate = commands.add_parser("emulate", help="serve a local cloud to any client until Ctrl-C")
    emulate.add_argument("--port", type=int, default=0, metavar="N", help="TCP port on 127.0.0.1 (default: a free one)")
    emulate.add_argument("--region", default="us-east-1", help="the Region of its ARNs (default: us-east-1)")
    emulate.add_argument("--store", type=Path, metavar="FILE", help="keep the state in this file (default: in memory)")
    emulate.set_defaults(run=_emulate)

    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130  # what shells call a program that Ctrl-C has ended
    except (OSError, ValueError, OverflowError) as error:
        print(f"fleetgrass: {error}", file=sys.stderr)
        return 1


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


def _emulate(options: argparse.Namespace) -> int:
    import signal
    import threading

    from fleetgrass.emulator import Emulator

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Emulator(port=options.port, region_name=options.region, store=options.store) as emulator:
        print(f"export AWS_ENDPOINT_URL_GREENGRASSV2={emulator.endpoint_url}")
        print(f"export AWS_DEFAULT_REGION={emulator.region_name}")
        for name, value in emulator.credentials.items():
            print(f"export {name.upper()}={value}")
        print("# These lines point boto3 and the AWS CLI at a local Greengrass, which runs until Ctrl-C.", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
