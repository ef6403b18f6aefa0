"""Questions to the machine that the program runs on: plain HTTP, short timeouts, no signature.

Of the settings of a session only its CA bundle and what it says of its program count here: a mistake in another one is
told where that one is needed.
"""

from __future__ import annotations

import os

from fleetgrass import _core, connections, endpoints, settings, user_agent
from fleetgrass.config import OWN_DEFAULTS

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
        endpoints.check_url(url)
        self._timeout = timeout = min(timeout, settings.UNLIMITED)
        bundle = lookup.get("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or ""
        verify = connections.verify(bundle if bundle.strip() else True)
        self.agent: str = " ".join([user_agent.platform(), *lookup.user_agent_words])
        self._core = _core.Client(
            {
                "signing_region": STAND_IN_REGION,
                "endpoint_url": url,
                "data_plane": None,
                "credentials": None,
                "signature_version": "unsigned",
                "user_agent_prefix": self.agent,
                "user_agent_suffix": "",
                "user_agent_features": None,
                "parameter_validation": "off",
                "connect_timeout": timeout,
                "read_timeout": timeout,
                "max_pool_connections": 1,
                "max_response_bytes": OWN_DEFAULTS["max_response_bytes"],
                "requests_per_second": None,
                "custom_endpoint": True,
                "retry_mode": "legacy",
                "total_max_attempts": 1,
                "verify": verify,
                "client_cert": None,
                "proxies": connections.proxies(proxies, None, url, verify),
                "tcp_keepalive": False,
                "trace_id_from_lambda": False,
            }
        )

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. Without an answer, one of `no_answer()`.

        `HTTPClientError`: no header can have a value, or no timeout is like this one.
        """
        _check(self._timeout)
        # What is no Unicode the core refuses, without a word of the value, which may be a token.
        sent = [(name, value.encode(errors="surrogatepass")) for name, value in headers.items()]
        status, _, body = self._core.fetch(method, url, sent, b"")
        return status, body


def _check(timeout: float) -> None:
    try:
        settings.check_timeout("connect", timeout)
    except ValueError as error:
        from fleetgrass import exceptions

        raise exceptions.HTTPClientError(error=error) from None


def no_answer() -> tuple[Any, ...]:
    """The errors after which another attempt may have an answer."""
    from fleetgrass import exceptions

    return (
        exceptions.ReadTimeoutError,
        exceptions.EndpointConnectionError,
        exceptions.ConnectionClosedError,
        exceptions.ConnectTimeoutError,
    )
