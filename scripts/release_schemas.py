"""Publishes the schemas of new facts and of new optional fields: writes files that are served for ever.

Run by hand (`make schemas`) when a fact or a field was added. Refuses what a published reader could not read; such a
change is another fact, or another major version of it (`class_version`).
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from infra.contracts.releases import DIGESTS, current, digests, gone, proposals, released

FOLDER = Path(__file__).parent.parent / "infra" / "contracts" / "released"


def main() -> int:
    """Write what is new; 1 when something is refused, and then nothing is written."""
    published, now = released(), current()
    found = proposals(published, now)
    refused = [f"{one.version.name}: {line}" for one in found for line in one.refused]
    refused += [f"{name}: no event class reads it any more" for name in gone(published, now)]
    for line in refused:
        print(line, file=sys.stderr)
    if refused:
        return 1
    added = {one.version.file: sha256(one.content).hexdigest() for one in found}
    lines = [f"{digest}  {name}\n" for name, digest in sorted((digests() | added).items())]
    (FOLDER / DIGESTS).write_text("".join(lines), encoding="ascii")
    for one in found:
        (FOLDER / one.version.file).write_bytes(one.content)
        print(f"published {one.version.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
