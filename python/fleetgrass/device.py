"""Clients that speak for a core device: by its certificate, as its own configuration says.

What a device may do is its IoT policy's affair, and few operations are served to devices: those of which the model says
that the data plane has them. A client calls these there; all others need AWS credentials, as ever.
"""

from __future__ import annotations

import os

from fleetgrass import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from fleetgrass._interface import GreengrassV2Client
    from fleetgrass.config import Config

#: Where the classic nucleus writes it, unless it was installed elsewhere.
CONFIG = "/greengrass/v2/config/effectiveConfig.yaml"


def device_client(
    config: str | os.PathLike[str] = CONFIG,
    *,
    region_name: str | None = None,
    data_plane_endpoint: str | None = None,
    client_config: Config | None = None,
    **arguments: Any,
) -> GreengrassV2Client:
    """A client with a core device's certificate, key, CA, Region, data plane and proxy.

    Args:
        config: The nucleus's `effectiveConfig.yaml`.
        region_name: In place of the Region in the file.
        data_plane_endpoint: Host or URL in place of the one that follows from the file.
        client_config: More options; what it sets wins.
        arguments: Other arguments of `fleetgrass.client`, such as AWS credentials.

    Raises:
        InvalidConfigError: the file cannot be read, or lacks something; the text names file and key, and what to do.
    """
    import fleetgrass

    device = read(config)
    region = region_name or _required(
        config, device, "region", "services.aws.greengrass.Nucleus.configuration.awsRegion"
    )
    endpoint = data_plane_endpoint or _data_plane(config, device, region)
    options = fleetgrass.Config(
        client_cert=(
            _path(_required(config, device, "certificate_path", "system.certificateFilePath")),
            _path(_key(config, device)),
        ),
        data_plane_endpoint=endpoint,
    )
    if device["proxy_url"] is not None:
        options = options.merge(fleetgrass.Config(proxies=_proxies(device, endpoint)))
    if client_config is not None:
        options = options.merge(client_config)
    arguments.setdefault("verify", device["root_ca_path"])
    client: GreengrassV2Client = fleetgrass.client("greengrassv2", region_name=region, config=options, **arguments)
    return client


def read(config: str | os.PathLike[str] = CONFIG) -> dict[str, Any]:
    """What the file says of the device, each None where it says nothing.

    Returns:
        `thing_name`, `region`, `certificate_path`, `key_path`, `root_ca_path`, `iot_data_endpoint`,
        `data_plane_endpoint`, `data_plane_port`, `proxy_url`, `proxy_user`, `proxy_password`, `no_proxy`.

    Raises:
        InvalidConfigError: the file cannot be read, or is no such configuration.
    """
    try:
        with open(config, "rb") as file:
            text = file.read()
    except OSError as error:
        _refuse(
            config,
            f"cannot be read: {error.strerror}. Name the device's effectiveConfig.yaml, device_client(config=...), and "
            "run as a user who may read it",
        )
    try:
        return _core.read_core_device_config(text)
    except ValueError as error:
        _refuse(config, f"is no configuration of a core device: {error}")


def _required(config: Any, device: dict[str, Any], name: str, key: str) -> str:
    value: str | None = device[name]
    if value is None:
        hint = "or give region_name=..." if name == "region" else "the nucleus writes it when the device is provisioned"
        _refuse(config, f"has no {key}: set it ({hint})")
    return value


def _key(config: Any, device: dict[str, Any]) -> str:
    key = _required(config, device, "key_path", "system.privateKeyPath")
    if key.startswith("pkcs11:"):
        _refuse(config, f"has a system.privateKeyPath in a hardware module ({key}); only keys in files can be used")
    return key


def _path(path: str) -> str:
    """The nucleus takes `file:` URLs of certificate and key too."""
    if not path.startswith("file:"):
        return path
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(path).path)


def _data_plane(config: Any, device: dict[str, Any], region: str) -> str:
    """The account's own host where the nucleus uses it, else the Region's."""
    port = device["data_plane_port"] or "8443"
    if device["data_plane_endpoint"] == "iotdata":
        key = "services.aws.greengrass.Nucleus.configuration.iotDataEndpoint"
        return f"{_required(config, device, 'iot_data_endpoint', key)}:{port}"
    url: str = _core.resolve_endpoint(region, False, False)["data_plane_url"]
    return f"{url.rpartition(':')[0]}:{port}"


def _proxies(device: dict[str, Any], endpoint: str) -> dict[str, str]:
    """The nucleus's proxy, unless the data plane is exempt from it."""
    from urllib.parse import quote
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    host = endpoint.rpartition("://")[2]
    if device["no_proxy"] is not None and proxy_bypass_environment(host, {"no": device["no_proxy"]}):
        return {}
    scheme, _, server = device["proxy_url"].rpartition("://")
    if device["proxy_user"] is not None and "@" not in server:  # as the nucleus: who stands in the URL wins
        user, password = (quote(device[name] or "", safe="") for name in ("proxy_user", "proxy_password"))
        server = f"{user}:{password}@{server}"
    return dict.fromkeys(("http", "https"), f"{scheme or 'http'}://{server}")


def _refuse(config: Any, problem: str) -> NoReturn:
    from fleetgrass import exceptions

    raise exceptions.InvalidConfigError(error_msg=f"{os.fspath(config)} {problem}")
