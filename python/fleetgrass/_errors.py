"""botocore's exceptions for a machine without botocore: the same names, texts, arguments, bases and pickles.

Use `fleetgrass.exceptions`, which prefers botocore's own classes. Only those are here that a Greengrass V2 client
can raise. Where botocore derives a class from the requests library it carries along, which derives from `OSError`,
ours derives from `OSError` itself, so that the same `except OSError` works.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _unpack(cls: type[Exception], args: tuple[Any, ...] | None, kwargs: dict[str, Any] | None) -> Exception:
    """What a pickled exception is made with: `__reduce__` alone cannot pass keywords."""
    return cls(*(args or ()), **(kwargs or {}))


class BotoCoreError(Exception):
    """The base of the errors that no service answered. `fmt` is filled from the keywords, which stay in `kwargs`."""

    fmt = "An unspecified error occurred"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.fmt.format(**kwargs))
        self.kwargs = kwargs

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (type(self), None, self.kwargs)


class ClientError(Exception):
    """The service answered with an error. `response` is the parsed answer, `operation_name` the API's name."""

    MSG_TEMPLATE = (
        "An error occurred ({error_code}) when calling the {operation_name} operation{retry_info}: {error_message}"
    )

    def __init__(self, error_response: dict[str, Any], operation_name: str) -> None:
        error = error_response.get("Error", {})
        metadata = error_response.get("ResponseMetadata", {})
        retried = metadata.get("MaxAttemptsReached", False) and "RetryAttempts" in metadata
        super().__init__(
            self.MSG_TEMPLATE.format(
                error_code=error.get("Code", "Unknown"),
                error_message=error.get("Message", "Unknown"),
                operation_name=operation_name,
                retry_info=f" (reached max retries: {metadata['RetryAttempts']})" if retried else "",
            )
        )
        self.response = error_response
        self.operation_name = operation_name

    def __reduce__(self) -> tuple[Any, ...]:
        # A modelled class cannot be found by its name: its pickle is the plain error with the same response.
        return ClientError, (self.response, self.operation_name)


class OperationNotFoundError(Exception):
    pass


class ResponseParserError(Exception):
    pass


# Transport


class ConnectionError(BotoCoreError):
    fmt = "An HTTP Client failed to establish a connection: {error}"


