"""Makes the files that compose.yaml takes passwords and keys from: `make secrets`; what is there already stays.

The folder is its owner's alone; the files in it are readable, because compose hands them to containers with the rights
that they have here, and the users in there are others.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "secrets"


def main() -> None:
    """Write what is missing, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    password = folder / "postgres_password"
    _write(password, secrets.token_urlsafe(32))
    _write(folder / "database_url", f"postgresql://kiteline:{password.read_text().strip()}@postgres:5432/kiteline")
    for name in ("master_key", "log_key"):
        _write(folder / name, base64.b64encode(secrets.token_bytes(32)).decode())
    print(f"{folder}: 请另行备份 master_key 与 log_key。Back up master_key and log_key, apart from the database.")


def _write(path: Path, content: str) -> None:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{content}\n")
        path.chmod(0o444)


if __name__ == "__main__":
    main()
