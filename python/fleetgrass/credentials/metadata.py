"""Questions to the machine that the program runs on: plain HTTP, short timeouts, no signature."""

from __future__ import annotations

from fleetgrass import _core
from fleetgrass.config import UNSIGNED, Config
from fleetgrass.credentials.service import agent, plain_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.lookup import Lookup

#: Such an endpoint has no Region, and the options of a client need one.
STAND_IN_REGION = "us-east-1"


class Machine:
    """An endpoint of the machine.

    Args:
        timeout: In seconds, to connect and of silence.
        proxies: As `Config.proxies`: None is those of the environment, an empty dict none at all.
    """

    def __init__(self, lookup: Lookup, url: str, timeout: float, proxies: dict[str, str] | None = None) -> None:
        config = Config(signature_version=UNSIGNED, proxies=proxies)
        options = plain_options(lookup, region_name=STAND_IN_REGION, endpoint_url=url, config=config)
        options.update(connect_timeout=timeout, read_timeout=timeout)
        self._core = _core.Client(options)
        self.agent: str = agent(options)

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. Without an answer, one of `no_answer()`."""
        sent = [(name, value.encode()) for name, value in headers.items()]
        status, _, body = self._core.fetch(method, url, sent, b"")
        return status, body


def no_answer() -> tuple[Any, ...]:
    """The errors after which another attempt may have an answer."""
    from fleetgrass import exceptions

    return (
        exceptions.ReadTimeoutError,
        exceptions.EndpointConnectionError,
        exceptions.ConnectionClosedError,
        exceptions.ConnectTimeoutError,
    )
