"""An instance is measured by what it answers and by the processes that are its own."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from ad_hoc import ad_hoc, result

from comparison import trial
from comparison.trial import Instance, Question, TrialError

QUESTION = Question("5 6", "11")
SERVER = """
import http.server, sys, time

class Sum(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        numbers = self.rfile.read(int(self.headers["Content-Length"])).split()
        body = str(sum(map(int, numbers))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sum).serve_forever()
"""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def instance(tmp_path, port):
    """Give the commands of a service that adds."""
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "start.sh").write_text(
        f"{sys.executable} {tmp_path}/server.py {port} >/dev/null 2>&1 & echo $! >{tmp_path}/pid"
    )
    stop = f"kill $(cat {tmp_path}/pid)"
    yield Instance(
        ["sh", str(tmp_path / "start.sh")],
        ["sh", "-c", stop],
        ["cat", str(tmp_path / "pid")],
        f"http://127.0.0.1:{port}/",
    )
    subprocess.run(["sh", "-c", stop], capture_output=True, check=False)


def test_a_service_is_started_asked_and_looked_at(instance):
    seconds = trial.first_answer(instance, QUESTION, 20)
    assert 0 < seconds < 20
    assert len(trial.answers(instance.url, QUESTION, 5, 5)) == 5
    assert trial.rate(instance.url, QUESTION, 2, 0.2) > 1
    pid = trial.root(instance, 5)
    [process] = trial.members([pid], [])
    assert process.name.startswith("python")
    assert trial.footprint([process]) > 1000
    shares, gone = trial.idle({"it": (pid, [])}, 0.1, 2)
    assert len(shares["it"]) == 2
    assert all(0 <= share <= 100 for share in shares["it"])
    assert not gone
    with pytest.raises(TrialError, match="the answer to 5 6 was '11', not '12'"):
        trial.answers(instance.url, Question("5 6", "12"), 1, 5)


def module(instance: Instance, **options: object) -> dict[str, Any]:
    """Return what instance_trial says when Ansible runs it."""
    words = {"start": instance.start, "stop": instance.stop, "pid": instance.pid, "url": instance.url}
    return run("instance_trial", words | {"starts": 2, "requests": 5, "load_seconds": 0.1} | options)


def run(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a module says when Ansible runs it."""
    return result(ad_hoc(name, json.dumps(arguments)))


def test_the_module_measures_one_instance_and_stops_it(instance):
    told = module(instance)
    figures = told["figures"]
    assert (figures["start"]["count"], figures["answer"]["count"]) == (2, 5)
    assert figures["memory_first"] > 1
    assert figures["memory_further"] is None
    assert told["processes"] == 1
    with pytest.raises(TrialError, match="gave no answer"):
        trial.first_answer(Instance(["true"], ["true"], ["true"], instance.url), QUESTION, 0.2)


def test_the_module_measures_no_other_program_that_answers(instance):
    trial.first_answer(instance, QUESTION, 20)
    with subprocess.Popen(["true"]) as ended:
        pass
    other = Instance(["true"], ["true"], ["echo", str(ended.pid)], instance.url)
    told = module(other, starts=1)
    assert told["msg"].startswith(f"the process {ended.pid}, the first of its instance, is gone")
    assert module(other, load_seconds=0)["msg"] == "load_seconds is 0.0, but at least 0.1 is needed"


def test_idle_instances_are_looked_at_together(instance):
    trial.first_answer(instance, QUESTION, 20)
    instances = [{"name": "service", "pid": trial.root(instance, 5)}, {"name": "tests", "pid": os.getpid()}]
    figures = run("instance_idle", {"instances": instances, "seconds": 0.1})["figures"]
    assert {name: figure["idle"]["count"] for name, figure in figures.items()} == {"service": 3, "tests": 3}
    assert figures["service"]["idle_step"] == pytest.approx(1000 / os.sysconf("SC_CLK_TCK"))
    told = run("instance_idle", {"instances": instances, "seconds": 0})
    assert told["msg"] == "seconds is 0.0, but at least 0.1 is needed"


def test_all_are_asked_at_once_and_silence_is_no_failure(instance, port):
    trial.first_answer(instance, QUESTION, 20)
    with socket.socket() as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        closed.bind(("127.0.0.1", 0))
        instances = [
            {"name": "service", "url": instance.url},
            {"name": "silent", "url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "seconds": 0.3},
            {"name": "closed", "url": f"http://127.0.0.1:{closed.getsockname()[1]}/"},
        ]
        told = run("instance_answers", {"question": "5 6", "instances": instances})
    assert told["answers"] == {"service": "11", "silent": "", "closed": ""}


@pytest.mark.parametrize("stop", [["/nowhere/stop"], ["sleep", "60"]], ids=["missing", "endless"])
def test_the_first_reason_is_told_where_the_instance_cannot_be_stopped(instance, stop):
    never = Instance(["true"], stop, ["true"], instance.url)
    began = time.monotonic()
    assert " gave no answer within 1 s: " in module(never, timeout=1)["msg"]
    assert time.monotonic() - began < 30


def test_what_is_gone_takes_no_memory_that_could_be_told(instance):
    trial.first_answer(instance, QUESTION, 20)
    pid = trial.root(instance, 5)
    trial.run(instance.stop, 5)
    for _ in range(100):
        if not any(process.pid == pid for process in trial.everything()):
            break
        time.sleep(0.05)
    shares, gone = trial.idle({"tests": (os.getpid(), []), "service": (pid, [])}, 0.01, 1)
    assert list(shares) == ["tests"]
    assert gone["service"].startswith(f"the process {pid}, the first of its instance, is gone")


def test_no_answer_is_told_with_its_reason(instance, port):
    never = Instance(["true"], ["true"], ["echo", "0"], instance.url)
    with pytest.raises(TrialError, match=f"127.0.0.1:{port}/ gave no answer within 0 s: .*refused"):
        trial.first_answer(never, QUESTION, 0.1)
    with pytest.raises(TrialError, match="'0' is no process"):
        trial.root(never, 5)
    with pytest.raises(TrialError, match="false: status 1"):
        trial.run(["false"], 5)


def test_a_connection_that_is_never_answered_is_given_up_soon(port):
    """As QEMU's port forward takes one while the machine boots."""

    class Late(http.server.BaseHTTPRequestHandler):
        asked = 0

        def do_POST(self) -> None:
            Late.asked += 1
            if Late.asked == 1:
                time.sleep(1.5)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"11")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Late) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        late = Instance(["true"], ["true"], ["true"], f"http://127.0.0.1:{port}/")
        assert trial.first_answer(late, QUESTION, 5) < 1.2
        server.shutdown()
