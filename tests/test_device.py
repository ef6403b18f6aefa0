"""The data plane: what a client with a device's certificate calls there, and clients of a device's configuration."""

import os
from pathlib import Path
from typing import Any

import botocore.config
import pytest

import fleetgrass
from facade import KEYS, environment, options
from fleetgrass import Config, _core, device, device_client, exceptions
from support.deviations import Ledger
from support.model import service
from support.proxy import Proxy
from support.server import RecordingServer
from support.tls import CERTIFICATE, KEY, TlsServer

CERT = (CERTIFICATE, KEY)
ONLY = {"ResolveComponentCandidates"}
OPERATIONS = set(service().operation_names)
ALSO = {"GetComponentVersionArtifact", "GetConnectivityInfo", "UpdateConnectivityInfo"}


def resolve(client: Any) -> Any:
    return client.resolve_component_candidates(platform={}, componentCandidates=[])


def data_plane(region: str = "eu-west-1", url: str | None = None, **config: Any) -> Any:
    settled = options(region_name=region, endpoint_url=url, config=Config(client_cert=CERT, **config), **KEYS)
    return settled["data_plane"]


def test_a_certificate_opens_the_regions_data_plane() -> None:
    with environment():
        assert data_plane() == {"url": "https://greengrass-ats.iot.eu-west-1.amazonaws.com:8443", "named": False}
        assert data_plane("cn-north-1")["url"] == "https://greengrass-ats.iot.cn-north-1.amazonaws.com.cn:8443"
        assert options(region_name="eu-west-1", **KEYS)["data_plane"] is None


