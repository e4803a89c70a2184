"""A post's places: never more taken at any moment than there are, whatever comes late."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.post import FOREVER_US, Post, holder_changed

POST = Post(UUID(int=1), 1, "样例岗位", 2, (), "MQ", "1970-01-01", 10)
SPANS = st.lists(
    st.tuples(st.integers(10, 30), st.one_of(st.integers(1, 20), st.none())).map(
        lambda pair: (pair[0], FOREVER_US if pair[1] is None else pair[0] + pair[1])
    ),
    max_size=2,
)


def taken_naively(post: Post, at: int) -> int:
    return sum(1 for spans in post.holders.values() if any(since <= at < until for since, until in spans))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), SPANS), max_size=12))
def test_whatever_is_noted_no_moment_has_more_holders_than_places(changes: list[tuple[str, list[tuple[int, int]]]]):
    post = POST
    for member, spans in changes:
        single = spans[:1] if len(spans) > 1 and spans[1][0] < spans[0][1] else spans
        wanted = post.with_holder(member, single, post.version + 1)
        fits = all(taken_naively(wanted, at) <= post.places for at in range(10, 60))
        gains = any(span not in post.holders.get(member, []) for span in single)
        if gains and not fits:
            with pytest.raises(Refused) as refused:
                holder_changed(post, member, single)
            assert refused.value.code == "post_full"
        else:
            assert fits
            assert holder_changed(post, member, single).member == member
            post = wanted
    assert all(taken_naively(post, at) == post.taken(at) <= 2 for at in range(10, 60))


def test_a_place_is_free_at_the_very_moment_at_which_it_is_given_back():
    post = POST.with_holder("a", [(10, 20)], 2).with_holder("b", [(10, FOREVER_US)], 3)
    assert (post.taken(19), post.taken(20)) == (2, 1)
    assert holder_changed(post, "c", [(20, FOREVER_US)]).holds == [[20]]
    with pytest.raises(Refused) as refused:
        holder_changed(post, "c", [(19, FOREVER_US)])
    assert refused.value.code == "post_full"


def test_what_gives_back_is_never_refused():
    crowded = POST.with_holder("a", [(10, 20)], 2).with_holder("b", [(10, FOREVER_US)], 3)
    assert holder_changed(crowded, "a", []).holds == []
    assert holder_changed(crowded, "b", [(10, FOREVER_US)]).holds == [[10]]


def test_nobody_holds_a_post_before_it_is_open():
    with pytest.raises(Refused) as refused:
        holder_changed(POST, "a", [(9, FOREVER_US)])
    assert refused.value.code == "post_not_open_yet"
