"""The objects that handlers of events see: botocore's own classes where botocore is importable, else these."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


class Headers:
    """Headers by name, in any case."""

    def __init__(self, given: Any = ()) -> None:
        self._pairs: dict[str, tuple[str, Any]] = {}
        for name, value in given.items() if hasattr(given, "items") else given:
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._pairs[name.lower()][1]

    def __setitem__(self, name: str, value: Any) -> None:
        self._pairs[name.lower()] = name, value

    def __delitem__(self, name: str) -> None:
        self._pairs.pop(name.lower(), None)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._pairs

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs.values())

    def __len__(self) -> int:
        return len(self._pairs)

    def get(self, name: str, default: Any = None) -> Any:
        return self._pairs.get(name.lower(), (name, default))[1]

    def keys(self) -> list[str]:
        return list(self)

    def items(self) -> list[tuple[str, Any]]:
        return list(self._pairs.values())

    def add_header(self, name: str, value: Any) -> None:
        self[name] = value


class Request:
    """A request on its way. Headers may be changed until it is signed, `url` and `data` until it is prepared."""

    def __init__(self, method: str, url: str, headers: Any, data: bytes) -> None:
        self.method = method
        self.url = url
        self.headers: Headers = Headers(headers)
        self.data = data
        self.context: dict[str, Any] = {}
        self.stream_output = False

    @property
    def body(self) -> bytes:
        return self.data

    def prepare(self) -> Request:
        return self


class Response:
    """An answer: status, headers and the bytes of its body."""

    def __init__(self, url: str, status_code: int, headers: dict[str, str], raw: Any) -> None:
        self.url = url
        self.status_code = status_code
        self.headers: Headers = Headers(headers)
        self.raw = raw
        self._content: bytes | None = None

    @property
    def content(self) -> bytes:
        return self._content or b""

    @property
    def text(self) -> str:
        return self.content.decode()


class OperationModel:
    """The name of an operation, where botocore's model of it cannot be had."""

    #: Tokens are added by the core.
    idempotent_members: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name


def _classes() -> tuple[Any, Any]:
    try:
        from botocore.awsrequest import AWSRequest, AWSResponse
    except ImportError:
        return Request, Response
    return AWSRequest, AWSResponse


_REQUEST, _RESPONSE = _classes()


def new_request(method: str, url: str, headers: Any, data: bytes) -> Any:
    return _REQUEST(method=method, url=url, headers=headers, data=data)


def new_response(url: str, status: int, headers: Iterable[tuple[str, str]], content: bytes) -> Any:
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    made = _RESPONSE(url, status, joined, None)
    made._content = content
    return made
