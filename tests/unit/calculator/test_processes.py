"""The five processes over real connections: nothing that happens to one hangs or ends another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from calculator.backends import Backends, ServiceSlowError
from calculator.config import Config

from .processes import Calculator, Launcher, Service


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path_factory.mktemp("calculator"))
    yield launcher
    launcher.stop()


@pytest.fixture(scope="module")
def calculator(launcher: Launcher) -> Calculator:
    return launcher.calculator()


@pytest.fixture(scope="module")
def frontend(calculator: Calculator) -> Service:
    return calculator.frontend


@pytest.fixture(scope="module")
def impatient(launcher: Launcher, calculator: Calculator) -> Service:
    """A frontend with the same services and little time for anybody."""
    return launcher.frontend(
        {name: [service.url] for name, service in calculator.services.items()},
        client_timeout=0.5,
        connect_timeout=0.3,
        service_timeout=0.4,
        retry_seconds=0.2,
        evaluation_timeout=1,
        max_connections=5,
    )


@pytest.fixture(scope="module")
def gone(launcher: Launcher) -> Service:
    """A service that is no more."""
    service = launcher.service("mul")
    service.stop()
    return service


TABLE = [
    ("(5+6)*2", "22"),
    ("2+3*4", "14"),
    ("8-3-2", "3"),
    ("10/2/5", "1"),
    ("10/3", "3.3333333333333335"),
    ("0.1+0.2", "0.30000000000000004"),
    ("1e3+1", "1001"),
    ("5/0", "Infinity"),
    ("0/0", "NaN"),
    ("-3+2", "-1"),
    ("-(1+2)", "-3"),
    ("0*-1", "0"),
    ("1e20*10", "1e+21"),
    ("1/1e7", "1e-7"),
    ("(5/0)-1", "Infinity"),
    ("0/0+1", "NaN"),
]


@pytest.mark.parametrize(("expression", "result"), TABLE)
def test_plain_text(frontend: Service, expression: str, result: str) -> None:
    reply = frontend.ask(expression)
    assert (reply.status, reply.body) == (200, f"result = {result}\r\n\r\n")
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_a_number_alone_needs_no_service(frontend: Service) -> None:
    assert frontend.ask("5").body == "result = 5\r\n"


def test_any_path_will_do(frontend: Service) -> None:
    assert frontend.request("POST", "/any/path?and=query", "1+1").body == "result = 2\r\n\r\n"


def test_json_names_who_answered_what(calculator: Calculator) -> None:
    content = calculator.frontend.ask_json("(5+6)*2/0").json
    assert content["result"] == "Infinity"
    assert all(step.pop("seconds") > 0 for step in content["steps"])
    assert content["steps"] == [
        {"operation": name, "operands": operands, "result": result, "service": calculator.services[name].url}
        for name, operands, result in [
            ("sum", [5, 6], 11),
            ("mul", [11, 2], 22),
            ("div", [22, 0], "Infinity"),
        ]
    ]


def test_json_for_who_accepts_it(frontend: Service) -> None:
    reply = frontend.request("POST", "/", "7", Accept="application/json")
    assert reply.json == {"result": 7, "steps": []}
    assert reply.headers["Content-Type"] == "application/json"


def test_a_media_type_has_no_case(frontend: Service) -> None:
    reply = frontend.request("POST", "/", '{"expression": "7"}', Content_Type="Application/JSON")
    assert reply.json == {"result": 7, "steps": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1+2)", "at character 4: expected an operator or the end, found ')'"),
        ("(1+2", "at character 5: expected an operator or ')', found the end"),
        ("", "at character 1: the expression is empty"),
        ("1 2", "at character 3: expected an operator or the end, found '2'"),
        ("1+" * 5000, "at character 1001: the expression has 10000 characters, at most 1000 are allowed"),
    ],
)
def test_a_malformed_expression(frontend: Service, body: str, message: str) -> None:
    reply = frontend.ask(body)
    assert (reply.status, reply.body) == (400, f"error: {message}\r\n")
    reply = frontend.ask_json(body)
    assert (reply.status, reply.json["error"]) == (400, message)
    assert f"at character {reply.json['position']}:" in message


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "[" * 9000, '{"expression": 3}', '{"other": "1"}'])
def test_json_without_an_expression(frontend: Service, body: str) -> None:
    reply = frontend.request("POST", "/", body, Content_Type="application/json")
    assert (reply.status, reply.json["error"]) == (
        400,
        'expected a JSON object like {"expression": "(5+6)*2"}',
    )


def test_a_body_that_is_no_text(frontend: Service) -> None:
    assert frontend.request("POST", "/", b"\xff\xfe").status == 400


@pytest.mark.parametrize("size", [20_000, 900_000])
def test_a_body_that_is_too_long(frontend: Service, size: int) -> None:
    assert frontend.request("POST", "/", b"1" * size).status == 413
    in_chunks = iter([b"1" * 1000] * (size // 1000))
    assert frontend.request("POST", "/", in_chunks).status == 413
    assert frontend.ask("1+1").status == 200


def test_a_body_in_chunks_without_end_is_refused(frontend: Service) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"100000\r\n" + b"1" * 2**20 + b"\r\n1\r\n1\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"error: the request's body has more than 16384 bytes\r\n")


@pytest.mark.parametrize("digits", [11, 5000])
def test_a_body_that_is_only_announced_is_not_waited_for(frontend: Service, digits: int) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %b\r\n\r\n" % (b"9" * digits))
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/", 405), ("DELETE", "/healthz", 405)]
)
def test_what_is_not_there(frontend: Service, method: str, path: str, status: int) -> None:
    reply = frontend.request(method, path)
    assert reply.status == status
    assert reply.body.startswith("error: ")
    assert ("Allow" in reply.headers) == (status == 405)


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/healthz", 200), ("/nothing", 404)])
def test_head_is_get_without_the_body(frontend: Service, path: str, status: int) -> None:
    reply = frontend.request("HEAD", path)
    assert (reply.status, reply.body) == (status, "")
    assert reply.headers["Content-Type"] == frontend.request("GET", path).headers["Content-Type"]


def test_the_page_needs_nothing_from_elsewhere(frontend: Service) -> None:
    reply = frontend.request("GET", "/")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    assert not any(f'{name}="http' in reply.body for name in ("src", "href"))


def test_health_of_the_services(calculator: Calculator) -> None:
    for name, service in calculator.services.items():
        content = service.request("GET", "/healthz").json
        assert (content["status"], content["service"]) == ("ok", name)
        assert content["version"]


def test_health_of_the_frontend_names_who_cannot_be_reached(
    launcher: Launcher, calculator: Calculator, gone: Service
) -> None:
    services = calculator.services
    frontend = launcher.frontend(
        {"sum": [services["sum"].url], "sub": [services["div"].url], "mul": [gone.url]}
    )
    content = frontend.request("GET", "/healthz").json
    assert content["status"] == "ok"
    backends = content["backends"]
    assert backends["sum"][0]["reachable"] is True
    assert backends["sub"] == [{"url": services["div"].url, "reachable": False, "problem": "answered as div"}]
    assert backends["mul"] == [{"url": gone.url, "reachable": False, "problem": "connection refused"}]
    assert backends["div"] == []


@pytest.mark.parametrize("body", ["", "5", "5 6 7", "5 x", "0x5 1", "1_0 1"])
def test_a_service_refuses_what_is_not_two_numbers(calculator: Calculator, body: str) -> None:
    reply = calculator.services["mul"].ask(body)
    assert reply.status == 400
    assert reply.body.startswith("error: expected two numbers and a space between them, found ")


@pytest.mark.parametrize(("name", "result"), [("sum", "8"), ("sub", "4"), ("mul", "12"), ("div", "3")])
def test_a_service_answers_any_path(calculator: Calculator, name: str, result: str) -> None:
    reply = calculator.services[name].request("POST", "/any/path", "6 2")
    assert (reply.status, reply.body) == (200, f"{result}\r\n")


def test_a_service_that_is_down_is_named(launcher: Launcher, gone: Service) -> None:
    frontend = launcher.frontend({"mul": [gone.url]}, retry_seconds=0.2)
    message = f"the service mul failed: {gone.url}: connection refused"
    reply = frontend.ask("2*3")
    assert (reply.status, reply.body) == (502, f"error: {message}\r\n")
    reply = frontend.ask_json("2*3")
    assert (reply.status, reply.json) == (502, {"error": message})
    assert frontend.ask("2").status == 200


def test_a_name_that_only_the_connection_refuses_is_a_service_that_is_down(launcher: Launcher) -> None:
    """The client takes a colon without a port for a part of the name, which is too long with it."""
    url = f"http://{'a' * 63}:"
    frontend = launcher.frontend({"sum": [url]}, retry_seconds=0)
    (state,) = frontend.request("GET", "/healthz").json["backends"]["sum"]
    assert "label" in state["problem"]
    reply = frontend.ask("1+1")
    assert reply.status == 502
    assert f"the service sum failed: {url}: " in reply.body


@pytest.mark.parametrize("answer", ["", "[]", '{"state": "well"}', "[" * 4000])
def test_a_stranger_is_told_apart_by_its_health(launcher: Launcher, answer: str) -> None:
    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        frontend = launcher.frontend({"sum": [f"http://127.0.0.1:{stranger.server_port}"]})
        (state,) = frontend.request("GET", "/healthz").json["backends"]["sum"]
        stranger.shutdown()
    assert state["problem"] == "answered 200, but not as a calculator service"


def test_an_operation_without_an_address_is_named(launcher: Launcher) -> None:
    reply = launcher.frontend({}).ask("2*3")
    assert (reply.status, reply.body) == (502, "error: no address is configured for the service mul\r\n")


def test_an_address_that_does_not_take_the_connection_is_down(launcher: Launcher) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(address)
            waiting.append(client)
        frontend = launcher.frontend(
            {"sum": [f"http://127.0.0.1:{address[1]}"]}, connect_timeout=0.3, retry_seconds=0
        )
        reply = frontend.ask("1+1")
        for client in waiting:
            client.close()
    assert (reply.status, "imeout while connecting" in reply.body) == (502, True), reply.body


def test_a_service_that_does_not_answer_is_named(calculator: Calculator, impatient: Service) -> None:
    service = calculator.services["mul"]
    with service.frozen():
        reply = impatient.ask("2*3")
    assert (reply.status, reply.body) == (
        504,
        f"error: the service mul failed: {service.url} did not answer within 0.4 s\r\n",
    )


def test_a_long_evaluation_ends_in_time(launcher: Launcher, calculator: Calculator) -> None:
    service = calculator.services["mul"]
    frontend = launcher.frontend({"mul": [service.url]}, evaluation_timeout=0.5)
    started = time.monotonic()
    with service.frozen():
        reply = frontend.ask("2*3")
    assert time.monotonic() - started < 3
    assert reply.status == 504
    assert f"the service mul at {service.url} had not answered when the 0.5 s" in reply.body


@pytest.fixture
def hung() -> Iterator[socket.socket]:
    """A service that takes connections, which the kernel does, and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(500)
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _connections(listener: socket.socket) -> int:
    """Return how many clients have connected and were not counted yet."""
    listener.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def test_a_hung_service_holds_up_no_other_operation(
    launcher: Launcher, calculator: Calculator, hung: socket.socket
) -> None:
    frontend = launcher.frontend({"sum": [calculator.services["sum"].url], "mul": [_url(hung)]})
    with ThreadPoolExecutor(2) as pool:
        products = [pool.submit(frontend.ask, "+".join(["2*2"] * 100)) for _ in range(2)]
        time.sleep(0.5)
        started = time.monotonic()
        assert frontend.ask("1+2").body == "result = 3\r\n\r\n"
        assert time.monotonic() - started < 5
        assert not any(reply.done() for reply in products)
        # The answers would only come when the time for an expression is over.
        frontend.send_signal(signal.SIGKILL)


