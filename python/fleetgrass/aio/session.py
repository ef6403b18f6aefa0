"""`Session`: as `fleetgrass.Session`, with clients that are awaited.

Files are read and credentials found in a thread, since either may take a while.
"""

from __future__ import annotations

from fleetgrass import session
from fleetgrass.aio.threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fleetgrass.aio._interface import GreengrassV2Client


class Session(session.Session):
    """What clients have in common: see `fleetgrass.Session`, whose arguments it takes."""

    @classmethod
    def _beside(cls, other: session.Session) -> Session:
        """A session with the settings and credentials that another has found."""
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        return made

    def client(self, *args: Any, **kwargs: Any) -> ClientContext:  # type: ignore[override]
        """A client of `greengrassv2`, for `async with`; arguments are those of `fleetgrass.Session.client`.

        Raises:
            UnknownServiceError: for any other service, whose asynchronous clients are aiobotocore's.
        """
        return ClientContext(lambda: super(Session, self).client(*args, **kwargs))

    create_client = client

    async def get_credentials(self) -> Any:
        """The credentials of the session, or None, as `fleetgrass.Session.get_credentials` gives them."""
        return await in_thread(super().get_credentials)

    def _make_client(self, options: dict[str, Any], facts: dict[str, Any]) -> Any:
        from fleetgrass.aio import _client

        return _client.make_client(self, options, facts)

    def _boto3_made(self, kind: str, service_name: str, given: dict[str, Any]) -> Any:
        from fleetgrass import exceptions

        raise exceptions.UnknownServiceError(service_name=service_name, known_service_names=session.SERVICE)


class ClientContext:
    """A client to be: `async with` makes it, and closes it in the end."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None

    async def __aenter__(self) -> GreengrassV2Client:
        self._client = await in_thread(self._make)
        entered: GreengrassV2Client = await self._client.__aenter__()
        return entered

    async def __aexit__(self, *raised: object) -> None:
        await self._client.__aexit__(*raised)
