"""An operation as a method of the client: called like boto3's, with a real signature and docstring when asked.

Both are made when somebody looks, so that 29 operations cost a client nothing.
"""

from __future__ import annotations

from types import MethodType

from fleetgrass import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inspect import Signature
    from typing import Any

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "list": list, "dict": dict}


class NotGiven:
    """The default of an optional parameter in a signature. Leaving it out is not the same as passing None."""

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN = NotGiven()


class Operation:
    """A descriptor: `client.get_component` is an ordinary bound method."""

    # `__doc__` is made on demand, below.

    def __init__(
        self,
        method_name: str,
        api_name: str,
        description: str,
        members: list[tuple[str, bool, str]],
        paginator: tuple[str, str, str, str] | None,
    ) -> None:
        self.__name__ = method_name
        self.__qualname__ = f"GreengrassV2.{method_name}"
        self.__module__ = "fleetgrass"
        self.api_name = api_name
        self.description = description
        self.members = members
        self.paginator = paginator

    def __get__(self, client: Any, owner: type | None = None) -> Any:
        return self if client is None else MethodType(self, client)

    def __call__(self, client: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args:
            raise TypeError(f"{self.__name__}() only accepts keyword arguments.")
        return client._make_api_call(self.api_name, kwargs)

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, Signature

        parameters = [Parameter("self", Parameter.POSITIONAL_ONLY)]
        for name, required, annotation in self._required_first():
            default = Parameter.empty if required else NOT_GIVEN
            kind = Parameter.KEYWORD_ONLY
            parameters.append(Parameter(name, kind, default=default, annotation=_type(annotation)))
        return Signature(parameters, return_annotation=dict)

    def _required_first(self) -> list[tuple[str, bool, str]]:
        return sorted(self.members, key=lambda member: not member[1])

    def _text(self) -> str:
        lines = [self.description, ""]
        if self.members:
            lines.append("Args:")
        for name, required, annotation in self._required_first():
            lines.append(f"    {name}: {annotation}{', required' if required else ''}")
        lines += [
            "Returns:",
            "    A dict: `ResponseMetadata` and the members of the answer.",
            "Raises:",
            "    ParamValidationError: nothing was sent, the parameters do not fit.",
            "    ClientError: the service refused; `client.exceptions` has a class for each of its errors.",
        ]
        if self.paginator:
            lines += ["", f"One page an answer; `client.get_paginator({self.__name__!r})` reads them all."]
        lines += ["", f"Source: API_{self.api_name} in the AWS IoT Greengrass V2 API reference."]
        return "\n".join(lines)


# Not in the class body, where it would be the docstring of the class alone.
Operation.__doc__ = property(Operation._text)  # type: ignore[assignment]


def _type(annotation: str) -> Any:
    """The type that an annotation of the core's names, so that signatures print without quotes."""
    name, bracket, items = annotation.partition("[")
    if not bracket:
        return TYPES[name]
    return TYPES[name][tuple(TYPES[item.strip()] for item in items[:-1].split(","))]  # type: ignore[index]


def load() -> list[Operation]:
    """Every operation of the service."""
    return [Operation(*row) for row in _core.operations()]