def test_many_users_of_a_hung_service_do_not_take_all_memory(launcher: Launcher, hung: socket.socket) -> None:
    """As many as may be connected, each with as many operations as there may be."""
    frontend = launcher.frontend({"sum": [_url(hung)]}, evaluation_timeout=3, service_timeout=3)
    with ThreadPoolExecutor(500) as pool:
        replies = list(pool.map(frontend.ask, ["+".join(["(1+1)"] * 100)] * 500))
    assert {reply.status for reply in replies} == {504}
    assert frontend.process
    status = Path(f"/proc/{frontend.process.pid}/status").read_text()
    (peak,) = re.findall(r"(?m)^VmHWM:\s+(\d+) kB$", status)
    # What its unit allows it is 96 MiB.
    assert int(peak) < 80 * 1024


def test_many_monitors_cost_a_hung_service_few_requests(
    launcher: Launcher, calculator: Calculator, hung: socket.socket
) -> None:
    frontend = launcher.frontend({"sum": [calculator.services["sum"].url], "mul": [_url(hung)]})
    with ThreadPoolExecutor(200) as pool:
        monitors = [pool.submit(frontend.request, "GET", "/healthz") for _ in range(200)]
        time.sleep(0.5)
        assert frontend.ask("1+2").body == "result = 3\r\n\r\n"
        states = [reply.result().json["backends"]["mul"][0]["reachable"] for reply in monitors]
    assert states == [False] * 200
    assert _connections(hung) < 10


