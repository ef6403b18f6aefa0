"""Where a session finds what no argument says: the environment, and one profile of the shared files.

A session has one `Lookup` and asks it alone, so that `inherited.py` can put a botocore session in its place.
"""

from __future__ import annotations

import os

from fleetgrass import _core, inert_options, user_agent
from fleetgrass.process import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

#: Environment variable and default of each setting that the shared file may hold under its own name.
VARIABLES: dict[str, tuple[str | None, Any]] = {
    "account_id_endpoint_mode": ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "preferred"),
    "api_versions": (None, {}),
    "auth_scheme_preference": ("AWS_AUTH_SCHEME_PREFERENCE", None),
    "ca_bundle": ("AWS_CA_BUNDLE", None),
    "csm_client_id": ("AWS_CSM_CLIENT_ID", ""),
    "csm_enabled": ("AWS_CSM_ENABLED", False),
    "csm_host": ("AWS_CSM_HOST", "127.0.0.1"),
    "csm_port": ("AWS_CSM_PORT", 31000),
    "data_path": ("AWS_DATA_PATH", None),
    "defaults_mode": ("AWS_DEFAULTS_MODE", "legacy"),
    "disable_host_prefix_injection": ("AWS_DISABLE_HOST_PREFIX_INJECTION", None),
    "disable_request_compression": ("AWS_DISABLE_REQUEST_COMPRESSION", False),
    "ec2_metadata_service_endpoint": ("AWS_EC2_METADATA_SERVICE_ENDPOINT", None),
    "ec2_metadata_service_endpoint_mode": ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", None),
    "ec2_metadata_v1_disabled": ("AWS_EC2_METADATA_V1_DISABLED", False),
    "endpoint_discovery_enabled": ("AWS_ENDPOINT_DISCOVERY_ENABLED", "auto"),
    "ignore_configured_endpoint_urls": ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None),
    "imds_use_ipv6": ("AWS_IMDS_USE_IPV6", False),
    "max_attempts": ("AWS_MAX_ATTEMPTS", None),
    "metadata_service_num_attempts": ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1),
    "metadata_service_timeout": ("AWS_METADATA_SERVICE_TIMEOUT", 1),
    "parameter_validation": (None, True),
    "region": ("AWS_DEFAULT_REGION", None),
    "request_checksum_calculation": ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported"),
    "request_min_compression_size_bytes": ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", 10240),
    "response_checksum_validation": ("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_supported"),
    "retry_mode": ("AWS_RETRY_MODE", "standard"),
    "s3_disable_express_session_auth": ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", None),
    "sigv4a_signing_region_set": ("AWS_SIGV4A_SIGNING_REGION_SET", None),
    "sts_regional_endpoints": ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
    "tcp_keepalive": ("BOTOCORE_TCP_KEEPALIVE", None),
    "use_dualstack_endpoint": ("AWS_USE_DUALSTACK_ENDPOINT", None),
    "use_fips_endpoint": ("AWS_USE_FIPS_ENDPOINT", None),
    "user_agent_appid": ("AWS_SDK_UA_APP_ID", None),
}
#: Settings that the shared file calls otherwise than botocore does.
OTHER_NAMES = {"user_agent_appid": "sdk_ua_app_id"}
#: The shared files: environment variable and default of where they are.
FILES = {
    "config_file": ("AWS_CONFIG_FILE", "~/.aws/config"),
    "credentials_file": ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
}

#: Options of S3 that are also an environment variable, or an entry of the profile itself.
S3_VARIABLES = {
    "use_arn_region": ("AWS_S3_USE_ARN_REGION", "s3_use_arn_region"),
    "us_east_1_regional_endpoint": ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "s3_us_east_1_regional_endpoint"),
    "s3_disable_multiregion_access_points": ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", None),
}
S3_SWITCHES = (
    "use_accelerate_endpoint", "use_dualstack_endpoint", "payload_signing_enabled", "use_arn_region",
    "s3_disable_multiregion_access_points",
)  # fmt: skip
#: Where settings are looked for, as botocore names it: in code, the environment and the profile.
PLACES = ("instance", "env", "config")


