"""What the compiler learns the core's usual paths from: `pgo-command` of `maturin build --release --pgo`.

What is not done here, the compiler takes for rare, and makes it small instead of fast. So each kind of work has its
turn, as often as it matters: single calls most of all, in plain text and in TLS; pages, large answers and requests;
`map`, asyncio and handlers; the local cloud; catalogues, simulations and plans. Nothing is measured.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benches"))

from bench_plan import COMPONENTS, TARGET, state  # noqa: E402
from bench_resolve import LINUX, catalog_of  # noqa: E402
from constant_server import CREATE, answer_to, is_whole, server  # noqa: E402

import fleetgrass  # noqa: E402
import fleetgrass.aio  # noqa: E402
from fleetgrass import exceptions, resolve  # noqa: E402
from fleetgrass.emulator import Emulator  # noqa: E402

KEYS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
CERTIFICATE = ROOT / "tests" / "tls" / "localhost.pem"
ONE = {"coreDeviceThingName": "device-000001"}


@contextmanager
def tls_server() -> Iterator[str]:
    """The constant server's answers in TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as stream:
            request = b""
            while data := stream.recv(65536):
                request += data
                if is_whole(request):
                    stream.sendall(answer_to(request))
                    request = b""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def call(client: Any, times: int) -> None:
    """The kinds of calls, as `bench_client.py` makes them."""
    for _ in range(times):
        client.list_core_devices()
        client.get_core_device(**ONE)
    for _ in range(times // 4):
        client.list_core_devices(maxResults=100)
        client.create_deployment(**CREATE)
    for _ in range(times // 20):
        client.get_deployment(deploymentId="d")


def call_at_once(client: Any, times: int) -> None:
    for _ in client.map("get_core_device", (ONE for _ in range(times))):
        pass


async def call_in_loop(url: str, times: int) -> None:
    async with fleetgrass.aio.client("greengrassv2", endpoint_url=url, **KEYS) as client:
        await asyncio.gather(*(client.get_core_device(**ONE) for _ in range(times)))


def try_to_call(client: Any) -> None:
    """What validation and the service refuse."""
    for params in ({}, {"coreDeviceThingName": 1}, {"coreDeviceThingName": "nobody"}):
        try:
            client.get_core_device(**params)
        except (exceptions.ParamValidationError, exceptions.ClientError):
            pass


def recipe(name: str, version: str, needs: str = "") -> str:
    dependencies = f'ComponentDependencies: {{{needs}: {{VersionRequirement: ">=1.0.0 <2.0.0"}}}}' if needs else ""
    return f"""
RecipeFormatVersion: "2020-01-25"
ComponentName: {name}
ComponentVersion: {version}
ComponentConfiguration:
  DefaultConfiguration: {{interval: 30, endpoint: "https://example.com", labels: [a, b]}}
{dependencies}
Manifests:
  - Platform: {{os: linux, architecture: /amd64|aarch64/}}
    Lifecycle: {{Install: "true", Run: "sleep 1"}}
"""


def run_a_cloud(size: int) -> None:
    with Emulator() as emulator:
        client: Any = emulator.client()
        client.create_component_version(inlineRecipe=recipe("com.example.base", "1.0.0"))
        for minor in range(20):
            client.create_component_version(inlineRecipe=recipe("com.example.app", f"1.{minor}.0", "com.example.base"))
        group = emulator.thing_group_arn("all")
        emulator.register_core_devices(size, thing_groups=["all"])
        for minor in range(3):
            client.create_deployment(
                targetArn=group, components={"com.example.app": {"componentVersion": f"1.{minor}.0"}}
            )
            emulator.advance(3600)
        names = [
            item["coreDeviceThingName"]
            for item in client.get_paginator("list_core_devices").items(PaginationConfig={"PageSize": 100})
        ]
        for name in names[:500]:
            client.get_core_device(coreDeviceThingName=name)
            client.list_installed_components(coreDeviceThingName=name)
            client.list_effective_deployments(coreDeviceThingName=name)
        try_to_call(client)


def resolve_and_plan(components: int, devices: int) -> None:
    catalog = resolve.Catalog(catalog_of(components, 20, 50))
    roots = [{"name": f"component-{at}", "version": "1.19.0"} for at in range(50)]
    resolve.simulate(platform=LINUX, catalog=catalog, deployment={"target": "thinggroup/all", "components": roots})
    seeded = random.Random(1)
    small = resolve.Catalog(catalog_of(COMPONENTS, 20, 10))
    fleet = {f"device-{at}": state(seeded) for at in range(devices)}
    deployment = {"targetArn": TARGET, "components": {"component-0": {"componentVersion": "1.19.0"}}}
    assert resolve.plan(deployment, small, devices=fleet).states


def main() -> None:
    with server() as url:
        client: Any = fleetgrass.client("greengrassv2", endpoint_url=url, **KEYS)
        call(client, 4_000)
        call_at_once(client, 5_000)
        asyncio.run(call_in_loop(url, 2_000))
        client.meta.events.register("before-send", lambda **told: None)
        call(client, 200)
    with tls_server() as url:
        client = fleetgrass.client("greengrassv2", endpoint_url=url, verify=str(CERTIFICATE), **KEYS)
        call(client, 1_000)
        call_at_once(client, 500)
    run_a_cloud(1_000)
    resolve_and_plan(1_000, 2_000)


if __name__ == "__main__":
    main()
