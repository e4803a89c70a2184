"""One Kafka node's files: its configuration, its storage, and the command line that runs it."""

import os
import socket
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from infra.broker.runtime import BrokerFailure, jars, java

HOST = "127.0.0.1"
_HEAP = "256m"

# Everything is single: one node, one replica, and one partition of the internal topics, which are many by default.
_CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=data
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
log.retention.ms=-1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
"""


class Node:
    """A single KRaft node, broker and controller in one process, on loopback, with its files in one folder."""

    def __init__(self, home: Path) -> None:
        """Describe the node whose files are in `home`/broker; nothing is made or started yet."""
        self.folder = home.absolute() / "broker"
        self.output = self.folder / "broker.log"
        self._properties = self.folder / "server.properties"

    @property
    def mark(self) -> str:
        """The argument by which this node's process is told from any other."""
        return f"-Dkiteline.broker={self.folder}"

    def launch(self, port: int, properties: Mapping[str, str] | None = None) -> int:
        """Write the configuration, format the storage if it is new, start the process; return its pid.

        `properties` are Kafka's own, instead of ours where both name one. Raises BrokerFailure if the storage cannot be
        formatted.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        controller_port = free_port()
        while controller_port == port:
            controller_port = free_port()
        ours = _CONFIGURATION.format(host=HOST, port=port, controller_port=controller_port)
        theirs = "".join(f"{name}={value}\n" for name, value in (properties or {}).items())
        self._properties.write_text(ours + theirs, encoding="utf-8")  # of one named twice, the last counts
        class_path = os.pathsep.join(str(jar) for jar in jars())
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(class_path)
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [*self._java(class_path), "kafka.Kafka", self._properties.name],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal that started it is not meant for the broker
            )
        process.returncode = 0  # it outlives this process on purpose: no warning when the handle is collected
        return process.pid

    def last_words(self) -> str:
        """Return the end of what the process wrote, for a person to read."""
        return "\n".join(self.output.read_text("utf-8", "replace").splitlines()[-15:])

    def _format(self, class_path: str) -> None:
        cluster = _cluster_id()
        done = subprocess.run(
            [*self._java(class_path), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self._properties.name],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BrokerFailure(
                f"无法建立消息服务器的数据目录：{done.stderr.strip() or done.stdout.strip()}",
                f"The broker's storage could not be made: {done.stderr.strip() or done.stdout.strip()}",
            )

    def _java(self, class_path: str) -> list[str]:
        return [
            str(java()),
            f"-Xmx{_HEAP}",
            "-Xms64m",
            "-XX:+UseSerialGC",
            # The optimising compiler takes a quarter of a core for minutes, and nothing here is the faster for it.
            "-XX:TieredStopAtLevel=1",
            "-XX:MaxDirectMemorySize=64m",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            self.mark,
            "-cp",
            class_path,
        ]


def _cluster_id() -> str:
    """Make a cluster's id; as Kafka's own, none that begins with a dash, which its tool would take for an option."""
    made = "-"
    while made.startswith("-"):
        made = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return made


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = HOST) -> bool:
    """Tell whether a listener could be opened on this port of `host`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