def test_a_call_that_was_never_made_is_not_blamed_on_the_service(hung: socket.socket) -> None:
    async def ask() -> None:
        backends = Backends(Config("frontend", 0, backends={"mul": [_url(hung)]}, evaluation_timeout=0.2))
        now = asyncio.get_running_loop().time()
        others = [asyncio.create_task(backends.ask("mul", 1, 1, deadline=now + 5)) for _ in range(64)]
        await asyncio.sleep(0)
        try:
            await backends.ask("mul", 1, 1, deadline=now + 0.2)
        finally:
            for task in others:
                task.cancel()

    with pytest.raises(ServiceSlowError) as raised:
        asyncio.run(ask())
    assert str(raised.value) == (
        f"the service mul at {_url(hung)} was not asked, because 64 other calls had not been answered "
        "when the 0.2 s for the whole expression were over"
    )


def test_an_answer_that_is_no_number_is_named(launcher: Launcher, frontend: Service) -> None:
    """A frontend in the place of a service answers in a form of its own."""
    reply = launcher.frontend({"sum": [frontend.url]}).ask("1+1")
    assert reply.status == 502
    assert f"the service sum failed: {frontend.url} answered 400" in reply.body


def test_a_client_that_never_finishes_its_request_is_cut_off(impatient: Service) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as header:
        header.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-")
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as body:
            body.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1+")
            assert impatient.ask("1+1").status == 200
            assert body.recv(100) == b""
        assert header.recv(100) == b""