class HTTPClientError(BotoCoreError):
    fmt = "An HTTP Client raised an unhandled exception: {error}"

    def __init__(self, request: Any = None, response: Any = None, **kwargs: Any) -> None:
        self.request = request
        self.response = response
        super().__init__(**kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (type(self), (self.request, self.response), self.kwargs)


class EndpointConnectionError(ConnectionError):
    fmt = 'Could not connect to the endpoint URL: "{endpoint_url}"'


class SSLError(ConnectionError, OSError):
    fmt = "SSL validation failed for {endpoint_url} {error}"


class ConnectTimeoutError(ConnectionError, OSError):
    fmt = 'Connect timeout on endpoint URL: "{endpoint_url}"'


class ProxyConnectionError(ConnectionError, OSError):
    fmt = 'Failed to connect to proxy URL: "{proxy_url}"'


class ReadTimeoutError(HTTPClientError, OSError):
    fmt = 'Read timeout on endpoint URL: "{endpoint_url}"'


class ConnectionClosedError(HTTPClientError):
    fmt = 'Connection was closed before we received a valid response from endpoint URL: "{endpoint_url}".'


# Credentials and signatures


class NoCredentialsError(BotoCoreError):
    fmt = "Unable to locate credentials"


class PartialCredentialsError(BotoCoreError):
    fmt = "Partial credentials found in {provider}, missing: {cred_var}"


class CredentialRetrievalError(BotoCoreError):
    fmt = "Error when retrieving credentials from {provider}: {error_msg}"


class RefreshWithMFAUnsupportedError(BotoCoreError):
    fmt = "Cannot refresh credentials: MFA token required."


class MetadataRetrievalError(BotoCoreError):
    fmt = "Error retrieving metadata: {error_msg}"


class InvalidIMDSEndpointError(BotoCoreError):
    fmt = "Invalid endpoint EC2 Instance Metadata endpoint: {endpoint}"


class InvalidIMDSEndpointModeError(BotoCoreError):
    fmt = "Invalid EC2 Instance Metadata endpoint mode: {mode} Valid endpoint modes (case-insensitive): {valid_modes}."


class TokenRetrievalError(BotoCoreError):
    fmt = "Error when retrieving token from {provider}: {error_msg}"


class SSOError(BotoCoreError):
    fmt = "An unspecified error happened when resolving AWS credentials or an access token from SSO."


class SSOTokenLoadError(SSOError):
    fmt = "Error loading SSO Token: {error_msg}"


class UnauthorizedSSOTokenError(SSOError):
    fmt = (
        "The SSO session associated with this profile has expired or is otherwise invalid. "
        "To refresh this SSO session run aws sso login with the corresponding profile."
    )


class LoginError(BotoCoreError):
    fmt = "An unspecified error happened when resolving AWS credentials or refreshing a login session profile."


class LoginRefreshRequired(LoginError):
    fmt = "Your session has expired or credentials have changed. Please reauthenticate using 'aws login'."


class LoginInsufficientPermissions(LoginError):
    fmt = (
        "Unable to create or refresh login credentials due to insufficient permissions. "
        "You may be missing permission for the 'signin:CreateOAuth2Token' action."
    )


class LoginTokenLoadError(LoginError):
    fmt = "Error loading login session token: {error_msg}"


class NoAuthTokenError(BotoCoreError):
    fmt = "Unable to locate authorization token"


class UnknownSignatureVersionError(BotoCoreError):
    fmt = "Unknown Signature Version: {signature_version}."


class UnsupportedSignatureVersionError(BotoCoreError):
    fmt = "Signature version(s) are not supported: {signature_version}"


# Settings


class ProfileNotFound(BotoCoreError):
    fmt = "The config profile ({profile}) could not be found"


class ConfigParseError(BotoCoreError):
    fmt = "Unable to parse config file: {path}"


class ConfigNotFound(BotoCoreError):
    fmt = "The specified config file ({path}) could not be found."


class InvalidConfigError(BotoCoreError):
    fmt = "{error_msg}"


class InfiniteLoopConfigError(InvalidConfigError):
    fmt = (
        "Infinite loop in credential configuration detected. Attempting to load from profile {source_profile} "
        "which has already been visited. Visited profiles: {visited_profiles}"
    )


class InvalidSTSRegionalEndpointsConfigError(BotoCoreError):
    fmt = (
        "STS regional endpoints option {sts_regional_endpoints_config} is invalid. "
        'Valid options are: "legacy", "regional"'
    )


class InvalidS3UsEast1RegionalEndpointConfigError(BotoCoreError):
    fmt = (
        "S3 us-east-1 regional endpoint option {s3_us_east_1_regional_endpoint_config} is invalid. "
        'Valid options are: "legacy", "regional"'
    )


class InvalidDefaultsMode(BotoCoreError):
    fmt = "Client configured with invalid defaults mode: {mode}. Valid defaults modes include: {valid_modes}."


class InvalidChecksumConfigError(BotoCoreError):
    fmt = "Unsupported configuration value for {config_key}. Expected one of {valid_options} but got {config_value}."


class InvalidS3AddressingStyleError(BotoCoreError):
    fmt = "S3 addressing style {s3_addressing_style} is invalid. Valid options are: 'auto', 'virtual', and 'path'"


class InvalidRetryConfigurationError(BotoCoreError):
    fmt = (
        'Cannot provide retry configuration for "{retry_config_option}". '
        "Valid retry configuration options are: {valid_options}"
    )


class InvalidMaxRetryAttemptsError(InvalidRetryConfigurationError):
    fmt = (
        'Value provided to "max_attempts": {provided_max_attempts} must '
        "be an integer greater than or equal to {min_value}."
    )


class InvalidRetryModeError(InvalidRetryConfigurationError):
    fmt = 'Invalid value provided to "mode": "{provided_retry_mode}" must be one of: {valid_modes}'


# Regions and endpoints


class BaseEndpointResolverError(BotoCoreError):
    pass


class NoRegionError(BaseEndpointResolverError):
    fmt = "You must specify a region."


class EndpointVariantError(BaseEndpointResolverError):
    fmt = "Unable to construct a modeled endpoint with the following variant(s) {tags}: "


class UnknownRegionError(BotoCoreError):
    fmt = "Unknown region: '{region_name}'. {error_msg}"


class ValidationError(BotoCoreError):
    fmt = "Invalid value ('{value}') for param {param} of type {type_name} "


class InvalidRegionError(ValidationError, ValueError):
    fmt = "Provided region_name '{region_name}' doesn't match a supported format."


# What a client is asked for


class DataNotFoundError(BotoCoreError):
    fmt = "Unable to load data for: {data_path}"


class UnknownServiceError(DataNotFoundError):
    fmt = "Unknown service: '{service_name}'. Valid service names are: {known_service_names}"


class ParamValidationError(BotoCoreError):
    fmt = "Parameter validation failed:\n{report}"


class UnknownClientMethodError(BotoCoreError):
    fmt = "Client does not have method: {method_name}"


class OperationNotPageableError(BotoCoreError):
    fmt = "Operation cannot be paginated: {operation_name}"


class PaginationError(BotoCoreError):
    fmt = "Error during pagination: {message}"


class WaiterError(BotoCoreError):
    """A waiter gave up or saw a state that cannot become the one it waits for. `last_response` is what it saw."""

    fmt = "Waiter {name} failed: {reason}"

    def __init__(self, name: str, reason: str, last_response: Any) -> None:
        super().__init__(name=name, reason=reason)
        self.last_response = last_response

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (type(self), None, {**self.kwargs, "last_response": self.last_response})


def _live_in(module: str) -> None:
    """Give the classes of this file the module where users find them, which is also where pickles look."""
    for value in globals().values():
        if isinstance(value, type):
            value.__module__ = module


_live_in("fleetgrass.exceptions")
