"""The same client for asyncio, with aiobotocore's interface.

    async with fleetgrass.aio.client("greengrassv2") as client:
        device = await client.get_core_device(coreDeviceThingName="pump-7")

The calls run in the core's reactor, a thread that a process has one of and that knows no Python. An event loop learns
of the answers that are there through one descriptor a client (`door`), and makes all of them in one go. Who cancels the
task that waits for a call ends the call. A client may be used in several loops; at most
`Config(max_pool_connections=...)` of its calls are under way in each, as with aiobotocore, and the others wait.

While somebody listens to a client's events, or has put something in the place of botocore's `_make_api_call`, its calls
run in threads. Handlers are called there, several at a time, and those that are coroutine functions are awaited in the
loop. A call that is cancelled sends nothing more and begins no handler's coroutine, and the one that is awaited is
cancelled.

It needs Unix, and a loop that watches descriptors (`add_reader`); elsewhere the first call raises RuntimeError, and
`asyncio.to_thread` with a client of `fleetgrass` is the way.
"""

from __future__ import annotations

from fleetgrass.aio.session import ClientContext, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ClientContext", "Session", "client", "get_session"]


def get_session(env_vars: None = None, **kwargs: Any) -> Session:
    """A session, as `aiobotocore.session.get_session` gives one; arguments are those of `Session`.

    Raises:
        TypeError: `env_vars`, with which a program gives botocore settings of its own.
    """
    if env_vars is not None:
        raise TypeError(
            f"get_session(env_vars={env_vars!r}): only botocore's own settings are known here; leave it out"
        )
    return Session(**kwargs)


def client(*args: Any, **kwargs: Any) -> ClientContext:
    """A client for `async with`, made with the settings of `fleetgrass`'s default session: see `Session.client`."""
    import fleetgrass

    default = fleetgrass._get_default_session()
    return Session._beside(default).client(*args, **kwargs)
