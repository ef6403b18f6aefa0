"""How a client is one of botocore's clients, for programs that have botocore loaded.

Nothing imports botocore here: a look at `sys.modules` tells. `isinstance(client, botocore.client.BaseClient)` is true,
and whoever has put something in the place of `BaseClient._make_api_call`, be it a test or a tracer, gets our calls too.
"""

from __future__ import annotations

from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    C = TypeVar("C")

#: botocore's own `_make_api_call`, once seen: what is not this one was put there by somebody.
_original: Any = None
#: Our classes with botocore's as a base.
_classes: dict[tuple[type, type], type] = {}


def patched_call(client: Any) -> Callable[[str, dict[str, Any]], Any] | None:
    """What stands in the place of botocore's `_make_api_call`, bound to `client`; None where nothing does."""
    base = _botocores_base()
    if base is None:
        return None
    found = vars(base).get("_make_api_call")
    if found is _original or found is None or _is_original(found):
        return None
    bind = getattr(type(found), "__get__", None)
    bound: Callable[[str, dict[str, Any]], Any] = found if bind is None else bind(found, client, type(client))
    return bound


def kin(cls: type[C]) -> type[C]:
    """`cls`, as a subclass of botocore's `BaseClient` too where botocore is loaded."""
    base = _botocores_base()
    if base is None or issubclass(cls, base):
        return cls
    if (cls, base) not in _classes:
        _classes[cls, base] = type(cls.__name__, (cls, base), {"__module__": cls.__module__, "__doc__": cls.__doc__})
    return _classes[cls, base]


def _botocores_base() -> type | None:
    module = modules.get("botocore.client")
    return None if module is None else getattr(module, "BaseClient", None)  # it may be half imported


def _is_original(found: Any) -> bool:
    """Whether this is code of botocore's folder. Wrappers look like what they wrap, but for type and code."""
    global _original
    folder = str(modules["botocore.client"].__file__).removesuffix("client.py")
    if type(found) is type(_is_original) and found.__code__.co_filename.startswith(folder):
        _original = found
        return True
    return False
