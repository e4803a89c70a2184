"""Two deployments for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.sisters.two_deployments import Deployment, two_deployments


@pytest.fixture
def deployments(tmp_path: Path, make_database: Callable[..., str]) -> Iterator[tuple[Deployment, Deployment]]:
    """Gansu and Sichuan."""
    with two_deployments(tmp_path, (make_database(), make_database())) as both:
        yield both
