"""Processes and threads: forks, pickled clients, interpreters that exit, clients that come and go."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

import fleetgrass
from fleetgrass.emulator import Emulator
from fleetgrass.process import Lock
from support.answers import SILENT, Answer, reply
from support.processes import fork, status_of_a_call, statuses, used
from support.server import RecordingServer

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
TLS = Path(__file__).parent / "tls"
DEVICES = {"coreDevices": [{"coreDeviceThingName": "d", "status": "HEALTHY", "lastStatusUpdateTimestamp": 1.7e9}]}

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
pytestmark = [
    pytest.mark.timeout(120),
    # What these tests are about.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def client(url: str, **options: Any) -> Any:
    return fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, **KEYS, **options)


class Rotating:
    """Credentials that are new whenever somebody asks, so that no signing key is kept."""

    method = "explicit"
    account_id = None
    count = 0

    def get_frozen_credentials(self) -> Any:
        self.count += 1
        return fleetgrass.credentials.ReadOnlyCredentials("AKID", f"secret-{self.count}", None)


@contextmanager
def busy(work: Callable[[], Any], threads: int = 4) -> Iterator[None]:
    """Threads that do nothing but `work` during the block."""
    stop = threading.Event()
    begun = threading.Barrier(threads + 1)

    def run() -> None:
        work()
        begun.wait()
        while not stop.is_set():
            work()

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(run) for _ in range(threads)]
        begun.wait(30)
        try:
            yield
        finally:
            stop.set()
    for each in running:
        each.result()


SERVE = """
import socket, ssl, sys, threading
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
context = None
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:])
print(listener.getsockname()[1], flush=True)
def serve(plain):
    try:
        with context.wrap_socket(plain, server_side=True) if context else plain as connection:
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