def test_a_client_may_be_given_all_the_time_that_there_is(launcher: Launcher) -> None:
    assert launcher.frontend({}, client_timeout=1e9).ask("5").status == 200


def test_a_client_that_does_not_read_is_cut_off(impatient: Service) -> None:
    deaf = [socket.create_connection(("127.0.0.1", impatient.port), timeout=5) for _ in range(5)]
    for client in deaf:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    assert impatient.request("GET", "/healthz").status == 503
    deadline = time.monotonic() + 30
    while impatient.request("GET", "/healthz").status == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for client in deaf:
        client.close()


@pytest.mark.parametrize("length", ["\u00b2", "x", "-1"])
def test_a_length_that_is_no_number_is_one_clear_line(frontend: Service, length: str) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), timeout=5) as client:
        client.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
        answer = client.recv(4096)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in frontend.log.read_text()


def test_more_connections_than_allowed_are_turned_away(impatient: Service) -> None:
    idle = [socket.create_connection(("127.0.0.1", impatient.port), timeout=5) for _ in range(5)]
    reply = impatient.request("GET", "/healthz")
    assert (reply.status, reply.body) == (503, "error: too many connections\r\n")
    for client in idle:
        client.close()
    time.sleep(0.2)
    assert impatient.ask("1+1").status == 200


