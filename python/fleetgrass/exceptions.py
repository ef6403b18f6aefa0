"""The exceptions: botocore's own classes where botocore is importable, else classes of the same names and texts.

So `except botocore.exceptions.ClientError` catches what fleetgrass raises, and `fleetgrass.exceptions.ClientError`
works on a machine without botocore. botocore is imported when a class is first asked for, not before.

`service_exceptions()` is what `client.exceptions` shows: a class for each modelled error, one set a process.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from fleetgrass import _errors
    from fleetgrass._errors import *  # noqa: F403

#: Classes that botocore keeps elsewhere than in `botocore.exceptions`.
_ELSEWHERE = {"OperationNotFoundError": "botocore.model", "ResponseParserError": "botocore.parsers"}


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = _find(name)
    return found


def _find(name: str) -> type[Any]:
    """The class `name`, botocore's if there is one."""
    from importlib import import_module

    from fleetgrass import _errors

    ours = getattr(_errors, name, None)
    try:
        found = getattr(import_module(_ELSEWHERE.get(name, "botocore.exceptions")), name, None)
    except ImportError:
        found = ours
    else:
        if found is None and ours is not None:
            # An older botocore without this class: ours, below botocore's bases.
            bases = [_find(base.__name__) if base.__module__ == __name__ else base for base in ours.__bases__]
            found = type(name, tuple(bases), {"__module__": __name__, "__doc__": ours.__doc__, "fmt": ours.fmt})
    if found is None:
        try:
            found = getattr(import_module("boto3.exceptions"), name, None)  # `import fleetgrass as boto3`
        except ImportError:
            pass
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def _class(name: str) -> type[Any]:
    found: type[Any] = globals().get(name) or __getattr__(name)
    return found


def make(class_name: str, kwargs: Mapping[str, Any]) -> Exception:
    """The exception `class_name` with botocore's keyword arguments. The core raises through this."""
    cls: Any = _class(class_name)
    if "@" in kwargs.get("endpoint_url", ""):
        from fleetgrass.endpoints import shown

        kwargs = {**kwargs, "endpoint_url": shown(kwargs["endpoint_url"])}
    # The two classes that are no BotoCoreError take their text alone.
    made: Exception = cls(*kwargs.values()) if class_name in _ELSEWHERE else cls(**kwargs)
    if "status" in kwargs:
        # The connection was lost within the answer to a write: what botocore's text does not tell.
        tell_more(made, f"Status {kwargs['status']} had come, so the service has probably done what was asked.")
    return made


def tell_more(error: Exception, sentence: str) -> None:
    """Add to the text of an error of botocore's. Its copies and pickles, that make the text anew, have it too."""
    import copyreg

    error.args = (f"{error} {sentence}",)
    copyreg.pickle(type(error), _reduced)


def _reduced(error: Exception) -> tuple[Any, ...]:
    reduced: Any = error.__reduce__()
    make, parts, *_ = reduced
    return _restored, (make, parts, error.args)


def _restored(make: Callable[..., Exception], parts: tuple[Any, ...], args: tuple[Any, ...]) -> Exception:
    error = make(*parts)
    error.args = args
    return error


def client_error(operation_name: str, parsed_response: dict[str, Any]) -> Exception:
    """The error answer of a call as an exception, of the modelled class where its code names one."""
    code = parsed_response.get("Error", {}).get("Code")
    return service_exceptions().from_code(code)(parsed_response, operation_name)


class BaseServiceExceptions:
    """Behind `client.exceptions`: `ClientError` and one class a modelled error."""

    ClientError: type[_errors.ClientError]

    def __init__(self, code_to_exception: dict[str, type[_errors.ClientError]]) -> None:
        self._code_to_exception = code_to_exception

    def from_code(self, error_code: Any) -> type[_errors.ClientError]:
        """The class for the code of an error answer; `ClientError` where the code is not modelled."""
        return self._code_to_exception.get(error_code, self.ClientError)

    if not TYPE_CHECKING:  # whom it would tell that the service has errors of every name

        def __getattr__(self, name: str) -> type[_errors.ClientError]:
            raise AttributeError(
                f"{self} object has no attribute {name}. Valid exceptions are: {', '.join(self._code_to_exception)}"
            )


_made: dict[str, BaseServiceExceptions] = {}
_modelled: dict[tuple[str, str], type[_errors.ClientError]] = {}


def service_exceptions() -> BaseServiceExceptions:
    """The modelled errors of the service: the same object and classes for every client and session."""
    if not _made:
        # Of threads that come at the same time the first one's stays. No lock: one that is held would outlive a fork.
        _made.setdefault("greengrassv2", _make_service_exceptions())
    return _made["greengrassv2"]


def modelled(service: str, name: str) -> type[_errors.ClientError]:
    """The class of an error that a service models: one a process."""
    found = _modelled.get((service, name))
    if found is None:
        # Where botocore's own live: programs print and log this name.
        made = type(name, (_class("ClientError"),), {"__module__": "botocore.errorfactory"})
        found = _modelled.setdefault((service, name), made)
    return found


def _make_service_exceptions() -> BaseServiceExceptions:
    from fleetgrass import _core

    base = _class("ClientError")
    module = {"__module__": "botocore.errorfactory"}
    classes = {code: modelled("greengrassv2", code) for code in _core.error_codes()}
    container = type("GreengrassV2Exceptions", (BaseServiceExceptions,), {**classes, **module, "ClientError": base})
    made: BaseServiceExceptions = container(classes)
    return made