def test_where_there_is_no_such_address_all_stays_as_it_is() -> None:
    """With a URL for all calls, and where FIPS or dual-stack is asked for: the data plane has no such names."""
    with environment():
        assert data_plane(url="http://localhost:1") is None
        assert data_plane(use_fips_endpoint=True) is None
        assert data_plane(use_dualstack_endpoint=True) is None
    with environment(AWS_ENDPOINT_URL="http://localhost:1"):
        assert data_plane() is None


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("a1b2-ats.iot.eu-west-1.amazonaws.com", "https://a1b2-ats.iot.eu-west-1.amazonaws.com:8443"),
        ("localhost:444", "https://localhost:444"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_the_accounts_own_address(named: str, url: str) -> None:
    with environment():
        assert data_plane(data_plane_endpoint=named) == {"url": url, "named": True}
        assert data_plane(url="http://localhost:1", data_plane_endpoint=named)["url"] == url


def test_a_data_plane_without_a_certificate_is_refused() -> None:
    with environment(), pytest.raises(exceptions.InvalidConfigError, match=r"data_plane_endpoint='x'.*client_cert="):
        options(region_name="eu-west-1", config=Config(data_plane_endpoint="x"), **KEYS)
    with environment(), pytest.raises(exceptions.InvalidConfigError) as refused:
        options(region_name="eu-west-1", config=Config(data_plane_endpoint="https://user:hunter2@x"), **KEYS)
    assert "hunter2" not in f"{refused.value} {refused.value.kwargs}"
    with environment(), pytest.raises(ValueError, match="Invalid endpoint: https://a b:8443"):
        data_plane(data_plane_endpoint="a b")


@pytest.mark.parametrize("named", [False, True])
def test_which_operations_are_called_there(named: bool) -> None:
    """Those alone that nothing else serves, unless the data plane is named."""
    config = Config(client_cert=CERT, **({"data_plane_endpoint": "localhost"} if named else {}))
    client = fleetgrass.client("greengrassv2", region_name="eu-west-1", config=config, **KEYS)
    there = {name for name in OPERATIONS if client._core.endpoint(name)[1]}
    assert there == (ONLY | ALSO if named else ONLY)
    assert {client._core.endpoint(name)[0] for name in OPERATIONS - there} == {
        "https://greengrass.eu-west-1.amazonaws.com"
    }


@pytest.fixture
def door() -> Any:
    """A data plane that lets in who has a certificate."""
    with TlsServer(wants_certificate=True) as server:
        yield server


@pytest.mark.parametrize("observed", [False, True])
def test_the_certificate_stands_in_place_of_a_signature(
    door: TlsServer, server: RecordingServer, observed: bool
) -> None:
    """At the data plane; other calls of the same client are signed and go where they always went."""
    config = Config(client_cert=CERT, data_plane_endpoint=door.url)
    client = fleetgrass.client(
        "greengrassv2", "eu-west-1", endpoint_url=server.url, verify=CERTIFICATE, config=config, **KEYS
    )
    if observed:
        client.meta.events.register("before-call", lambda **told: None)
    resolve(client)
    client.get_connectivity_info(thingName="pump-1")
    client.list_components()
    first, second = door.requests
    assert first.startswith("POST /greengrass/v2/resolveComponentCandidates ")
    assert second.startswith("GET /greengrass/things/pump-1/connectivityInfo ")
    for request in door.requests:
        assert f"host: 127.0.0.1:{door.port}\r\n" in request.replace("Host", "host")
        assert "authorization" not in request.lower()
        assert "x-amz-date" not in request.lower()
    (signed,) = server.take()
    assert signed.path == "/greengrass/v2/components"
    assert signed.header("authorization")


def test_no_credentials_are_needed_there(door: TlsServer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_ACCESS"):
                patch.delenv(name)
        config = Config(client_cert=CERT, data_plane_endpoint=door.url)
        client = fleetgrass.Session().client("greengrassv2", "eu-west-1", verify=CERTIFICATE, config=config)
        resolve(client)
        url = client.generate_presigned_url("resolve_component_candidates", {"platform": {}, "componentCandidates": []})
    assert url == f"{door.url}/greengrass/v2/resolveComponentCandidates"
    with pytest.raises(exceptions.NoCredentialsError):
        client.list_components()


def test_a_stranger_is_not_let_in(door: TlsServer, server: RecordingServer) -> None:
    once = {"total_max_attempts": 1}
    client = fleetgrass.client(
        "greengrassv2", "eu-west-1", endpoint_url=door.url, verify=CERTIFICATE, config=Config(retries=once), **KEYS
    )
    with pytest.raises(exceptions.SSLError, match="CertificateRequired"):
        resolve(client)
    assert not door.requests


@pytest.mark.deviation
def test_botocore_asks_the_control_plane(ledger: Ledger) -> None:
    """Seen in presigned URLs, which name the server without a call."""
    import boto3

    ledger.use("data-plane")
    params = {"platform": {}, "componentCandidates": []}
    config = botocore.config.Config(client_cert=CERT)
    urls = [
        module.client("greengrassv2", "eu-west-1", config=config, **KEYS).generate_presigned_url(
            "resolve_component_candidates", params
        )
        for module in (boto3, fleetgrass)
    ]
    assert urls[0].startswith("https://greengrass.eu-west-1.amazonaws.com/greengrass/v2/resolveComponentCandidates?")
    assert urls[1] == (
        "https://greengrass-ats.iot.eu-west-1.amazonaws.com:8443/greengrass/v2/resolveComponentCandidates"
    )


# A device's own configuration


def write(folder: Path, nucleus: str = "", name: str = "aws.greengrass.Nucleus", system: str = "") -> Path:
    path = folder / "effectiveConfig.yaml"
    path.write_text(
        f"""---
system:
  certificateFilePath: "{CERTIFICATE}"
  privateKeyPath: "{KEY}"
  rootCaPath: "{CERTIFICATE}"
  rootpath: "/greengrass/v2"
  thingName: "pump-1"
{system}
services:
  com.example.Pump:
    componentType: "GENERIC"
    configuration: {{1: [2, {{a: b}}], awsRegion: [elsewhere]}}
  main:
    dependencies: ["{name}"]
    lifecycle: {{}}
  {name}:
    componentType: "NUCLEUS"
    configuration:
      awsRegion: "eu-west-1"
      jvmOptions: ""
      mqtt: {{spooler: {{}}}}
{nucleus}
    version: "2.17.0"
"""
    )
    return path


def indented(**settings: Any) -> str:
    return "\n".join(f"      {name}: {value}" for name, value in settings.items())


@pytest.mark.parametrize("name", ["aws.greengrass.Nucleus", "aws.greengrass.NucleusLite"])
def test_a_client_of_a_devices_configuration(door: TlsServer, tmp_path: Path, name: str) -> None:
    settings = indented(
        iotDataEndpoint="localhost", greengrassDataPlaneEndpoint="iotdata", greengrassDataPlanePort=door.port
    )
    path = write(tmp_path, settings, name)
    with device_client(path) as client:
        resolve(client)
        client.get_connectivity_info(thingName=device.read(path)["thing_name"])
    assert client.meta.region_name == "eu-west-1"
    assert [request.split(" ")[1] for request in door.requests] == [
        "/greengrass/v2/resolveComponentCandidates",
        "/greengrass/things/pump-1/connectivityInfo",
    ]


def test_the_nucleuss_proxy_is_used_unless_the_host_is_exempt(door: TlsServer, tmp_path: Path) -> None:
    with Proxy(("127.0.0.1", door.port)) as proxy:
        plane = {"iotDataEndpoint": "localhost", "greengrassDataPlaneEndpoint": "iotdata"}
        plane["greengrassDataPlanePort"] = str(door.port)
        through = f"{{proxy: {{url: 'http://{proxy.address}', username: me, password: 'p@ss'}}"
        for exempt in ("other", "localhost,other"):
            settings = indented(**plane, networkProxy=f"{through}, noProxyAddresses: '{exempt}'}}")
            resolve(device_client(write(tmp_path, settings)))
    (head,) = proxy.take()
    assert head.startswith(f"CONNECT localhost:{door.port} ")
    assert "Basic bWU6cEBzcw==" in head
    assert len(door.requests) == 2


def test_who_stands_in_the_proxys_url_wins(door: TlsServer, tmp_path: Path) -> None:
    with Proxy(("127.0.0.1", door.port)) as proxy:
        plane = {"iotDataEndpoint": "localhost", "greengrassDataPlaneEndpoint": "iotdata"}
        plane["greengrassDataPlanePort"] = str(door.port)
        through = f"{{proxy: {{url: 'http://u1:p1@{proxy.address}', username: u2, password: 1.5}}}}"
        resolve(device_client(write(tmp_path, indented(**plane, networkProxy=through))))
    (head,) = proxy.take()
    assert "Basic dTE6cDE=" in head


@pytest.mark.parametrize(("written", "password"), [("1.5", "1.5"), ("true", "true"), ("12", "12"), ("'0123'", "0123")])
def test_passwords_that_look_like_something_else(tmp_path: Path, written: str, password: str) -> None:
    through = f"{{proxy: {{url: 'http://p:1', username: u, password: {written}}}}}"
    assert device.read(write(tmp_path, indented(networkProxy=through)))["proxy_password"] == password


def test_certificate_and_key_may_be_urls(door: TlsServer, tmp_path: Path) -> None:
    settings = indented(
        iotDataEndpoint="localhost", greengrassDataPlaneEndpoint="iotdata", greengrassDataPlanePort=door.port
    )
    path = write(tmp_path, settings)
    for plain in (f'certificateFilePath: "{CERTIFICATE}"', f'privateKeyPath: "{KEY}"'):
        path.write_text(path.read_text().replace(plain, plain.replace('"/', '"file:///')))
    assert path.read_text().count("file:///") == 2
    resolve(device_client(path))
    assert len(door.requests) == 1


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://greengrass-ats.iot.eu-west-1.amazonaws.com:8443"),
        ({"greengrassDataPlanePort": "'443'"}, "https://greengrass-ats.iot.eu-west-1.amazonaws.com:443"),
        ({"iotDataEndpoint": "a-ats.iot"}, "https://greengrass-ats.iot.eu-west-1.amazonaws.com:8443"),
        ({"iotDataEndpoint": "a-ats.iot", "greengrassDataPlaneEndpoint": "iotdata"}, "https://a-ats.iot:8443"),
    ],
)
def test_the_address_follows_from_the_configuration(tmp_path: Path, settings: Any, url: str) -> None:
    client = device_client(write(tmp_path, indented(**settings)))
    assert client._core.endpoint("ResolveComponentCandidates") == (url, True)
    given = device_client(tmp_path / "effectiveConfig.yaml", data_plane_endpoint="b-ats.iot", region_name="us-east-1")
    assert given._core.endpoint("ResolveComponentCandidates")[0] == "https://b-ats.iot:8443"
    assert given.meta.region_name == "us-east-1"


