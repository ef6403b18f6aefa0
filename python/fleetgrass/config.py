"""The options of a client: `Config`, with botocore's names, order, defaults and errors, and a few more.

A `botocore.config.Config` is accepted wherever ours is. A Config is read when a client is made and never changed by it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass, field
    from typing import Any, Literal, TypedDict

    class RetryOptions(TypedDict, total=False):
        mode: Literal["legacy", "standard", "adaptive"]
        max_attempts: int
        total_max_attempts: int

    @dataclass
    class _Options:
        """What type checkers know of the options: `OPTION_DEFAULTS` and `OWN_DEFAULTS` with types."""

        region_name: str | None = None
        signature_version: Any = None  # a str or `UNSIGNED`, ours or botocore's
        user_agent: str | None = None
        user_agent_extra: str | None = None
        user_agent_appid: str | None = None
        connect_timeout: float | None = 60
        read_timeout: float | None = 60
        parameter_validation: bool = True
        max_pool_connections: int = 10
        proxies: Mapping[str, str] | None = None
        proxies_config: Mapping[str, Any] | None = None
        s3: Mapping[str, Any] | None = None
        s3_disable_express_session_auth: bool | None = None
        retries: RetryOptions | None = None
        client_cert: str | tuple[str, str] | None = None
        inject_host_prefix: bool | None = None
        endpoint_discovery_enabled: bool | str | None = None
        use_dualstack_endpoint: bool | None = None
        use_fips_endpoint: bool | None = None
        ignore_configured_endpoint_urls: bool | None = None
        defaults_mode: str | None = None
        tcp_keepalive: bool | None = None
        request_min_compression_size_bytes: int | None = None
        disable_request_compression: bool | None = None
        client_context_params: Mapping[str, Any] | None = None
        sigv4a_signing_region_set: str | None = None
        request_checksum_calculation: Literal["when_supported", "when_required"] | None = None
        response_checksum_validation: Literal["when_supported", "when_required"] | None = None
        account_id_endpoint_mode: Literal["preferred", "disabled", "required"] | None = None
        auth_scheme_preference: str | None = None
        strict_validation: bool = field(default=False, kw_only=True)
        max_response_bytes: int | None = field(default=256 * 1024 * 1024, kw_only=True)
        data_plane_endpoint: str | None = field(default=None, kw_only=True)
        requests_per_second: float | None = field(default=None, kw_only=True)
        max_concurrency: int | None = field(default=64, kw_only=True)

else:
    _Options = object

__all__ = ["UNSIGNED", "Config"]

#: Every option in its positional order, with what it reads as when it is not given.
OPTION_DEFAULTS: dict[str, Any] = {
    "region_name": None,
    "signature_version": None,
    "user_agent": None,
    "user_agent_extra": None,
    "user_agent_appid": None,
    "connect_timeout": 60,
    "read_timeout": 60,
    "parameter_validation": True,
    "max_pool_connections": 10,
    "proxies": None,
    "proxies_config": None,
    "s3": None,
    "s3_disable_express_session_auth": None,
    "retries": None,
    "client_cert": None,
    "inject_host_prefix": None,
    "endpoint_discovery_enabled": None,
    "use_dualstack_endpoint": None,
    "use_fips_endpoint": None,
    "ignore_configured_endpoint_urls": None,
    "defaults_mode": None,
    "tcp_keepalive": None,
    "request_min_compression_size_bytes": None,
    "disable_request_compression": None,
    "client_context_params": None,
    "sigv4a_signing_region_set": None,
    "request_checksum_calculation": None,
    "response_checksum_validation": None,
    "account_id_endpoint_mode": None,
    "auth_scheme_preference": None,
}

#: The options that botocore does not have, by keyword only.
OWN_DEFAULTS: dict[str, Any] = {
    "strict_validation": False,
    "max_response_bytes": 256 * 1024 * 1024,
    "data_plane_endpoint": None,
    "requests_per_second": None,
    "max_concurrency": 64,
}

#: In pickles.
BOTOCORES_UNSIGNED = "botocore.UNSIGNED"

RETRY_OPTIONS = ("max_attempts", "mode", "total_max_attempts")
RETRY_MODES = ("legacy", "standard", "adaptive")


class _Unsigned:
    """The type of `UNSIGNED`, of which there is one, copied and pickled or not."""

    def __copy__(self) -> _Unsigned:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _Unsigned:
        return self

    def __reduce__(self) -> str:
        return "UNSIGNED"

    def __repr__(self) -> str:
        return "fleetgrass.config.UNSIGNED"


#: `Config(signature_version=UNSIGNED)`: send requests without a signature. `botocore.UNSIGNED` does the same.
UNSIGNED = _Unsigned()


class Config(_Options):
    """Options of a client, by keyword or in the order of botocore.

    The ones with an effect here: `region_name`, `signature_version`, `user_agent`, `user_agent_extra`,
    `user_agent_appid`, `connect_timeout` and `read_timeout` (seconds; the read timeout is for each read, not in total),
    `parameter_validation`, `max_pool_connections`, `retries`, `client_cert` (a path, or certificate and key),
    `proxies` (URLs by the scheme of the URL that is called, "http" and "https"; an empty dict is none at all),
    `proxies_config` (`proxy_ca_bundle`, `proxy_client_cert`, `proxy_use_forwarding_for_https`),
    `use_dualstack_endpoint`, `use_fips_endpoint`, `ignore_configured_endpoint_urls`, `defaults_mode`, `tcp_keepalive`.

    `retries` is a dict of `mode` ("standard", "adaptive", "legacy") and either `total_max_attempts`, or `max_attempts`,
    which counts the attempts after the first.

    `strict_validation` is ours, by keyword only. With True, parameters are held against all that the service's model
    says before anything is sent: besides what botocore checks, also maximum numbers and lengths (of a text in
    characters), the least size of a map, enums and patterns. What does not fit is a `ParamValidationError` of all
    problems at once, as in

        Invalid length for parameter clientToken, value: 70, valid max length: 64
        Invalid value for parameter maxResults, value: 101, valid max value: 100
        Invalid value for parameter scope, value: X, valid values: PRIVATE, PUBLIC
        Invalid value for parameter clientToken, value: a b, valid pattern: ^[a-zA-Z0-9-]+$

    `max_response_bytes` is ours too: how long the body of an answer may be, 256 MiB unless told, None for no limit. A
    longer one is a `ResponseParserError`; of it no more than this is kept. The heads of answers have fixed limits: 100
    headers, and 400 KiB in all.

    `data_plane_endpoint` is ours too: the host (with ":8443" unless it names a port) or URL at which the account's
    devices call Greengrass. Beside `client_cert`, a device's certificate, all that is served there is called there,
    unsigned; without this option only what is served nowhere else, at the Region's address.

    `requests_per_second` is ours too: the budget that this process keeps for the account, Region and endpoint. All its
    clients and threads live on it, retries included; `client.map` waits for it, a plain call only takes from it. A
    client that names a rate sets it for all with its first call, and another that names one may change it with its own.
    Without one it is 80 % of the service's quota where a rule of AWS
    made the URL (24, or 8 in cn-north-1 and us-gov-*), and at any other URL there is no limit until the service
    throttles. Throttlings lower the rate, and it climbs back.

    `max_concurrency` is ours too: how many calls `client.map` makes at the same time unless it is told;
    None is the default.

    Raises:
        TypeError: an unknown option, or one given twice.
        InvalidRetryConfigurationError: `retries` with a wrong key, mode or number.
    """

    if not TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._take(_given(args, kwargs))

    def _take(self, given: dict[str, Any]) -> None:
        self._user_provided_options = given
        values = {**OPTION_DEFAULTS, **OWN_DEFAULTS}
        if given.get("defaults_mode", "legacy") != "legacy":
            values["connect_timeout"] = None  # the mode decides
        values.update(given)
        # Unset reads as True, yet is told apart from True: the shared file may still turn it off.
        self._inject_host_prefix: Any = "UNSET"
        if "inject_host_prefix" not in given:
            del values["inject_host_prefix"]
        for name, value in values.items():
            setattr(self, name, value)
        _check_s3(values["s3"])
        check_retries(values["retries"])

    @property
    def inject_host_prefix(self) -> Any:
        """Whether an operation may put a prefix before the host name. No operation of this service does."""
        return True if self._inject_host_prefix == "UNSET" else self._inject_host_prefix

    @inject_host_prefix.setter
    def inject_host_prefix(self, value: Any) -> None:
        self._inject_host_prefix = value

    def __getstate__(self) -> dict[str, Any]:
        """botocore's `UNSIGNED` cannot be pickled: a name stands for it."""
        state = {**self.__dict__, "_user_provided_options": dict(self._user_provided_options)}
        for values in (state, state["_user_provided_options"]):
            if _is_botocores_unsigned(values.get("signature_version")):
                values["signature_version"] = BOTOCORES_UNSIGNED
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for values in (state, state["_user_provided_options"]):
            if values.get("signature_version") == BOTOCORES_UNSIGNED:
                values["signature_version"] = _botocores_unsigned()
        self.__dict__.update(state)

    def merge(self, other_config: Any) -> Config:
        """A new Config of the options that were given to either; `other_config` wins."""
        return Config(**{**self._user_provided_options, **other_config._user_provided_options})


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The options that the caller gave, by name."""
    given: dict[str, Any] = {}
    for name, value in kwargs.items():
        if name not in OPTION_DEFAULTS and name not in OWN_DEFAULTS:
            raise TypeError(f"Got unexpected keyword argument '{name}'")
        given[name] = value
    if len(args) > len(OPTION_DEFAULTS):
        raise TypeError(f"Takes at most {len(OPTION_DEFAULTS)} arguments ({len(args)} given)")
    for name, value in zip(OPTION_DEFAULTS, args, strict=False):
        if name in given:
            raise TypeError(f"Got multiple values for keyword argument '{name}'")
        given[name] = value
    return given


def _check_s3(s3: Mapping[str, Any] | None) -> None:
    if s3 is not None and s3.get("addressing_style") not in ("virtual", "auto", "path", None):
        from fleetgrass import exceptions

        raise exceptions.InvalidS3AddressingStyleError(s3_addressing_style=s3.get("addressing_style"))


def check_retries(retries: Mapping[str, Any] | None) -> None:
    """Raise what botocore raises for a wrong key, mode or number in `retries`."""
    for key, value in {}.items() if retries is None else retries.items():
        least = {"max_attempts": 0, "total_max_attempts": 1}.get(key)
        if key in RETRY_OPTIONS and not (value not in RETRY_MODES if least is None else value < least):
            continue
        from fleetgrass import exceptions

        if key not in RETRY_OPTIONS:
            raise exceptions.InvalidRetryConfigurationError(retry_config_option=key, valid_options=RETRY_OPTIONS)
        if least is not None:
            raise exceptions.InvalidMaxRetryAttemptsError(provided_max_attempts=value, min_value=least)
        raise exceptions.InvalidRetryModeError(provided_retry_mode=value, valid_modes=RETRY_MODES)


def is_unsigned(signature_version: Any) -> bool:
    """Whether this is `UNSIGNED`, ours or botocore's."""
    return signature_version is UNSIGNED or _is_botocores_unsigned(signature_version)


