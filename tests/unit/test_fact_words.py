"""Every fact that can be recorded has a name for people."""

import api.app  # noqa: F401 - so that every fact is known
from domain.fact import BODIES
from infra.fact_words import fact_words


def test_no_fact_is_shown_by_its_code():
    assert {fact for fact in BODIES if fact_words(fact) == fact} == set()
    assert len({fact_words(fact) for fact in BODIES}) > len(BODIES) * 0.9