def test_options_of_the_caller_win(tmp_path: Path) -> None:
    client = device_client(write(tmp_path), client_config=Config(read_timeout=3, client_cert="/own.pem"))
    assert client.meta.config.read_timeout == 3
    assert client.meta.config.client_cert == "/own.pem"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("certificateFilePath:", "x:", "has no system.certificateFilePath"),
        ("privateKeyPath:", "x:", "has no system.privateKeyPath"),
        ('awsRegion: "eu-west-1"', "x: y", r"has no services\..*awsRegion.*region_name="),
        (f'privateKeyPath: "{KEY}"', 'privateKeyPath: "pkcs11:object=key;type=private"', "has a .* hardware module"),
        ('jvmOptions: ""', "greengrassDataPlaneEndpoint: iotdata", r"has no services\..*\.iotDataEndpoint"),
        ("system:", "system: [", "is no configuration of a core device: .*line"),
        ('awsRegion: "eu-west-1"', "awsRegion: [1]", "is no configuration of a core device: services.aws.greengrass"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    """With the file, the key and what to do."""
    path = write(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(exceptions.InvalidConfigError, match=f"^{path} {words}"):
        device_client(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    with pytest.raises(exceptions.InvalidConfigError, match=f"^{missing} cannot be read: No such file"):
        device_client(missing)


def test_the_model_says_what_devices_call() -> None:
    import json

    operations = json.loads(_core.model())["operations"]
    told = {name: operation["dataPlane"] for name, operation in operations.items() if "dataPlane" in operation}
    assert told == {**dict.fromkeys(ONLY, "only"), **dict.fromkeys(ALSO, "also")}