def _is_botocores_unsigned(signature_version: Any) -> bool:
    import sys

    # Whoever has it has loaded botocore.
    botocore = sys.modules.get("botocore")
    return botocore is not None and signature_version is getattr(botocore, "UNSIGNED", UNSIGNED)


def _botocores_unsigned() -> Any:
    """botocore's where there is one, else ours, which does the same."""
    try:
        import botocore
    except ImportError:
        return UNSIGNED
    return botocore.UNSIGNED


def merged(default: Any, config: Any) -> Any:
    """Two Configs in one, of which the second wins. Ours where one of them is, without what only another's has."""
    if not isinstance(default, Config) and not isinstance(config, Config):
        return default.merge(config)
    options = {**default._user_provided_options, **config._user_provided_options}
    return Config(**{name: value for name, value in options.items() if name in {**OPTION_DEFAULTS, **OWN_DEFAULTS}})


def from_any(config: Any) -> Config:
    """A Config of ours with the options of any Config."""
    options = dict(config._user_provided_options)
    if is_unsigned(options.get("signature_version")):
        options["signature_version"] = UNSIGNED
    return Config(**options)


def to_botocore(config: Any) -> Any:
    """A Config of ours as botocore's own, for the clients that boto3 makes; anything else as it is.

    What botocore does not have is left out.
    """
    if not isinstance(config, Config):
        return config
    import botocore
    import botocore.config

    options = {name: value for name, value in config._user_provided_options.items() if name not in OWN_DEFAULTS}
    if is_unsigned(options.get("signature_version")):
        options["signature_version"] = botocore.UNSIGNED
    return botocore.config.Config(**options)
