"""How servers are reached: over which proxies, trusting whom, and showing which certificate.

Proxies are those of the Config, else those of the environment (on macOS and Windows also the system's), as botocore
finds them: when a client is made, with Python's own rules for `NO_PROXY`.
"""

from __future__ import annotations

import os
import sys

from fleetgrass import inert_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SCHEMES = ("http", "https")


def verify(value: Any) -> bool | str:
    """Whether servers are verified, or by which bundle."""
    if value is None:
        value = os.environ.get("REQUESTS_CA_BUNDLE", True)
    if isinstance(value, str) and not value.strip():
        inert_options.invalid(
            "Invalid CA bundle: the configured value (ca_bundle, AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, or verify) "
            "resolved to an empty or whitespace-only string. Provide a valid path to a CA bundle file."
        )
    if value is True or not value:
        return bool(value)
    return _path(value, f"verify={value!r} is neither True, nor False, nor the path of a bundle")


def warn_of_no_verification(url: str) -> None:
    """Say that nobody can tell who answers at `url`: once, when the client is made, where the caller stands.

    The category is urllib3's in a program that has loaded it, so that what silences boto3's warning silences this one.
    """
    import warnings

    from fleetgrass.endpoints import shown

    urllib3 = sys.modules.get("urllib3.exceptions")
    here = os.path.dirname(__file__)
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
        level += 1
    warnings.warn(
        f"verify=False: whoever answers at {shown(url)} is believed, and sees what is sent. "
        "Name a bundle with the server's CA instead: verify='/path/to/bundle.pem'",
        UserWarning if urllib3 is None else urllib3.InsecureRequestWarning,
        stacklevel=level,
    )


def client_cert(value: Any) -> Any:
    """None, a path, or a pair of paths: certificate and key."""
    if value is None or value in ("", []):
        return None
    problem = f"client_cert {value!r} is neither the path of a file with certificate and key, nor a pair of paths"
    if isinstance(value, (tuple, list)):
        certificate, key = value
        return _path(certificate, problem), _path(key, problem)
    return _path(value, problem)


def _path(value: Any, problem: str) -> str:
    try:
        return os.fsdecode(value)
    except TypeError:
        inert_options.invalid(problem)


def proxies(
    given: Any, config: Any, url: str, verify: bool | str, data_plane_url: str | None = None
) -> dict[str, Any] | None:
    """The proxies of a client of the server at `url`, as the core takes them; None without any.

    Args:
        data_plane_url: The other server, for which `NO_PROXY` is asked by itself.
        given: `Config.proxies`. Empty means none at all; None, those of the environment.
        config: `Config.proxies_config`.
        verify: How a proxy is verified that is spoken to in TLS, if `config` has no bundle for it.
    """
    for name, value in (("proxies", given), ("proxies_config", config)):
        if not (value is None or hasattr(value, "get")):
            inert_options.invalid(f"Config({name}={_told(value)}) is no dict")
    found, bypassed, otherwise = _of_environment(url, data_plane_url) if given is None else (given, False, [])
    known = {scheme: _proxy(found[scheme]) for scheme in SCHEMES if found.get(scheme)}
    if not known:
        return None
    config = config or {}
    bundle = config.get("proxy_ca_bundle")
    return {
        **known,
        "bypassed": bypassed,
        "otherwise": otherwise,
        "verify": verify if bundle is None else os.fspath(bundle),
        "client_cert": client_cert(config.get("proxy_client_cert")),
        "forwards_https": bool(config.get("proxy_use_forwarding_for_https")),
    }


def _told(value: Any) -> str:
    """What is no proxy URL or dict of them, as messages show it: by its type, if a password may be in it."""
    shown = repr(value)
    return f"<a {type(value).__name__}>" if "@" in shown else shown


def _of_environment(url: str, data_plane_url: str | None) -> tuple[Mapping[str, str], bool, list[str]]:
    """The proxies, whether `url` bypasses them, and for which servers the opposite holds."""
    asks_system = sys.platform in ("darwin", "win32")
    if not asks_system and not any(name.lower() in ("http_proxy", "https_proxy") for name in os.environ):
        return {}, False, []  # without the import of a URL opener
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    bypassed = bool(proxy_bypass(urlsplit(url).netloc))
    if data_plane_url is None or bool(proxy_bypass(urlsplit(data_plane_url).netloc)) == bypassed:
        return {} if bypassed else getproxies(), bypassed, []
    return getproxies(), bypassed, [data_plane_url]


def _proxy(url: Any) -> dict[str, Any] | str:
    """Where a proxy listens, how messages show it, and what proves the caller to it; or why it cannot be used.

    A proxy that is never needed may be wrong, so it is the call that tells.
    """
    from urllib.parse import unquote, urlsplit

    if not isinstance(url, str):
        return f"the proxy URL {_told(url)} is no text"
    scheme, colon, rest = url.partition("://")
    if not colon:
        scheme, rest = "http", url.removeprefix("//")
    user_info, at, server = rest.rpartition("@")
    masked = ":".join("***" if word else "" for word in user_info.split(":", 1))
    shown = f"{scheme}://{masked}{at}{server}"
    if scheme.lower() not in SCHEMES:
        return f"the proxy URL {shown} is of no kind that is known here: it must begin with http:// or https://"
    try:
        parts = urlsplit(f"//{server}")
        parts.port  # noqa: B018 - raises if it is none
    except ValueError as error:
        return f"the proxy URL {shown} has no valid host and port: {error}"
    if " " in parts.netloc:
        return f"the proxy URL {shown} has no valid host: there is a space in it"
    user, _, password = user_info.partition(":")
    authorization = None
    if user and password:
        from base64 import b64encode

        authorization = f"Basic {b64encode(f'{unquote(user)}:{unquote(password)}'.encode()).decode()}"
    return {"url": f"{scheme}://{server}", "shown": shown, "authorization": authorization}
