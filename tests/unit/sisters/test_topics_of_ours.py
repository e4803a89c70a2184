"""Which topics are read: of the regions where our own organisations sit, below and above, unless a sister is nearer."""

from __future__ import annotations

import pytest

from infra.notes.signed_note import Verifier
from infra.sisters.known import Sister, topics_of_ours

ALL = ["000000", "510104", "510000", "620000", "620100", "620102", "620600", "620621", "62062", "x"]


def read(homes: set[str], *sisters: tuple[str, ...]) -> list[str]:
    known = [Sister(f"s{number}", one, Verifier("s", bytes(32)), None) for number, one in enumerate(sisters)]
    topics = [f"kiteline.region.{code}" for code in ALL] + ["other.620621"]
    return [topic[-6:] for topic in topics_of_ours(topics, homes, known)]


@pytest.mark.parametrize(
    ("homes", "sisters", "ours"),
    [
        ({"510104"}, [("62",)], ["510000", "510104"]),
        ({"620000"}, [("51",)], ["620000", "620100", "620102", "620600", "620621"]),
        ({"620000"}, [("51",), ("6206",)], ["620000", "620100", "620102"]),
        ({"620621"}, [("62",)], ["620621"]),
        ({"620621"}, [("6201",)], ["620000", "620600", "620621"]),
        ({"000000"}, [("51",)], []),
        (set(), [("51",)], []),
    ],
)
def test_a_region_is_ours_where_we_sit_and_no_sister_is_nearer(
    homes: set[str], sisters: list[tuple[str, ...]], ours: list[str]
) -> None:
    assert read(homes, *sisters) == ours
