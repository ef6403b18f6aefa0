"""The two sides of a comparison, as functions with the signature of `boto3.client`."""

from typing import Any

from support.compare import Side


def boto3_side(name: str) -> Side:
    """botocore through a boto3 session of its own, so that nothing is shared with another side."""
    import boto3

    return Side(name, boto3.Session().client)


def fleetgrass_side() -> Side:
    """The client under test, in a session of its own too."""
    import fleetgrass

    session: Any = fleetgrass.Session()
    return Side("fleetgrass", session.client)


def observed_side() -> Side:
    """The client under test with somebody listening, so that its calls go step by step through `fleetgrass.hooks`."""
    make = fleetgrass_side().client

    def client(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        made.meta.events.register("before-call", lambda **told: None)
        return made

    return Side("fleetgrass, observed", client)
