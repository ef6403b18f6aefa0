"""From what a caller gave to what the core needs: each setting from argument, environment, file or default.

`settle` goes through the settings in botocore's order, so that of two mistakes the same one is reported.
"""

from __future__ import annotations

import os
import sys

from fleetgrass import _core, config as configs, connections, credentials, endpoints, inert_options, user_agent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.config import Config
    from fleetgrass.lookup import Lookup

SERVICE = "greengrassv2"

#: Seconds to connect within, by defaults mode.
CONNECT_TIMEOUTS = {"standard": 3.1, "in-region": 1.1, "cross-region": 3.1, "mobile": 30}
DEFAULTS_MODES = ("legacy", "auto", *CONNECT_TIMEOUTS)
KEY_ARGUMENTS = {
    "access_key": "aws_access_key_id",
    "secret_key": "aws_secret_access_key",
    "token": "aws_session_token",
}

#: More than anybody has.
UNLIMITED = 2**31
DEFAULT_ATTEMPTS = {"legacy": 5, "standard": 3, "adaptive": 3}


def settle(lookup: Lookup, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of `_core.Client`, and the facts of `client.meta`, for the arguments of `Session.client`."""
    config = given["config"]
    now = lookup.now()  # an unknown profile is reported before all else
    region = _region(now, given["region_name"], config)
    verify = now.get("ca_bundle") if given["verify"] is None else given["verify"]
    unsigned = config is not None and configs.is_unsigned(config.signature_version)
    found = None if unsigned else _credentials(lookup, given, region)
    keys = _keys(found)
    now.check_token()
    defaults_mode = _defaults_mode(config, lookup, region)
    _check_api_version(given["api_version"], now)
    endpoint = endpoints.settle(given, region, config, now)
    values = _config_values(config, now, unsigned, defaults_mode)
    validation = _parameter_validation(config, now)
    before, after, features_sent = user_agent.parts(
        values["retries"]["mode"], values["user_agent_appid"], lookup.user_agent_words, config
    )
    values.update(
        region_name=endpoint["region_name"],
        user_agent=f"{before} {after}".strip(),
        strict_validation=validation == "strict",
        data_plane_endpoint=getattr(config, "data_plane_endpoint", None),
        requests_per_second=_requests_per_second(config),
        max_concurrency=_max_concurrency(config),
        **{f"use_{tag}_endpoint": True for tag in endpoint["tags"]},
    )
    values["max_response_bytes"] = _max_response_bytes(config)
    meta_config = configs.Config(**values)
    endpoints.check_url(endpoint["meta_url"])
    verify = connections.verify(verify)
    if not verify and endpoint["url"].lstrip().lower().startswith("https"):
        connections.warn_of_no_verification(endpoint["url"])
    _check_timeouts(meta_config)
    retries = values["retries"]
    options = {
        "signing_region": endpoint["signing_region"],
        "endpoint_url": endpoint["url"],
        "data_plane": endpoint["data_plane"],
        "credentials": keys,
        "signature_version": "unsigned" if unsigned else values["signature_version"],
        "user_agent_prefix": before,
        "user_agent_suffix": after,
        "user_agent_features": _features(values, endpoint["custom"], found, lookup) if features_sent else None,
        "parameter_validation": validation,
        "connect_timeout": meta_config.connect_timeout,
        "read_timeout": meta_config.read_timeout,
        "max_pool_connections": _max_pool_connections(meta_config),
        "max_response_bytes": meta_config.max_response_bytes,
        "requests_per_second": meta_config.requests_per_second,
        "custom_endpoint": endpoint["custom"],
        "retry_mode": retries["mode"],
        "total_max_attempts": _total_max_attempts(retries),
        "verify": verify,
        "client_cert": connections.client_cert(meta_config.client_cert),
        "proxies": connections.proxies(
            meta_config.proxies,
            meta_config.proxies_config,
            endpoint["meta_url"],
            verify,
            endpoint["data_plane"] and endpoint["data_plane"]["url"],
        ),
        "tcp_keepalive": _tcp_keepalive(config, now),
        "trace_id_from_lambda": "AWS_LAMBDA_FUNCTION_NAME" in os.environ,
    }
    inert_options.check_regional_endpoints(now, values["s3"])
    facts = {
        "region_name": endpoint["region_name"],
        "endpoint_url": endpoint["meta_url"],
        "partition": endpoint["partition"],
        "config": meta_config,
        "arguments": {**given, "region_name": region},  # for pickles, whoever named the Region
        "retry_mode": options["retry_mode"],
        "total_max_attempts": options["total_max_attempts"],
        "signing_region": endpoint["signing_region"],
        "called_url": endpoint["url"],
        "data_plane": endpoint["data_plane"],
        "custom_url": endpoint["url"] if endpoint["custom"] else None,
        "credentials": found,
        "provider": found if keys is None else None,
    }
    return options, facts


# One setting each, in the order in which they are settled.


def _region(lookup: Lookup, region: str | None, config: Config | None) -> str | None:
    if region is None:
        region = config.region_name if config and config.region_name is not None else lookup.region_name
    if region is not None:
        endpoints.check_region(region)
    return region


def _credentials(lookup: Lookup, given: Mapping[str, Any], region: str | None) -> Any:
    explicit = credentials.explicit(
        given["aws_access_key_id"],
        given["aws_secret_access_key"],
        given["aws_session_token"],
        given["aws_account_id"],
    )
    return explicit or lookup.credentials(region)


def _keys(found: Any) -> dict[str, Any] | None:
    """Our own never change; None for any others, which the core has to ask for."""
    if type(found) is not credentials.Credentials:
        return None
    keys = {name: getattr(found, name) for name in ("access_key", "secret_key", "token", "account_id")}
    for name, argument in KEY_ARGUMENTS.items():
        _check_key(argument, keys[name])
    if keys["access_key"] is None:
        given = " and ".join(argument for name, argument in KEY_ARGUMENTS.items() if keys[name] is not None)
        inert_options.invalid(
            f"aws_access_key_id is missing beside {given}: give it too, or leave all keys out to have those of the "
            "environment or of a profile"
        )
    if keys["account_id"] is not None:
        keys["account_id"] = str(keys["account_id"])  # a number, mostly
    return keys


def _check_key(argument: str, key: Any) -> None:
    """Says what is wrong with a key, and nothing of its value."""
    if key is None:
        return
    try:
        str.encode(key)
        return
    except TypeError:
        problem = f"of type {type(key).__name__}"
    except UnicodeEncodeError:
        problem = "no Unicode text"
    inert_options.invalid(f"{argument} is {problem}: it has to be a text")


def _defaults_mode(config: Config | None, lookup: Lookup, region: str | None) -> str:
    given = config.defaults_mode if config and config.defaults_mode else lookup.get("defaults_mode")
    mode: str = given.lower()
    if mode not in DEFAULTS_MODES:
        from fleetgrass import exceptions

        raise exceptions.InvalidDefaultsMode(mode=given, valid_modes=", ".join(DEFAULTS_MODES))
    if mode != "auto":
        return mode
    here = os.environ.get("AWS_EXECUTION_ENV") and os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION"))
    here = here or lookup.instance_region
    if not here:
        return "standard"
    return "in-region" if here == region else "cross-region"


def _check_api_version(version: str | None, lookup: Lookup) -> None:
    if version is None:
        version = lookup.get("api_versions").get(SERVICE)
    if version not in (None, _core.api_version()):
        from fleetgrass import exceptions

        raise exceptions.DataNotFoundError(data_path=os.path.join(SERVICE, str(version), "service-2"))


def _config_values(config: Config | None, lookup: Lookup, unsigned: bool, defaults_mode: str) -> dict[str, Any]:
    """The options that `client.meta.config` shows: what the caller set, else what was found, else the defaults."""
    names = (
        "connect_timeout", "read_timeout", "max_pool_connections", "proxies", "proxies_config", "retries",
        "client_cert", "inject_host_prefix", "tcp_keepalive", "user_agent_extra", "user_agent_appid",
        "request_min_compression_size_bytes", "disable_request_compression", "client_context_params",
        "sigv4a_signing_region_set", "request_checksum_calculation", "response_checksum_validation",
        "account_id_endpoint_mode",
    )  # fmt: skip
    # Options that an older botocore's Config does not have are unset.
    values: dict[str, Any] = {name: getattr(config, name, None) for name in names} if config else {}
    values["retries"] = _retries(values.get("retries"), lookup)
    if values.get("connect_timeout") is None and defaults_mode != "legacy":
        values["connect_timeout"] = CONNECT_TIMEOUTS[defaults_mode]
    if values.get("user_agent_appid") is None:
        values["user_agent_appid"] = lookup.get("user_agent_appid")
    inert_options.settle(values, config, lookup, unsigned, defaults_mode)
    values["signature_version"] = _signature_version(config, lookup)
    return values


def _retries(given: Mapping[str, Any] | None, lookup: Lookup) -> dict[str, Any]:
    """`mode`, and `total_max_attempts` where it is known. The caller's dict stays as it is."""
    retries = dict(given or {})
    extra = retries.pop("max_attempts", None)
    if "total_max_attempts" not in retries:
        if extra is not None:
            retries["total_max_attempts"] = extra + 1
        elif (total := lookup.get("max_attempts")) is not None:
            retries["total_max_attempts"] = int(total)
    if "mode" not in retries:
        retries["mode"] = lookup.get("retry_mode")
    return retries


def _signature_version(config: Config | None, lookup: Lookup) -> Any:
    if config and config.signature_version is not None:
        given = config.signature_version
        if not (isinstance(given, str) or configs.is_unsigned(given)):
            inert_options.invalid(f"Config(signature_version={given!r}) is no name: give 'v4', or UNSIGNED for none")
        return given
    # botocore looks under the endpoint's name here, not under the service's.
    section = lookup.profile.get("greengrass")
    return (section.get("signature_version") if isinstance(section, dict) else None) or "v4"


def _check_timeouts(config: Config) -> None:
    for name in ("connect", "read"):
        check_timeout(name, getattr(config, f"{name}_timeout"))


def check_timeout(name: str, value: Any) -> None:
    """`ValueError`, in the words of urllib3: no timeout is like this."""
    if value is None:
        return
    if isinstance(value, bool):
        raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")
    try:
        float(value)
        positive = value > 0
    except (TypeError, ValueError):
        raise ValueError(f"Timeout value {name} was {value}, but it must be an int, float or None.") from None
    if not positive:
        raise ValueError(
            f"Attempted to set {name} timeout to {value}, but the timeout "
            "cannot be set to a value less than or equal to 0."
        )


def _parameter_validation(config: Config | None, lookup: Lookup) -> str:
    """How much is checked before a call: "off", "standard" (what botocore checks) or "strict" (all of the model)."""
    off = config is not None and not config.parameter_validation
    off = off or not inert_options.truth(lookup.profile.get("parameter_validation", True))
    strict = getattr(config, "strict_validation", False)  # botocore's Config does not have it
    if not isinstance(strict, bool):
        inert_options.invalid(f"Config(strict_validation={strict!r}) is neither True nor False")
    if strict and off:
        inert_options.invalid(
            "Config(strict_validation=True) checks more than parameter_validation does, which is turned off, by the "
            "Config or in the shared file: turn it on again, or leave strict_validation out"
        )
    return "strict" if strict else "off" if off else "standard"


def _max_response_bytes(config: Config | None) -> int | None:
    given = getattr(config, "max_response_bytes", configs.OWN_DEFAULTS["max_response_bytes"])
    if given is not None and (type(given) is not int or not 0 < given < 2**63):
        inert_options.invalid(
            f"Config(max_response_bytes={given!r}) is no number of bytes: give an integer above 0, or None for no limit"
        )
    return given


def _requests_per_second(config: Config | None) -> float | None:
    given = getattr(config, "requests_per_second", None)
    if given is not None and (type(given) not in (int, float) or not 0 < given <= sys.float_info.max):
        inert_options.invalid(
            f"Config(requests_per_second={given!r}) is no rate: give a number above 0, or leave it out for the default"
        )
    return given


def _max_concurrency(config: Config | None) -> int:
    given = getattr(config, "max_concurrency", None)
    if given is None:
        return int(configs.OWN_DEFAULTS["max_concurrency"])
    if type(given) is not int or given < 1:
        inert_options.invalid(f"Config(max_concurrency={given!r}) is no number of calls: give an integer from 1 up")
    return min(given, UNLIMITED)


def _max_pool_connections(config: Config) -> int:
    given = config.max_pool_connections
    if not isinstance(given, int):
        inert_options.invalid(
            f"Config(max_pool_connections={given!r}) is no number of connections: give an integer from 1 up"
        )
    return min(given, UNLIMITED) if given > 0 else UNLIMITED  # as urllib3 reads others


def _total_max_attempts(retries: Mapping[str, Any]) -> int:
    given = retries.get("total_max_attempts", DEFAULT_ATTEMPTS[retries["mode"]])
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if not isinstance(given, int):
        inert_options.invalid(
            f"Config(retries=...) makes {given!r} attempts in all, which is no whole number: give an integer from 1 up "
            "as total_max_attempts, or one from 0 up as max_attempts"
        )
    return min(given, UNLIMITED)


def _tcp_keepalive(config: Config | None, lookup: Lookup) -> bool:
    set_in_code = config.tcp_keepalive if config else None
    return bool(lookup.flag("tcp_keepalive") if set_in_code is None else set_in_code)


def _features(values: Mapping[str, Any], custom_endpoint: bool, found: Any, lookup: Lookup) -> list[str]:
    """The ids of what is true of every call of the client."""
    features = [
        user_agent.REQUEST_CHECKSUM[values["request_checksum_calculation"]],
        user_agent.RESPONSE_CHECKSUM[values["response_checksum_validation"]],
        user_agent.RETRY_MODES[values["retries"]["mode"]],
    ]
    if custom_endpoint:
        features.append(user_agent.ENDPOINT_OVERRIDE)
    return features + lookup.credential_features(found)