@contextmanager
def serving(*certificate: str) -> Iterator[int]:
    """The port of a server in a process of its own, behind TLS if it has a certificate and key."""
    command = [sys.executable, "-c", SERVE, *certificate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def tls_server() -> Iterator[str]:
    with serving(str(TLS / "localhost.pem"), str(TLS / "localhost.key")) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.fixture
def distant_server() -> Iterator[str]:
    """What it uses is not counted among what this process uses."""
    with serving() as port:
        yield f"http://127.0.0.1:{port}"


@needs_fork
@pytest.mark.parametrize("kind", ["plain", "observed", "by name", "credentials asked for"])
def test_forks_in_the_middle_of_other_threads_calls(server: RecordingServer, kind: str) -> None:
    """Child and parent go on with the same client, and no connection carries requests of both."""
    server.script([reply(DEVICES)])
    url = server.url.replace("127.0.0.1", "localhost") if kind == "by name" else server.url
    ours = client(url)
    if kind == "observed":
        ours.meta.events.register("before-send", lambda **kwargs: None)
    if kind == "credentials asked for":
        ours = from_provider(Rotating(), url)

    def calls() -> None:
        ours.list_core_devices()
        ours.close()  # so that connecting is among what a fork may interrupt

    def in_the_child() -> None:
        for _ in range(2):
            ours.get_component(arn=f"child-{os.getpid()}")
            assert ours.list_core_devices()["coreDevices"][0]["coreDeviceThingName"] == "d"

    with busy(calls):
        children = [fork(in_the_child) for _ in range(40)]
        assert statuses(children) == {0}
    assert_no_connection_is_shared(server)


def assert_no_connection_is_shared(server: RecordingServer) -> None:
    """Children name themselves; a connection that one of them used was used by nobody else before it."""
    users: dict[int, set[str]] = {}
    for request in server.take():
        who = request.path.rpartition("/")[2] if "child-" in request.path else ""
        users.setdefault(request.connection, set()).add(who)
    assert any("child-" in who for on in users.values() for who in on)
    assert not [on for on in users.values() if len(on - {""}) > 1]


def from_provider(provider: Any, url: str) -> Any:
    """A client that asks `provider` at each signature."""
    import botocore.session

    session = botocore.session.Session()
    session._credentials = provider
    return fleetgrass.Session(botocore_session=session).client(
        "greengrassv2", region_name="us-east-1", endpoint_url=url
    )


@needs_fork
def test_forks_in_the_middle_of_handshakes(tls_server: str) -> None:
    """And of reading the certificates, which each new client does."""
    shared = client(tls_server, verify=str(TLS / "localhost.pem"))

    def calls() -> None:
        shared.list_components()
        shared.close()
        client(tls_server, verify=str(TLS / "localhost.pem")).list_components()

    def in_the_child() -> None:
        assert shared.list_components()["ResponseMetadata"]["RetryAttempts"] == 0
        client(tls_server, verify=str(TLS / "localhost.pem")).list_components()

    with busy(calls):
        children = [fork(in_the_child) for _ in range(40)]
        assert statuses(children) == {0}


@needs_fork
def test_a_fork_of_a_fork(server: RecordingServer) -> None:
    ours = client(server.url)
    ours.get_component(arn="child-0")

    def generation(left: int) -> None:
        ours.get_component(arn=f"child-{os.getpid()}")
        if left:
            assert statuses([fork(lambda: generation(left - 1))]) == {0}
        ours.get_component(arn=f"child-{os.getpid()}")

    assert statuses([fork(lambda: generation(3))]) == {0}
    ours.get_component(arn="child-0")
    users: dict[int, set[str]] = {}
    for request in server.take():
        users.setdefault(request.connection, set()).add(request.path)
    assert [len(on) for on in users.values()] == [1] * 5


@needs_fork
@pytest.mark.parametrize("event", ["before-call", "before-send", "after-call"])
def test_a_fork_within_a_call(server: RecordingServer, event: str) -> None:
    """A handler forks: both end the call, with an answer of their own."""
    ours = client(server.url)
    ours.list_components()
    parent = os.getpid()
    children: list[int] = []

    def handler(**kwargs: Any) -> None:
        if os.getpid() == parent:
            children.append(os.fork())

    ours.meta.events.register(event, handler)
    answer = ours.list_components()
    if os.getpid() != parent:
        again = ours.list_components()
        os._exit(answer["ResponseMetadata"]["HTTPStatusCode"] + again["ResponseMetadata"]["HTTPStatusCode"] - 400)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert statuses(children) == {0}


METHODS = multiprocessing.get_all_start_methods()


@pytest.fixture
def pickled(server: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client whose pickle holds no keys; whoever loads it finds them in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    made = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url)
    assert status_of_a_call(made) == 200
    return made


@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing(pickled: Any, method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(status_of_a_call, [pickled] * 4) == [200] * 4
    assert status_of_a_call(pickled) == 200


@pytest.mark.parametrize("method", METHODS)
def test_process_pool_executor(pickled: Any, server: RecordingServer, method: str) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(status_of_a_call, [pickled] * 4)) == [200] * 4
    assert status_of_a_call(pickled) == 200
    assert_no_connection_is_shared(server)


@needs_fork
def test_an_emulator_belongs_to_the_process_that_made_it() -> None:
    """A child calls it, cannot add devices to it, and ends by way of its interpreter without stopping it."""
    code = (
        "import os, sys\n"
        "from fleetgrass.emulator import Emulator\n"
        "emulator = Emulator()\n"
        "client = emulator.client()\n"
        "client.list_core_devices()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    client.list_core_devices()\n"
        "    try:\n"
        "        emulator.register_core_device('d')\n"
        "    except RuntimeError as error:\n"
        "        assert 'fork' in str(error)\n"
        "        emulator.stop()\n"
        "        sys.exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
        "emulator.register_core_device('d')\n"
        "assert len(client.list_core_devices()['coreDevices']) == 1\n"
    )
    run(code)


@needs_fork
def test_forks_in_the_middle_of_an_emulators_work() -> None:
    with Emulator() as emulator:
        ours = emulator.client()

        def in_the_child() -> None:
            ours.list_core_devices()
            emulator.stop()

        with busy(lambda: (emulator.register_core_device("d"), ours.list_core_devices()), threads=2):
            children = [fork(in_the_child) for _ in range(20)]
            assert statuses(children) == {0}
        assert len(ours.list_core_devices()["coreDevices"]) == 1


@needs_fork
def test_a_lock_is_free_in_a_child_whoever_holds_it() -> None:
    lock = Lock()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait(30)

    def in_the_child() -> None:
        for _ in range(2):
            with lock:
                pass

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    assert statuses([fork(in_the_child)]) == {0}
    over.set()
    thread.join()


FIRST_CALLS = f"""
import threading
import fleetgrass
from botocore.config import Config
from support.processes import fork, statuses
ours = fleetgrass.client(
    "greengrassv2", region_name="us-east-1", endpoint_url="http://localhost:1",
    config=Config(retries={{"total_max_attempts": 1}}), **{KEYS}
)
def call():
    try:
        ours.list_core_devices()
    except fleetgrass.exceptions.EndpointConnectionError:
        pass
over = threading.Event()
def calls():
    while not over.is_set():
        call()
threads = [threading.Thread(target=calls) for _ in range(8)]
for thread in threads:
    thread.start()
for _ in range(100):
    assert statuses([fork(call)]) == {{0}}
over.set()
for thread in threads:
    thread.join()
"""


@needs_fork
def test_forks_in_the_middle_of_first_calls() -> None:
    """Threads look hosts up and import what errors need; a child finds neither begun for ever."""
    run(FIRST_CALLS)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """An interpreter of its own, which has to end in time, with status 0 and without a word."""
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended


PROLOGUE = f"""
import sys, threading
import fleetgrass
from botocore.config import Config
config = Config(read_timeout=600, retries={{"total_max_attempts": 10}})
def client():
    return fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=sys.argv[1], config=config, **{KEYS})
begun = threading.Semaphore(0)
def start(work, daemon):
    for _ in range(8):
        threading.Thread(target=work, daemon=daemon).start()
"""


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize(
    "answer",
    [SILENT, Answer(b"", "close"), reply({}, 503, [("Retry-After", "20")]), reply(DEVICES)],
    ids=["silent", "retried", "waits", "busy"],
)
def test_an_interpreter_exits_while_daemon_threads_call(
    server: RecordingServer, answer: Answer, observed: bool
) -> None:
    server.script([answer])
    code = PROLOGUE + (
        "def work():\n"
        "    ours = client()\n"
        f"    if {observed}:\n"
        "        ours.meta.events.register('before-send', lambda **kwargs: None)\n"
        "    begun.release()\n"
        "    while True:\n"
        "        try:\n"
        "            ours.list_core_devices()\n"
        "        except Exception:\n"
        "            pass\n"
        "start(work, daemon=True)\n"
        "for _ in range(8):\n"
        "    begun.acquire()\n"
    )
    for _ in range(5):
        run(code, server.url)


def test_an_interpreter_that_exits_waits_for_calls_of_other_threads(server: RecordingServer) -> None:
    """As it waits for any thread that is no daemon; executors are joined in the same way."""
    code = PROLOGUE + (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "ours = client()\n"
        "def work():\n"
        "    for _ in range(20):\n"
        "        ours.list_components()\n"
        "start(work, daemon=False)\n"
        "pool = ThreadPoolExecutor(4)\n"
        "for _ in range(4):\n"
        "    pool.submit(work)\n"
    )
    run(code, server.url)
    assert len(server.take()) == 12 * 20


#: What daemon threads do where Python's code runs inside our calls: to make an exception, to log, to give credentials.
INSIDE = {
    "raises": ("", "client()", "ours.list_core_devices(maxResults='x')"),
    "raises in map": ("", "client()", "list(ours.map('list_core_devices', [{'maxResults': 'x'}, {}] * 20))"),
    "logs": (
        "import logging\n"
        "logging.getLogger('fleetgrass').setLevel(logging.DEBUG)\n"
        "logging.getLogger('fleetgrass').addHandler(logging.Handler())\n"
        "logging.Handler.emit = logging.Handler.format\n",
        "client()",
        "ours.list_core_devices()",
    ),
    "asks a provider": (
        "import botocore.session, fleetgrass.credentials\n"
        "class Provider:\n"
        "    method = 'explicit'\n"
        "    account_id = None\n"
        "    def get_frozen_credentials(self):\n"
        "        sum(range(2000))\n"
        "        return fleetgrass.credentials.ReadOnlyCredentials('AKID', 'secret', None)\n"
        "session = botocore.session.Session()\n"
        "session._credentials = Provider()\n",
        "fleetgrass.Session(botocore_session=session).client(\n"
        "    'greengrassv2', region_name='us-east-1', endpoint_url=sys.argv[1])",
        "ours.list_core_devices()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", INSIDE)
def test_an_interpreter_exits_while_daemon_threads_run_python_code_inside(server: RecordingServer, kind: str) -> None:
    server.script([reply(DEVICES)])
    before, made, call = INSIDE[kind]
    code = PROLOGUE + before + (
        f"ours = {made}\n"
        "def work():\n"
        "    begun.release()\n"
        "    while True:\n"
        "        try:\n"
        f"            {call}\n"
        "        except Exception:\n"
        "            pass\n"
        "start(work, daemon=True)\n"
        "for _ in range(8):\n"
        "    begun.acquire()\n"
    )  # fmt: skip
    for _ in range(5):
        run(code, server.url)


def test_whoever_empties_atexit_early_changes_nothing(server: RecordingServer) -> None:
    """Calls go on, on this thread and others; the last one is made by a function of atexit."""
    code = PROLOGUE + (
        "import atexit\n"
        "ours = client()\n"
        "ours.list_core_devices()\n"
        "atexit._run_exitfuncs()\n"
        "atexit.register(ours.list_core_devices)\n"
        "thread = threading.Thread(target=ours.list_core_devices)\n"
        "thread.start()\n"
        "thread.join()\n"
        "list(ours.map('list_core_devices', [{}] * 3))\n"
    )
    run(code, server.url)
    assert len(server.take()) == 6


def test_an_interpreter_exits_with_an_emulator_that_nobody_stopped() -> None:
    run("from fleetgrass.emulator import Emulator\nemulator = Emulator()\nemulator.client().list_core_devices()")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
@pytest.mark.parametrize(("clients", "calls"), [(10_000, False), (1_500, True)], ids=["made", "called"])
def test_clients_that_come_and_go_leave_nothing(distant_server: str, clients: int, calls: bool) -> None:
    """Memory may settle while the first fifth comes and goes; after that a client may leave less than 200 bytes."""
    config = Config(retries={"total_max_attempts": 1})

    def come_and_go() -> None:
        made = client(distant_server, config=config)
        if calls:
            made.list_components()

    for _ in range(clients // 5):
        come_and_go()
    threads, descriptors, memory = used()
    for _ in range(clients - clients // 5):
        come_and_go()
    after = used()
    assert after[:2] == (threads, descriptors)
    assert after[2] - memory < max(200 * clients, 1_000_000)


@needs_fork
def test_without_descriptors_an_error_still_says_what_failed() -> None:
    """The first error of a process loads its class, which takes a descriptor as well."""
    code = PROLOGUE + (
        "import os, resource\n"
        "config = Config(retries={'total_max_attempts': 1})\n"
        "ours = client()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))\n"
        "held = []\n"
        "try:\n"
        "    while True:\n"
        "        held.append(os.dup(0))\n"
        "except OSError:\n"
        "    pass\n"
        "try:\n"
        "    ours.list_core_devices()\n"
        "except RuntimeError as error:\n"
        "    told = str(error)\n"
        "for each in held:\n"
        "    os.close(each)\n"
        "print(told)\n"
    )
    told = run(code, "http://127.0.0.1:9").stdout
    assert told.startswith("EndpointConnectionError(endpoint_url=http://127.0.0.1:9/")
    assert "Too many open files" in told
