"""The options that change nothing for this service, and are looked up and checked all the same.

A program that is moved from boto3 keeps its Config, reads it back from `client.meta.config`, and hears of its mistakes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from fleetgrass.config import Config
    from fleetgrass.lookup import Lookup

CHECKSUM_MODES = ("when_supported", "when_required")
REGIONAL_ENDPOINTS = ("legacy", "regional")
ACCOUNT_ID_MODES = ("preferred", "disabled", "required")


def truth(value: Any) -> bool:
    """botocore's reading of a switch: the word `true` in any case; anything but a bool or a string is off."""
    return value.lower() == "true" if isinstance(value, str) else value is True


def invalid(message: str) -> NoReturn:
    from fleetgrass import exceptions

    raise exceptions.InvalidConfigError(error_msg=message)


def settle(values: dict[str, Any], config: Config | None, lookup: Lookup, unsigned: bool, defaults_mode: str) -> None:
    """Fill these options into the values of `client.meta.config`, in botocore's order."""
    _settle_compression(values, lookup)
    if values.get("sigv4a_signing_region_set") is None:
        values["sigv4a_signing_region_set"] = lookup.get("sigv4a_signing_region_set")
    for key in ("request_checksum_calculation", "response_checksum_validation"):
        values[key] = _checksum_mode(key, values.get(key), lookup)
    values["account_id_endpoint_mode"] = _account_id_mode(values.get("account_id_endpoint_mode"), unsigned, lookup)
    if config is None or getattr(config, "_inject_host_prefix", "UNSET") == "UNSET":
        values["inject_host_prefix"] = not lookup.flag("disable_host_prefix_injection")
    values["auth_scheme_preference"] = _auth_scheme_preference(config, lookup)
    values["s3"] = _s3(config.s3 if config else None, lookup, defaults_mode)
    values["s3_disable_express_session_auth"] = _s3_express(config, lookup)


def _settle_compression(values: dict[str, Any], lookup: Lookup) -> None:
    key = "request_min_compression_size_bytes"
    size = values.get(key)
    if size is None:
        size = lookup.get(key)
    try:
        values[key] = int(size)
    except (ValueError, TypeError):
        invalid(f'Invalid value "{size}" for {key}. Value must be an integer. Received {type(size)} instead.')
    if not 1 <= values[key] <= 1048576:
        invalid(f'Invalid value "{size}" for {key}. Value must be between 1 and 1048576.')
    disabled = values.get("disable_request_compression")
    if disabled is None:
        disabled = lookup.get("disable_request_compression")
    values["disable_request_compression"] = truth(disabled)


def _checksum_mode(key: str, mode: Any, lookup: Lookup) -> str:
    if mode is None:
        mode = lookup.get(key)
    if isinstance(mode, str):
        mode = mode.lower()
    if mode not in CHECKSUM_MODES:
        from fleetgrass import exceptions

        raise exceptions.InvalidChecksumConfigError(config_key=key, config_value=mode, valid_options=CHECKSUM_MODES)
    return str(mode)


def _account_id_mode(mode: Any, unsigned: bool, lookup: Lookup) -> str:
    if unsigned:
        return "disabled"
    if mode is None:
        mode = lookup.get("account_id_endpoint_mode")
    if isinstance(mode, str):
        mode = mode.lower()
    if mode not in ACCOUNT_ID_MODES:
        invalid(
            f"The configured value '{mode}' for 'account_id_endpoint_mode' is invalid. "
            f"Valid values are: {ACCOUNT_ID_MODES}."
        )
    return str(mode)


def _auth_scheme_preference(config: Config | None, lookup: Lookup) -> str | None:
    value = getattr(config, "auth_scheme_preference", None) or lookup.get("auth_scheme_preference")
    if value is None:
        return None
    if not isinstance(value, str):
        invalid(f"auth_scheme_preference must be a comma-delimited string. Received {type(value)} instead: {value}.")
    return ",".join(item.replace(" ", "").replace("\t", "") for item in value.split(",") if item.strip())


def _s3(given: Mapping[str, Any] | None, lookup: Lookup, defaults_mode: str) -> Mapping[str, Any] | None:
    section = lookup.profile.get("s3")
    if section and not isinstance(section, dict):
        return given
    found = lookup.s3_options
    if defaults_mode != "legacy":
        found = {"us_east_1_regional_endpoint": "regional", **found}
    return {**found, **(given or {})} if found else given


def check_regional_endpoints(lookup: Lookup, s3: Mapping[str, Any] | None) -> None:
    """botocore's rules for endpoints read these of STS and S3 for every service."""
    sts_regional_endpoints(lookup)
    name = "us_east_1_regional_endpoint"
    if s3 and name in s3 and s3[name] not in REGIONAL_ENDPOINTS:
        from fleetgrass import exceptions

        raise exceptions.InvalidS3UsEast1RegionalEndpointConfigError(s3_us_east_1_regional_endpoint_config=s3[name])


def sts_regional_endpoints(lookup: Lookup) -> str:
    mode: str = lookup.get("sts_regional_endpoints") or "regional"
    if mode not in REGIONAL_ENDPOINTS:
        from fleetgrass import exceptions

        raise exceptions.InvalidSTSRegionalEndpointsConfigError(sts_regional_endpoints_config=mode)
    return mode


def _s3_express(config: Config | None, lookup: Lookup) -> bool:
    value = config.s3.get("disable_s3_express_session_auth") if config and config.s3 else None
    if value is None:
        value = lookup.get("s3_disable_express_session_auth")
    if value is not None and str(value).lower() not in ("true", "false"):
        invalid(f'Invalid value "{value}" for s3_disable_express_session_auth. Value must be a boolean')
    return truth(value)
