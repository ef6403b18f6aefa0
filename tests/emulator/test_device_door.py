"""The port for devices: certificates of the emulator's own authority, and the operations of the data plane only."""

import hashlib
import json
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

import fleetgrass
from fleetgrass import _core
from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, refused

DATA_PLANE = {
    "ResolveComponentCandidates",
    "GetComponentVersionArtifact",
    "GetConnectivityInfo",
    "UpdateConnectivityInfo",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with Emulator(region_name="eu-west-1", account_id="111122223333", device_port=0) as running:
        running.register_core_device("pump-1")
        yield running


@pytest.fixture(scope="module")
def files(cloud: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return cloud.device_certificate("pump-1").save(tmp_path_factory.mktemp("pump-1") / "new")


def device_of(cloud: Emulator, files: tuple[Path, Path, Path] | None, module: Any = boto3, **config: Any) -> Any:
    client_cert = (str(files[0]), str(files[1])) if files else None
    config = {"signature_version": UNSIGNED, "retries": {"total_max_attempts": 1}, **config}
    return module.client(
        "greengrassv2",
        endpoint_url=cloud.device_endpoint_url,
        region_name=cloud.region_name,
        verify=str(files[2]) if files else False,
        config=Config(client_cert=client_cert, **config),
        **cloud.credentials,
    )


def told(call: Any, params: dict[str, Any]) -> tuple[int, str, str]:
    """Status, code and text of an answer, good or not."""
    try:
        return call(**params)["ResponseMetadata"]["HTTPStatusCode"], "", ""
    except ClientError as error:
        response = error.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.parametrize("module", [boto3, fleetgrass])
def test_the_data_plane_answers_devices_as_it_answers_signers(cloud: Emulator, files: Any, module: Any) -> None:
    device, signer = device_of(cloud, files, module), client_of(cloud)
    for method, params in [
        ("get_connectivity_info", {"thingName": "pump-1"}),
        (
            "resolve_component_candidates",
            {"platform": {"attributes": {"os": "linux"}}, "componentCandidates": [{"componentName": "io.acme.None"}]},
        ),
        (
            "get_component_version_artifact",
            {"arn": "arn:aws:greengrass:eu-west-1:aws:components:a:versions:1.0.0", "artifactName": "x"},
        ),
    ]:
        assert told(getattr(device, method), params) == told(getattr(signer, method), params)


def test_a_client_of_the_devices_own_configuration_comes_in(cloud: Emulator, files: Any, tmp_path: Path) -> None:
    """With no more than what the nucleus has written: no keys, no addresses in the program."""
    certificate, key, authority = files
    path = tmp_path / "effectiveConfig.yaml"
    path.write_text(f"""
system:
  certificateFilePath: "{certificate}"
  privateKeyPath: "{key}"
  rootCaPath: "{authority}"
  thingName: "pump-1"
services:
  aws.greengrass.Nucleus:
    componentType: "NUCLEUS"
    configuration:
      awsRegion: "eu-west-1"
      iotDataEndpoint: "localhost"
      greengrassDataPlaneEndpoint: "iotdata"
      greengrassDataPlanePort: {cloud.device_endpoint_url.rpartition(":")[2]}
""")
    with fleetgrass.device_client(path) as device:
        told = [{"id": "a", "hostAddress": "10.0.0.7", "portNumber": 8883}]
        device.update_connectivity_info(thingName="pump-1", connectivityInfo=told)
        (known,) = device.get_connectivity_info(thingName="pump-1")["connectivityInfo"]
        assert known["hostAddress"] == "10.0.0.7"
        platform = {"attributes": {"os": "linux"}}
        assert device.resolve_component_candidates(platform=platform, componentCandidates=[])["ResponseMetadata"]


def test_all_else_is_refused(cloud: Emulator, files: Any) -> None:
    device = device_of(cloud, files)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(files[0].read_text())).hexdigest()
    who = f"arn:aws:iot:eu-west-1:111122223333:cert/{digest}"
    for method, name, *_ in _core.operations():
        if name in DATA_PLANE:
            continue
        shape = device.meta.service_model.operation_model(name).input_shape
        params = {member: sample(shape.members[member]) for member in shape.required_members}
        status, code, error = refused(getattr(device, method), **params)
        assert (status, code) == (403, "AccessDeniedException")
        reason = "because it is no operation of the data plane"
        assert error["Error"]["Message"] == f"User: {who} is not authorized to perform: greengrass:{name} {reason}"


def sample(shape: Any) -> Any:
    """Some value of a shape; it is refused before anybody looks at it."""
    return {"string": "x" * 20, "structure": {}, "list": ["x"], "map": {}, "blob": b""}[shape.type_name]


def test_a_signature_makes_no_difference(cloud: Emulator, files: Any) -> None:
    status, code, _ = refused(device_of(cloud, files, signature_version="v4").list_core_devices)
    assert (status, code) == (403, "AccessDeniedException")


def connected(cloud: Emulator, context: ssl.SSLContext) -> bytes:
    """What the port says to a request over this TLS."""
    host, _, port = cloud.device_endpoint_url.removeprefix("https://").rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        tls.sendall(b"GET /greengrass/things/pump-1/connectivityInfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: tls.recv(65536), b""))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_handshake_wants_a_certificate(cloud: Emulator, files: Any, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(files[2]))
    context.minimum_version = context.maximum_version = version
    with pytest.raises(OSError, match=r"(?i)certificate.required|handshake.failure|reset|broken pipe"):
        connected(cloud, context)
    context.load_cert_chain(files[0], files[1])
    assert connected(cloud, context).startswith(b"HTTP/1.1 ")


def test_only_its_own_authority_counts(cloud: Emulator, files: Any, tmp_path: Path) -> None:
    with Emulator(device_port=0) as other:
        certificate, key, authority = other.device_certificate("pump-1").save(tmp_path)
    context = ssl.create_default_context(cafile=str(files[2]))
    context.load_cert_chain(certificate, key)
    with pytest.raises(OSError, match=r"(?i)unknown.ca|decrypt.error|reset|broken pipe"):
        connected(cloud, context)
    strange = ssl.create_default_context(cafile=str(authority))
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(cloud, strange)


def test_what_is_no_handshake_harms_nobody(cloud: Emulator, files: Any) -> None:
    host, _, port = cloud.device_endpoint_url.removeprefix("https://").rpartition(":")
    # one that says nothing stays open meanwhile
    with socket.create_connection((host, int(port)), timeout=20):
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert b"HTTP" not in b"".join(iter(lambda: plain.recv(65536), b""))
        assert told(device_of(cloud, files).list_core_devices, {})[0] == 403


def test_files_are_their_owners(cloud: Emulator, files: Any, tmp_path: Path) -> None:
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3
    first, second = cloud.device_certificate("pump-1"), cloud.device_certificate("pump-1")
    assert first.private_key != second.private_key
    assert first.authority == second.authority == files[2].read_text()
    assert first.save(tmp_path) == second.save(str(tmp_path))
    assert (tmp_path / "device.pem.crt").read_text() == second.certificate


def test_the_certificate_names_its_thing(files: Any) -> None:
    decoded = ssl._ssl._test_decode_cert(str(files[0]))  # type: ignore[attr-defined]
    assert decoded["subject"] == ((("commonName", "pump-1"),),)


def test_names_and_the_door_itself(cloud: Emulator) -> None:
    with pytest.raises(ValueError, match='"a/b" is not a core device name'):
        cloud.device_certificate("a/b")
    with Emulator() as closed:
        with pytest.raises(RuntimeError, match="give Emulator a device_port"):
            _ = closed.device_endpoint_url
        with pytest.raises(ValueError, match="devices have no door: give a device_port"):
            closed.device_certificate("a")
    with pytest.raises(ValueError, match="device_port is 65536"):
        Emulator(device_port=65536)
    with pytest.raises(OSError, match="cannot listen on port"):
        Emulator(device_port=int(cloud.device_endpoint_url.rpartition(":")[2]))


def test_answers_are_json(cloud: Emulator, files: Any) -> None:
    context = ssl.create_default_context(cafile=str(files[2]))
    context.load_cert_chain(files[0], files[1])
    assert isinstance(json.loads(connected(cloud, context).partition(b"\r\n\r\n")[2]), dict)
