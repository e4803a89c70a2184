"""Starts, stops and reports the local broker; it is this checkout's own, and other brokers are never touched."""

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaConfigurationError, KafkaError

from infra.broker.node import HOST, Node, free_port, is_free
from infra.broker.runtime import BrokerFailure

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """A broker process of ours: its pid, when that process was created (Unix time), and its port on loopback."""

    pid: int
    created: float
    port: int

    @property
    def bootstrap_servers(self) -> str:
        """The address that Kafka clients are given."""
        return f"{HOST}:{self.port}"


def start(home: Path, port: int | None = None, properties: Mapping[str, str] | None = None) -> Running:
    """Start the broker of `home` unless it runs, and wait until it answers.

    Without `port`, the last one is taken again if it is free, else any free one; `properties` are Kafka's own. Raises
    BrokerFailure if the port is busy, or the broker does not answer within 90 seconds.
    """
    node = Node(home)
    with _alone(node):
        running = _running(node)
        if running is None:
            chosen = _choose(port, _last_port(node))
            pid = node.launch(chosen, properties)
            running = Running(pid, psutil.Process(pid).create_time(), chosen)
            _state(node).write_text(json.dumps(asdict(running)), encoding="utf-8")
        elif port not in {None, running.port}:
            raise BrokerFailure(
                f"消息服务器已在端口 {running.port} 上运行；要换端口请先停止它。",
                f"The broker already runs on port {running.port}; stop it first to change the port.",
            )
        _wait_for_answer(node, running)
        return running


def stop(home: Path) -> bool:
    """Stop the broker of `home` and wait for its end; False if none ran."""
    node = Node(home)
    if not node.folder.exists():
        return False
    with _alone(node):
        running = _running(node)
        if running is None:
            return False
        process = psutil.Process(running.pid)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()  # the log of acks=all is on disk; the next start recovers it
            process.wait(_STOP_SECONDS)
        return True


def status(home: Path) -> Running | None:
    """Return the running broker of `home`, or None."""
    return _running(Node(home))


def answers(bootstrap_servers: str, seconds: float = 2.0, **options: object) -> bool:
    """Tell whether a Kafka at this address names at least one broker within `seconds`.

    `options` are kafka-python's own (SASL, TLS). Raises KafkaConfigurationError if it does not know them.
    """
    milliseconds = int(seconds * 1000)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap_servers,
            bootstrap_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds,
            **options,
        )
    except KafkaConfigurationError:
        raise
    except (KafkaError, OSError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def _wait_for_answer(node: Node, running: Running) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers(running.bootstrap_servers, seconds=1.0):
        alive = _is_ours(node, running)
        if not alive or time.monotonic() > deadline:
            why = ("没有回答", "does not answer") if alive else ("已退出", "ended")
            raise BrokerFailure(
                f"消息服务器{why[0]}。日志在 {node.folder}：\n{node.last_words()}",
                f"The broker {why[1]}. Its logs are in {node.folder}.",
            )
        time.sleep(_POLL_SECONDS)


def _running(node: Node) -> Running | None:
    try:
        running = Running(**json.loads(_state(node).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # never started, or the file was cut short by a crash
    return running if _is_ours(node, running) else None


def _is_ours(node: Node, running: Running) -> bool:
    # A pid is given again to others, so the moment of creation and the command line must agree as well.
    try:
        process = psutil.Process(running.pid)
        return (
            abs(process.create_time() - running.created) < 1.0
            and process.status() != psutil.STATUS_ZOMBIE
            and node.mark in process.cmdline()
        )
    except psutil.Error:
        return False


def _choose(asked: int | None, last: int | None) -> int:
    if asked is not None:
        if not is_free(asked):
            raise BrokerFailure(
                f"端口 {asked} 已被占用；请用 --port 另选一个，或不加 --port 自动选择。",
                f"Port {asked} is busy; choose another with --port, or leave --port out to take a free one.",
            )
        return asked
    return last if last is not None and is_free(last) else free_port()


def _last_port(node: Node) -> int | None:
    try:
        return int(json.loads(_state(node).read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _state(node: Node) -> Path:
    return node.folder / "broker.json"


@contextmanager
def _alone(node: Node) -> Iterator[None]:
    node.folder.mkdir(parents=True, exist_ok=True)
    with (node.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
