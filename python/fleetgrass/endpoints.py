"""Where a client calls: Region names, endpoint URLs from arguments, environment and file, and their checks.

The tables of the Regions themselves are in the core.
"""

from __future__ import annotations

import os

from fleetgrass import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.config import Config
    from fleetgrass.lookup import Lookup

MAX_HOST = 255
MAX_LABEL = 63
DATA_PLANE_PORT = 8443


def settle(given: Mapping[str, Any], region: str | None, config: Config | None, lookup: Lookup) -> dict[str, Any]:
    """Where requests go (`url`), what `client.meta` says (`meta_url`, `partition`, `region_name`) and what is signed.

    A custom URL turns FIPS and dual-stack off, yet botocore still looks the Region up and may refuse it.
    """
    from fleetgrass import exceptions

    real_region = None if region is None else plain_region(region)
    url = _configured_url(given["endpoint_url"], config, lookup)
    if real_region is None:
        raise exceptions.NoRegionError()
    fips = _variant("use_fips_endpoint", config, lookup, is_used=url is None)
    if real_region != region:
        _warn_of_pseudo_region(region, real_region)
        fips = True
    dualstack = _variant("use_dualstack_endpoint", config, lookup, is_used=url is None)
    resolved = _core.resolve_endpoint(real_region, fips, dualstack)
    tags = [tag for tag, on in (("dualstack", dualstack), ("fips", fips)) if on]
    if resolved["legacy_url"] is None:
        problem = f"Endpoint does not exist for greengrass in region {real_region}"
        raise exceptions.EndpointVariantError(tags=tags, error_msg=problem)
    called, shown = (url, url) if url is not None else (resolved["url"], resolved["legacy_url"])
    if url is None and not given["use_ssl"]:
        called, shown = (f"http{address.removeprefix('https')}" for address in (called, shown))
    return {
        "url": called,
        "meta_url": shown,
        "custom": url is not None,
        "partition": resolved["partition"],
        "region_name": real_region,
        "signing_region": resolved["signing_region"] if url is None else real_region,
        "data_plane": _data_plane(config, resolved["data_plane_url"] if url is None else None),
        "tags": tags,
    }


def _data_plane(config: Config | None, regional_url: str | None) -> dict[str, Any] | None:
    """Where a client with a device's certificate calls what devices call: at the address that it is given, else the
    Region's. A URL for all calls leaves no other.
    """
    named = getattr(config, "data_plane_endpoint", None)  # botocore's Config does not have it
    certificate = config.client_cert if config else None
    if named is None:
        return {"url": regional_url, "named": False} if certificate and regional_url else None
    if not certificate:
        from fleetgrass import exceptions

        raise exceptions.InvalidConfigError(
            error_msg=f"Config(data_plane_endpoint={masked(str(named))!r}) is called with the device's certificate, "
            "and there is none: add client_cert=('/path/to/certificate.pem', '/path/to/private_key.pem')"
        )
    if "://" not in named:
        host, colon, port = named.rpartition(":")
        named = f"https://{named}" if colon and port.isdigit() and host else f"https://{named}:{DATA_PLANE_PORT}"
    check_url(named)
    return {"url": named, "named": True}


def plain_region(region: str) -> str:
    """The Region that a pseudo-Region (`fips-X`, `X-fips`) means, with FIPS; any other as it is."""
    return region.replace("fips-", "").replace("-fips", "")


def check_region(region: str) -> None:
    """A Region's name becomes a part of a host name, so it must be a legal label. The empty name fails later."""
    if not isinstance(region, str):
        raise TypeError(f"expected string or bytes-like object, got '{type(region).__name__}'")
    if not region or (_is_label(region) and not region.isdigit()):
        return
    from fleetgrass import exceptions

    raise exceptions.InvalidRegionError(region_name=region)


def check_url(url: str) -> None:
    if not isinstance(url, str) or not _is_valid_url(url):
        raise ValueError(f"Invalid endpoint: {masked(str(url))}")


def shown(url: Any) -> Any:
    """A URL as messages show it: without the password, and whatever is before it, that may stand in it."""
    if not isinstance(url, str) or "@" not in url:
        return url
    scheme, separator, rest = url.rpartition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}{separator}{'***@' if '@' in server else ''}{server.rpartition('@')[2]}{slash}{path}"


