"""A program that lives where no name can be looked up: a Ctrl-C comes during the look-up, then names are there.

`test_interrupts.py` runs it as `unshare --map-root-user --mount --net python -m support.nameless FILE`, where FILE is
to stand in for /etc/resolv.conf. In those namespaces the only server of names is its own, and nothing else hears it. It
prints the seconds that each Ctrl-C took and the status of the call after it.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
import threading
from typing import Any

import fleetgrass
from support.interrupts import TRIES, ctrl_c
from support.server import RecordingServer

SET_FLAGS, UP, LOOPBACK = 0x8914, 0x1, 0x8
KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


class Names:
    """A server of names that is asked, and says where this machine is only while `speaks` is set."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.speaks = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, who = self._socket.recvfrom(512)
            self.asked.set()
            if self.speaks.is_set():
                self._socket.sendto(answer(question), who)


def answer(question: bytes) -> bytes:
    """127.0.0.1 to whoever asks for an address of four bytes, and no address of sixteen."""
    end = question.index(0, 12) + 5
    asked, (kind,) = question[12:end], struct.unpack(">H", question[end - 4 : end - 2])
    found = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + bytes([127, 0, 0, 1]) if kind == 1 else b""
    return question[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(found), 0, 0) + asked + found


def main(file: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP | LOOPBACK))
    with open(file, "w") as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
    subprocess.run(["mount", "--bind", file, "/etc/resolv.conf"], check=True)
    names = Names()
    told = []
    with RecordingServer() as server:
        for number in range(TRIES):
            url = f"http://cloud{number}.example:{server.port}"
            client = fleetgrass.client("greengrassv2", region_name="eu-west-1", endpoint_url=url, **KEYS)
            told.append(interrupted(names, client))
    print(json.dumps(told), flush=True)


def interrupted(names: Names, client: Any) -> tuple[float, int]:
    names.speaks.clear()
    names.asked.clear()
    with ctrl_c(lambda: names.asked.wait(10)) as took:
        client.list_components()
    names.speaks.set()
    return took[0], client.list_components()["ResponseMetadata"]["HTTPStatusCode"]


if __name__ == "__main__":
    main(sys.argv[1])