def test_a_restart_of_a_service_is_not_noticed(launcher: Launcher) -> None:
    service = launcher.service("sum")
    frontend = launcher.frontend({"sum": [service.url]}, retry_seconds=10)
    with ThreadPoolExecutor(1) as pool:
        service.stop()
        reply = pool.submit(frontend.ask, "1+1")
        time.sleep(0.5)
        assert not reply.done()
        service.start()
        assert reply.result().body == "result = 2\r\n\r\n"


def test_services_of_one_operation_share_the_work_and_stand_in(launcher: Launcher) -> None:
    services = [launcher.service("mul", start=False) for _ in range(2)]
    for service in services:
        service.wait()
    frontend = launcher.frontend({"mul": [service.url for service in services]})

    def who() -> Counter[str]:
        return Counter(frontend.ask_json("2*3").json["steps"][0]["service"] for _ in range(10))

    assert who() == {service.url: 5 for service in services}
    services[0].stop()
    assert who() == {services[1].url: 10}


def test_a_request_under_way_is_finished_before_the_end(launcher: Launcher, calculator: Calculator) -> None:
    service = calculator.services["div"]
    frontend = launcher.frontend({"div": [service.url]})
    with ThreadPoolExecutor(2) as pool:
        with service.frozen():
            reply = pool.submit(frontend.ask, "8/2")
            health = pool.submit(frontend.request, "GET", "/healthz")
            time.sleep(0.3)
            frontend.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(ConnectionRefusedError):
                frontend.ask("1")
        assert reply.result().body == "result = 4\r\n\r\n"
        assert health.result().json["backends"]["div"][0]["reachable"] is True
    assert frontend.process and frontend.process.wait(timeout=10) == 0


def test_a_request_that_is_not_complete_holds_up_no_end(launcher: Launcher) -> None:
    service = launcher.service("sum", client_timeout=60)
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1 ")
        assert service.ask("1 1").status == 200
        service.send_signal(signal.SIGTERM)
        # It would wait for as long as an evaluation may take, which is 20 s.
        assert service.process and service.process.wait(timeout=10) == 0


def test_two_hundred_users_at_once(frontend: Service) -> None:
    with ThreadPoolExecutor(200) as pool:
        replies = list(pool.map(frontend.ask_json, [f"({number}+1)*2-{number}" for number in range(200)]))
    assert [reply.status for reply in replies] == [200] * 200
    assert [reply.json["result"] for reply in replies] == [number + 2 for number in range(200)]


def test_one_line_a_request_and_no_forged_ones(frontend: Service) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), timeout=5) as client:
        client.sendall(b"GET /%0aforged%1b[31m'\xff\x9b31m HTTP/1.0\r\n\r\n")
        while client.recv(4096):
            pass
    time.sleep(0.2)
    last = frontend.log.read_text().splitlines()[-1]
    assert "forged" in last
    assert last.startswith("127.0.0.1 'GET' ")
    assert last.isprintable()


def test_a_port_that_is_taken_is_one_clear_line(launcher: Launcher, frontend: Service) -> None:
    second = launcher.service("sum", start=False, port=frontend.port)
    assert second.process and second.process.wait(timeout=10) == 1
    assert second.log.read_text() == (
        f"calculator: cannot listen at 127.0.0.1 port {frontend.port}: Address already in use\n"
    )


