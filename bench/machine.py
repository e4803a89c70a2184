"""What a figure was taken on: the machine, the versions of everything that took part, and the settings in force."""

import functools
import importlib.metadata
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from infra.broker.runtime import KAFKA
from infra.database.cluster import locate
from infra.database.embedded import SERVER_SETTINGS

_LIBRARIES: Final = (
    "eventsourcing",
    "psycopg",
    "orjson",
    "fastapi",
    "uvicorn",
    "uvloop",
    "joserfc",
    "cryptography",
    "confluent-kafka",
    "kafka-python",
    "python-calamine",
)
_HIDDEN: Final = ("KEY", "SECRET", "PASSWORD", "TOKEN", "URL")
_FLUSHES: Final = 40


@functools.cache
def machine() -> dict[str, Any]:
    """Tell what the figures are taken on, as it was when the benchmark first asked."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "flush_ms": _flush_ms(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Tell the versions of Python, PostgreSQL, Kafka and the libraries that a figure depends on."""
    return {
        "python": platform.python_version(),
        "postgresql": _postgresql(),
        "kafka": KAFKA.split("+", 1)[0].rsplit(":", 1)[1],
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def settings() -> dict[str, dict[str, str]]:
    """Tell the settings of the embedded PostgreSQL, and those of ours that the environment changed."""
    changed = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith("KITELINE_") and name != "KITELINE_HOME" and not any(word in name for word in _HIDDEN)
    }
    return {"postgresql": dict(SERVER_SETTINGS), "kiteline": changed}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _flush_ms() -> float:
    """Milliseconds for a write of 8 KiB and its flush where the databases of benchmarks stand, median of forty."""
    taken = []
    with tempfile.TemporaryFile(prefix="kiteline-bench-") as file:
        for _ in range(_FLUSHES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(8192), 0)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return round(statistics.median(taken) * 1000, 2)


def _postgresql() -> str:
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder:
        program = locate(Path(folder)).program("postgres")
        return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
