"""A process that receives, to be killed: `python -m tests.faults.receiving_process SETTINGS [forgetful]`.

`forgetful` is the deliberately broken variant: it keeps no note of what was recorded, and commits where it is before
anything has had its effect.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from unittest import mock
from uuid import uuid4

from api.service import open_service
from consumers.receiving.receiver import Receiving
from infra.event_store.save import Idempotency
from infra.settings import Settings
from infra.sisters import recording


def main() -> None:
    """Receive until killed."""
    settings = Settings.model_validate_json(Path(sys.argv[1]).read_text())
    if "forgetful" in sys.argv:
        mock.patch.object(recording, "_recorded_once", _no_note).start()
    url = settings.database_url or ""
    with open_service(settings, url, projecting=False) as service:
        receiving = Receiving(settings, url, service.kiteline, service.inbox)
        threading.Event().wait()
        receiving.close()


def _no_note(_: object) -> Idempotency:
    return Idempotency("x", uuid4().bytes, b"x", 201)


if __name__ == "__main__":
    main()