@pytest.fixture
def kept() -> Iterator[socket.socket]:
    """A listening socket as an earlier process had it, of which systemd has a copy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where systemd hears what a service tells it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        # The kernel chooses a name.
        channel.bind("")
        monkeypatch.setenv("NOTIFY_SOCKET", channel.getsockname().decode().replace("\0", "@"))
        channel.settimeout(10)
        yield channel


def _told(manager: socket.socket) -> str:
    return manager.recv(4096).decode().splitlines()[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1"])
def test_a_kept_socket_at_the_address_is_used(
    launcher: Launcher, kept: socket.socket, manager: socket.socket, address: str
) -> None:
    service = launcher.service("sum", kept=kept, bind_address=address, port=kept.getsockname()[1])
    assert _told(manager) == "READY=1"
    assert service.ask("1 1").body == "2\r\n"


def test_a_kept_socket_at_another_address_is_in_nobodys_way(
    launcher: Launcher, kept: socket.socket, manager: socket.socket
) -> None:
    service = launcher.service("sum", kept=kept, bind_address="0.0.0.0", port=kept.getsockname()[1])
    assert [_told(manager) for _ in range(3)] == ["FDSTOREREMOVE=1", "FDSTORE=1", "READY=1"]
    assert service.ask("1 1").body == "2\r\n"


def test_a_kept_socket_is_given_back_also_without_another_address(
    launcher: Launcher, kept: socket.socket, manager: socket.socket
) -> None:
    # Of a network for documents.
    service = launcher.service("sum", start=False, kept=kept, bind_address="198.51.100.77")
    assert service.process and service.process.wait(timeout=10) == 1
    assert _told(manager) == "FDSTOREREMOVE=1"


def test_an_address_that_the_host_lacks_is_waited_for(launcher: Launcher) -> None:
    # Of a network for documents.
    service = launcher.service("sum", start=False, bind_address="198.51.100.77")
    assert service.process and service.process.wait(timeout=10) == 1
    assert "cannot listen at 198.51.100.77 port 0: Cannot assign requested address" in service.log.read_text()


def test_an_address_that_is_none_is_not(launcher: Launcher) -> None:
    service = launcher.service("sum", start=False, bind_address="198.51.100.777")
    assert service.process and service.process.wait(timeout=10) == 78


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_nesting": -1}, "max_nesting: expected a finite number that is not negative, found -1"),
        (
            {"client_timeout": "ten"},
            "client_timeout: expected a finite number that is not negative, found 'ten'",
        ),
        (
            {"client_timeout": math.nan},
            "client_timeout: expected a finite number that is not negative, found nan",
        ),
        (
            {"retry_seconds": math.inf},
            "retry_seconds: expected a finite number that is not negative, found inf",
        ),
        (
            {"service_timeout": 10**400},
            "service_timeout: expected a finite number that is not negative, found 1",
        ),
        ({"port": 70000}, "port: expected at most 65535, found 70000"),
        ({"bind_address": 5}, "bind_address: expected text like '0.0.0.0', found 5"),
        ({"backends": None}, "backends: expected an object of lists of addresses, found None"),
        ({"backends": {"pow": []}}, "backends: 'pow' is none of sum, sub, mul, div"),
        ({"backends": {"sum": "http://x"}}, "backends: sum needs a list of addresses, found 'http://x'"),
        ({"backends": {"sum": ["x:1"]}}, "backends: sum: 'x:1' is not like http://10.0.2.14:50001"),
        *(
            ({"backends": {"sum": [url]}}, f"backends: sum: {url!r} is not like http://10.0.2.14:50001")
            for url in (
                "http://a..b:5",
                f"http://{'a' * 64}:5",
                "http://x:99999",
                "http://x:0",
                "http://[::1",
            )
        ),
        ({"unknown": 1}, "expected an object with service, port and optionally "),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(
    launcher: Launcher, settings: dict[str, object], message: str
) -> None:
    service = launcher.service("frontend", start=False, **json.loads(json.dumps(settings)))
    assert service.process and service.process.wait(timeout=10) == 78
    output = service.log.read_text()
    assert message in output
    assert output.count("\n") == 1
