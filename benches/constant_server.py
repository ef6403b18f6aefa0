"""The server of the benchmarks: one thread that answers each request with the same bytes, chosen by its path.

It does as little as it can, so that what is measured is the client. `server()` runs it in a process of its own. An
awake one never sleeps, but asks the kernel again and again, and keeps a core to itself: to wake the halted core of a
virtual machine takes up to some times as long as a call.

    GET  /greengrass/v2/coreDevices            one device; with maxResults=100, a page of 100 devices, and more pages
    GET  /greengrass/v2/coreDevices/<name>     that device
    GET  /greengrass/v2/deployments/<id>       a deployment of 59 KB
    POST /greengrass/v2/deployments            what creating a deployment answers
"""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def device(number: int) -> dict[str, Any]:
    return {
        "coreDeviceThingName": f"device-{number:06}",
        "status": "HEALTHY",
        "lastStatusUpdateTimestamp": 1700000000.123 + number,
        "platform": "linux",
        "architecture": "amd64",
        "runtime": "aws_nucleus_classic",
    }


def components(count: int) -> dict[str, Any]:
    """Those of a deployment, about 300 bytes each."""
    merge = json.dumps({"interval": 30, "endpoint": "https://example.com/ingest", "labels": ["a", "b", "c"]})
    return {
        f"com.example.component{number:04}": {
            "componentVersion": f"1.{number}.0",
            "configurationUpdate": {"merge": merge, "reset": ["/old/setting", "/other"]},
            "runWith": {"posixUser": "ggc_user:ggc_group", "systemResourceLimits": {"memory": 102400, "cpus": 1.5}},
        }
        for number in range(count)
    }


ARN = "arn:aws:iot:us-east-1:123456789012:thinggroup/fleet"
DEPLOYMENT: dict[str, Any] = {
    "targetArn": ARN,
    "revisionId": "7",
    "deploymentId": "11111111-2222-3333-4444-555555555555",
    "deploymentName": "fleet",
    "deploymentStatus": "ACTIVE",
    "iotJobId": "11111111-2222-3333-4444-555555555555",
    "components": components(182),
    "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
    "creationTimestamp": 1700000000.5,
    "isLatestForTarget": True,
    "tags": {},
}
#: The parameters of a call with a request of 9 KB.
CREATE: dict[str, Any] = {"targetArn": ARN, "deploymentName": "fleet", "components": components(26)}


def wire(value: Any) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: 11111111-2222-3333-4444-555555555555"
    )
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


#: The same token twice would end a paginator.
PAGES = [
    wire({"coreDevices": [device(at * 100 + number) for number in range(100)], "nextToken": f"t{at}"}) for at in (0, 1)
]
ONE = wire({"coreDevices": [device(1)]})
SINGLE = wire({**device(1), "coreVersion": "2.14.0", "tags": {}})
BIG = wire(DEPLOYMENT)
CREATED = wire({"deploymentId": "11111111-2222-3333-4444-555555555555", "iotJobId": "1", "iotJobArn": ARN})


def answer_to(request: bytes) -> bytes:
    if request.startswith(b"GET /greengrass/v2/coreDevices/"):
        return SINGLE
    if request.startswith(b"GET /greengrass/v2/coreDevices"):
        target = request[: request.find(b" HTTP/")]
        return PAGES[b"nextToken=t0" in target] if b"maxResults=100" in target else ONE
    return BIG if request.startswith(b"GET") else CREATED


def is_whole(request: bytes) -> bool:
    if request.startswith(b"GET"):
        return request.endswith(b"\r\n\r\n")
    head, separator, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(separator) and len(body) >= int(length[1] if length else 0)


def serve(latency: float, is_awake: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    open_ones: dict[int, socket.socket] = {}
    begun: dict[int, bytes] = {}
    late: deque[tuple[float, int, bytes]] = deque()
    while True:
        patience = max(late[0][0] - time.monotonic(), 0) if late else -1
        for number, _ in epoll.poll(0 if is_awake else patience):
            if number == listener.fileno():
                connection = listener.accept()[0]
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_ones[connection.fileno()] = connection
                epoll.register(connection, select.EPOLLIN)
                continue
            connection = open_ones[number]
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            if not data:
                epoll.unregister(number)
                open_ones.pop(number).close()
                begun.pop(number, None)
                continue
            request = begun.pop(number, b"") + data
            if not is_whole(request):
                begun[number] = request
            elif latency:
                late.append((time.monotonic() + latency, number, answer_to(request)))
            else:
                connection.sendall(answer_to(request))
        now = time.monotonic()
        while late and late[0][0] <= now:
            _, number, answer = late.popleft()
            if number in open_ones:
                open_ones[number].sendall(answer)


@contextmanager
def server(latency: float = 0, is_awake: bool = False) -> Iterator[str]:
    """The URL of a server that answers after `latency` seconds."""
    command = [sys.executable, __file__, str(latency), *(["awake"] if is_awake else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


if __name__ == "__main__":
    serve(float(sys.argv[1]), sys.argv[2:] == ["awake"])
