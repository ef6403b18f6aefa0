"""The User-Agent header: botocore's layout with fleetgrass as the product.

`fleetgrass/1.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/E,e cfg/retry-mode#standard`

The `m/` part lists features, some of which belong to a call (a paginator), so the core puts it between the two halves.
"""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar

from fleetgrass import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&'*+-.^_`|~,")
SYSTEMS = frozenset({"windows", "linux", "macos", "android", "ios", "watchos", "tvos", "other"})
IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}

#: The ids that AWS gives to the features of a client.
ENDPOINT_OVERRIDE = "N"
RETRY_MODES = {"legacy": "D", "standard": "E", "adaptive": "F"}
CREDENTIALS = {
    "explicit": "e",
    "env": "g",
    "assume-role": "i",
    "assume-role-with-web-identity": "k",
    "shared-credentials-file": "n",
    "config-file": "n",
    "sso": "s",
    "custom-process": "w",
    "boto-config": "x",
    "container-role": "z",
    "iam-role": "0",
    "login": "AD",
}
REQUEST_CHECKSUM = {"when_supported": "Z", "when_required": "a"}
RESPONSE_CHECKSUM = {"when_supported": "b", "when_required": "c"}

#: Whether the call that is being made is a paginator's, which is a feature too.
PAGINATED: ContextVar[bool] = ContextVar("PAGINATED", default=False)


def product() -> str:
    return f"fleetgrass/{_core.__version__}"


def parts(retry_mode: str, app_id: str | None, words: Iterable[str], config: Any) -> tuple[str, str, bool]:
    """What stands before and after the features, and whether they are sent at all. `words` are the session's."""
    extra = [*words, *([config.user_agent_extra] if config and config.user_agent_extra else [])]
    if config and config.user_agent is not None:
        return " ".join([config.user_agent, product(), *extra]), "", False
    after = [_component("cfg", "retry-mode", retry_mode)]
    if app_id:
        after.append(f"app/{_clean(app_id, '#')}")
    return platform(), " ".join(after + extra), True


def platform() -> str:
    """Who asks, and on what: the beginning of every user agent."""
    if not _MACHINE:
        _MACHINE[:] = _machine()
    words = [product(), "ua/2.1", *_MACHINE]
    if environment := os.environ.get("AWS_EXECUTION_ENV"):
        words.append(_component("exec-env", environment))
    return " ".join(words)


#: What `_machine` says, once it was asked.
_MACHINE: list[str] = []


def _machine() -> list[str]:
    """The system, the processor and the interpreter."""
    system, release, machine = _uname()
    name = {"darwin": "macos"}.get(system.lower(), system.lower())
    known = name in SYSTEMS
    found = [_component("os", name, release)] if known else ["os/other", _component("md", system, release)]
    if machine:
        found.append(_component("md", "arch", machine.lower()))
    found.append(_component("lang", "python", sys.version.split()[0]))
    implementation = sys.implementation.name
    found.append(_component("md", "pyimpl", IMPLEMENTATIONS.get(implementation, implementation)))
    return found


def _uname() -> tuple[str, str, str]:
    if sys.platform == "win32":
        import platform

        return platform.system(), platform.release(), platform.machine()
    uname = os.uname()
    return uname.sysname, uname.release, uname.machine


def _component(prefix: str, name: str, value: str | None = None) -> str:
    component = f"{_clean(prefix, '#')}/{_clean(name)}"
    return f"{component}#{_clean(value, '#')}" if value else component


def _clean(text: str, also: str = "") -> str:
    return "".join(c if c in ALLOWED or c in also else "-" for c in text)
