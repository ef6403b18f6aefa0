"""A fast client of AWS IoT Greengrass V2 with boto3's interface: `import fleetgrass as boto3`.

Everything is loaded when it is first used. Names that are not here are boto3's, where boto3 is installed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, overload

    from fleetgrass import exceptions, session
    from fleetgrass._interface import GreengrassV2Client
    from fleetgrass.boto import patch_boto3, unpatch_boto3
    from fleetgrass.config import UNSIGNED, Config
    from fleetgrass.device import device_client
    from fleetgrass.session import Session

    __version__: str

__all__ = [
    "UNSIGNED",
    "Config",
    "Session",
    "client",
    "device_client",
    "exceptions",
    "patch_boto3",
    "resource",
    "session",
    "setup_default_session",
    "unpatch_boto3",
]

#: The session of `client()` and `resource()`, made when it is first needed.
DEFAULT_SESSION: Session | None = None

_HERE = {
    "Config": "config",
    "Session": "session",
    "UNSIGNED": "config",
    "device_client": "device",
    "patch_boto3": "boto",
    "unpatch_boto3": "boto",
}


def setup_default_session(**kwargs: Any) -> None:
    """Replace the default session by `Session(**kwargs)`."""
    global DEFAULT_SESSION
    from fleetgrass.session import Session

    DEFAULT_SESSION = Session(**kwargs)


def _get_default_session() -> Session:
    if DEFAULT_SESSION is None:
        setup_default_session()
    assert DEFAULT_SESSION is not None
    return DEFAULT_SESSION


if TYPE_CHECKING:

    @overload
    def client(
        service_name: Literal["greengrassv2"],
        region_name: str | None = ...,
        api_version: str | None = ...,
        use_ssl: bool = ...,
        verify: bool | str | None = ...,
        endpoint_url: str | None = ...,
        aws_access_key_id: str | None = ...,
        aws_secret_access_key: str | None = ...,
        aws_session_token: str | None = ...,
        config: Any = ...,
        aws_account_id: str | None = ...,
    ) -> GreengrassV2Client: ...
    @overload
    def client(
        service_name: str,
        region_name: str | None = ...,
        api_version: str | None = ...,
        use_ssl: bool = ...,
        verify: bool | str | None = ...,
        endpoint_url: str | None = ...,
        aws_access_key_id: str | None = ...,
        aws_secret_access_key: str | None = ...,
        aws_session_token: str | None = ...,
        config: Any = ...,
        aws_account_id: str | None = ...,
    ) -> Any: ...


def client(*args: Any, **kwargs: Any) -> Any:
    """A client made by the default session: see `Session.client`."""
    return _get_default_session().client(*args, **kwargs)


def resource(*args: Any, **kwargs: Any) -> Any:
    """A resource made by the default session, which is boto3's: see `Session.resource`."""
    return _get_default_session().resource(*args, **kwargs)


def set_stream_logger(name: str = "fleetgrass", level: int = 10, format_string: str | None = None) -> None:
    """Print the log of `name` (default: all of fleetgrass, `logging.DEBUG`) to stderr.

    At DEBUG there is a line for each attempt of a call; one that another attempt follows has one at INFO.
    """
    import logging

    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(format_string or "%(asctime)s %(name)s [%(levelname)s] %(message)s"))
    logger = logging.getLogger(name)
    logger.setLevel(level)
    logger.addHandler(handler)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from fleetgrass import _core

        found: Any = _core.__version__
    elif name in _HERE:
        found = getattr(import_module(f"{__name__}.{_HERE[name]}"), name)
    elif name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        # `from fleetgrass import module` asks here first: what is ours must not load boto3.
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
        found = _boto3s(name)
    globals()[name] = found
    return found


def _boto3s(name: str) -> Any:
    """`boto3.name`, be it a value or a module of it."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        boto3 = import_module("boto3")
    except ImportError:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; boto3 may have it: pip install fleetgrass[boto3]"
        ) from None
    try:
        return getattr(boto3, name)
    except AttributeError:
        pass
    try:
        return import_module(f"boto3.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}, nor has boto3") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *_HERE, "__version__"})