def masked(text: str) -> str:
    """What is no URL, without all that may be the password of the one that was meant. The core has its like."""
    before, at, rest = text.rpartition("@")
    if not at:
        return text
    scheme, _, user_info = before.partition(":")
    return f"{scheme}://***@{rest}" if user_info.startswith("//") else f"***@{rest}"


def _is_valid_url(url: str) -> bool:
    """Whether `url` has a scheme and a legal host name or address."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].partition(":")[0]
    if scheme in ("http", "https") and url.isprintable() and "@" not in url and _is_host(host):
        return True  # without the import of a URL parser
    if not {"\t", "\r", "\n"}.isdisjoint(url):
        return False
    from urllib.parse import urlsplit

    try:
        name = urlsplit(url).hostname
    except ValueError:
        if "@" in url:
            return False  # the error's own text may hold the password
        raise
    return name is not None and (_is_host(name.removesuffix(".")) or _is_ipv6(name))


def _is_host(host: str) -> bool:
    return len(host) <= MAX_HOST and all(_is_label(label) for label in host.split("."))


def _is_label(label: str) -> bool:
    letters = label.replace("-", "a")
    return 0 < len(label) <= MAX_LABEL and letters.isascii() and letters.isalnum() and "-" not in (label[0], label[-1])


def _is_ipv6(name: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(name)
    except AddressValueError:
        return False
    return True


def _configured_url(url: str | None, config: Config | None, lookup: Lookup) -> str | None:
    """The argument, else the environment (this service, then all), else the file (this service, then all)."""
    if url is not None:
        return url
    ignored = config.ignore_configured_endpoint_urls if config else None
    if lookup.flag("ignore_configured_endpoint_urls") if ignored is None else ignored:
        return None
    return _found_url("greengrassv2", lookup)


def configured_url(service: str, lookup: Lookup) -> str | None:
    """The URL that the environment or the file has for a service, named as in botocore, unless they are ignored."""
    return None if lookup.flag("ignore_configured_endpoint_urls") else _found_url(service, lookup)


def _found_url(service: str, lookup: Lookup) -> str | None:
    key = service.replace("-", "_")
    for variable in (f"AWS_ENDPOINT_URL_{key.upper()}", "AWS_ENDPOINT_URL"):
        if found := os.environ.get(variable):
            return found
    return _services_url(key, lookup) or lookup.profile.get("endpoint_url") or None


def _services_url(key: str, lookup: Lookup) -> str | None:
    """`endpoint_url` of the service in the `[services NAME]` section that the profile names."""
    if "services" not in lookup.profile:
        return None
    name = lookup.profile["services"]
    section = lookup.services.get(name)
    if not section:
        from fleetgrass import exceptions

        raise exceptions.InvalidConfigError(
            error_msg=f'The profile is configured to use the services section but the "{name}" services '
            "configuration does not exist."
        )
    own = section.get(key, {})
    if not isinstance(own, dict):
        from fleetgrass import exceptions

        raise exceptions.InvalidConfigError(
            error_msg=f'The services section "{name}" says "{key} = {masked(str(own))}", which is no section: write '
            f'"{key} =" and below it, indented, "endpoint_url = ..."'
        )
    return own.get("endpoint_url")


def _variant(name: str, config: Config | None, lookup: Lookup, *, is_used: bool) -> bool:
    """Whether this variant is asked for. What is no bool may mean anything, so it chooses no URL."""
    set_in_code = getattr(config, name, None)
    if is_used and set_in_code and set_in_code is not True:
        from fleetgrass import exceptions

        raise exceptions.InvalidConfigError(error_msg=f"Config({name}={set_in_code!r}) is neither True nor False")
    return bool(lookup.flag(name) if set_in_code is None else set_in_code)


def _warn_of_pseudo_region(region: str | None, real_region: str) -> None:
    import logging

    logging.getLogger("fleetgrass").warning(
        "%s is a pseudo-Region: calling %s with use_fips_endpoint; better configure those two", region, real_region
    )