class Lookup:
    """The settings of a session. The files are read once, when they are first needed, the environment always.

    Args:
        profile_name: The profile named in code, which outdoes the environment's.
        region_name: The Region given in code.
        credentials: Those given in code.
        mfa_prompt: What asks the user for a code, given the words to ask with.
    """

    #: What the program says of itself in the user agent.
    program_words: tuple[str, ...] = ()
    #: The `Config` that a client's own is merged into.
    default_config: Any = None

    def __init__(
        self, profile_name: str | None, region_name: str | None, credentials: Any, mfa_prompt: Any = None
    ) -> None:
        #: What was set in code, by names of settings.
        self.in_code: dict[str, Any] = {"profile": profile_name, "region": region_name}
        self._credentials = credentials
        self._credentials_profile: str | None = None
        self._instance_region: str | None = None
        self._lock = Lock()
        self.mfa_prompt = mfa_prompt
        self._files: dict[str, Any] | None = None
        self._profile_now: Mapping[str, Any] | None = None

    def now(self) -> Lookup:
        """The same settings for who asks for many at once: a copy that has looked its profile up, since finding out its
        name costs more than all else.

        Raises:
            ProfileNotFound: neither file has it.
        """
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__, _profile_now=self.profile)
        return made

    @property
    def files(self) -> dict[str, Any]:
        """Profiles and other sections of the shared files."""
        if self._files is None:
            self._files = self._load_files()
        return self._files

    def set(self, name: str, value: Any) -> None:
        """Let this value outdo those of the environment and the files. None takes it back."""
        self.in_code[name] = value
        if name in FILES:
            self._files = None

    def set_credentials(self, credentials: Any) -> None:
        with self._lock:
            self._credentials, self._credentials_profile = credentials, None

    def set_default_config(self, config: Any) -> None:
        self.default_config = config

    @property
    def profile_in_code(self) -> bool:
        return self.in_code["profile"] is not None

    @property
    def profile_name(self) -> str | None:
        named: str | None = self.in_code["profile"]
        if named is not None:
            return named
        return os.environ.get("AWS_DEFAULT_PROFILE", os.environ.get("AWS_PROFILE"))

    @property
    def profile_to_keep(self) -> str | None:
        """That of the credentials, or one that is named and that no keys in the environment outdo."""
        from fleetgrass import credentials

        if self._credentials_profile is not None or credentials.are_in_environment():
            return self._credentials_profile
        return self.profile_name

    @property
    def profile(self) -> Mapping[str, Any]:
        """The options of the profile. `ProfileNotFound` where neither file has it."""
        if self._profile_now is not None:
            return self._profile_now
        name = self.profile_name
        profiles: dict[str, dict[str, Any]] = self.files["profiles"]
        if name is None:
            return profiles.get("default", {})
        if name not in profiles:
            from fleetgrass import exceptions

            raise exceptions.ProfileNotFound(profile=name)
        return profiles[name]

    @property
    def available_profiles(self) -> list[str]:
        return list(self.files["profiles"])

    @property
    def services(self) -> Mapping[str, Any]:
        """The `[services NAME]` sections."""
        found: dict[str, Any] = self.files["services"]
        return found

    @property
    def s3_options(self) -> dict[str, Any]:
        """Those that the profile and the environment have for S3."""
        found: dict[str, Any] = dict(self.profile.get("s3") or {})
        for option, (variable, entry) in S3_VARIABLES.items():
            value = os.environ.get(variable)
            if value is None and entry is not None:
                value = self.profile.get(entry)
            if value is not None:
                found[option] = value
        return {name: inert_options.truth(value) if name in S3_SWITCHES else value for name, value in found.items()}

    @property
    def region_name(self) -> str | None:
        found: str | None = self.get("region")
        return found

    @property
    def user_agent_words(self) -> tuple[str, ...]:
        """What the session says of its program in the user agent."""
        return self.program_words

    @property
    def instance_region(self) -> str | None:
        """The Region of the instance that the program runs on, if it runs on one that tells."""
        if self._instance_region is None:
            from contextlib import suppress

            from fleetgrass.credentials import instance

            with suppress(Exception):  # a mistake in its settings is told where credentials are looked for
                self._instance_region = instance.region(self)
        return self._instance_region

    def credentials(self, region_name: str | None = None) -> Any:
        """What has `get_frozen_credentials()`, or None. Found once, for a client of this Region."""
        if self._credentials is None:
            from fleetgrass import credentials

            name = self.profile_name or "default"
            found = credentials.find(self, region_name)
            # Of threads that look at the same time the first one's are everybody's, so that a role is assumed once.
            with self._lock:
                if self._credentials is None:
                    self._credentials = found
                    self._credentials_profile = name if credentials.is_of_profile(found) else None
        return self._credentials

    def check_token(self) -> None:
        """`InvalidConfigError`: the profile's `sso_session` is none. Nothing of this service needs its token."""
        if "sso_session" in self.profile:
            from fleetgrass.credentials import sso_token

            sso_token.check(self)

    def credential_features(self, found: Any) -> list[str]:
        """The user agent's ids for credentials: their own, or those of the method that found them."""
        if features := getattr(found, "features", ()):
            return list(features)
        method = getattr(found, "method", None)
        return [user_agent.CREDENTIALS[method]] if method in user_agent.CREDENTIALS else []

    def get(self, name: str, places: Collection[str] = PLACES) -> Any:
        value = self._find(name, places)
        return VARIABLES[name][1] if value is None else value

    def flag(self, name: str) -> bool | None:
        value = self.get(name)
        return None if value is None else inert_options.truth(value)

    def _find(self, name: str, places: Collection[str]) -> Any:
        value = self.in_code.get(name) if "instance" in places else None
        if value is None and (variable := VARIABLES[name][0]) and "env" in places:
            value = os.environ.get(variable)
        if value is None and "config" in places:
            return self.profile.get(OTHER_NAMES.get(name, name))
        return value

    def path(self, name: str) -> str:
        """Where one of the shared `FILES` is."""
        variable, default = FILES[name]
        found: str | None = self.in_code.get(name)
        return os.environ.get(variable, default) if found is None else found

    def _load_files(self) -> dict[str, Any]:
        return _core.load_profiles(*(os.path.expanduser(os.path.expandvars(self.path(name))) for name in FILES))
