"""A service for a long run: it answers each call with the call's own number, and one time in a hundred with a fault.

It runs in a process of its own, so that the caller's memory and descriptors are the client's. What it counted comes
back when the run is over.
"""

from __future__ import annotations

import multiprocessing
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

from support.answers import BROKEN_CHUNK, CLOSED, GARBAGE, HALF_HEAD, Answer, failure, reply, truncated

#: A fault that no client tries again: each one is an error of one call.
FINAL = failure(404, "ResourceNotFoundException")
FAULTS: dict[str, Answer] = {
    "500": failure(500, "InternalServerException"),
    "503": failure(503, "Odd"),
    "429": failure(429, "ThrottlingException"),
    "closed": CLOSED,
    "half a head": HALF_HEAD,
    "half a body": truncated(200, b'{"tags"'),
    "half a chunk": BROKEN_CHUNK,
    "garbage": GARBAGE,
    "reset": Answer(b"", "reset"),
    "final": FINAL,
}


@contextmanager
def served(share: float) -> Iterator[tuple[str, Counter[str]]]:
    """The URL of a server with `share` of faults, and after the block what it did: calls, keys and faults by name."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, share), daemon=True)
    process.start()
    counts: Counter[str] = Counter()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", counts
        ours.send("how many?")
        counts.update(ours.recv())
    finally:
        process.kill()
        process.join()


def _serve(pipe: Any, share: float) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    counts: Counter[str] = Counter()
    keys: set[bytes] = set()
    lock = threading.Lock()

    def answer(request: bytes, random: Random) -> Answer:
        fault = random.choice(list(FAULTS)) if random.random() < share else None
        with lock:
            counts["requests"] += 1
            keys.update(re.findall(rb"Credential=(\w+)/", request))
            if fault:
                counts[fault] += 1
        if fault:
            return FAULTS[fault]
        number = request.partition(b" HTTP/1.1")[0].rpartition(b"-")[2].decode()
        return reply({"tags": {"number": number}})

    def serve(connection: socket.socket, number: int) -> None:
        random = Random(number)
        with suppress(OSError), connection:
            while request := _head(connection):
                told = answer(request, random)
                connection.sendall(told.wire)
                if told.then == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if told.then != "keep":
                    return

    def accept() -> None:
        number = 0
        while True:
            number += 1
            connection = listener.accept()[0]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    pipe.recv()
    with lock:
        pipe.send({**counts, "keys": len(keys)})
    pipe.recv()  # until it is ended


def _head(connection: socket.socket) -> bytes:
    """The calls of the run have no body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(65536)
        if not received:
            return b""
        head += received
    return head
