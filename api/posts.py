"""Posts of voluntary service: opened by an organisation, asked for by anybody; claimed as a member's own command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import known_organisation, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import (
    AsOf,
    CursorParameter,
    KnownAt,
    LimitParameter,
    MinPosition,
    Paging,
    as_of_moment,
    known_position,
    reach_log,
)
from api.authorisation import prefix
from api.bodies import json_object, key_for, key_text
from api.command_schemas import MOMENT, ORGANISATION, closed
from api.openapi import READING, RECORDING, answer_headers, problems, takes
from api.places_asked import OrganisationParameter, RegionParameter
from api.problems import not_found
from api.recording import answer, caller_of
from api.shapes.recording import Recorded
from api.shapes.service import PostAnswer, PostsPage
from domain.errors import Sentence
from domain.post import MOST_PLACES
from infra.recording.posts import MOST_SKILLS, SKILL_LENGTH, TITLE_LENGTH
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.post import Post
    from infra.recording.post_list import Opening

router = APIRouter()

_POST: Final = closed(
    {
        "title": {"type": "string", "minLength": 1, "maxLength": TITLE_LENGTH, "description": "no personal data 岗位"},
        "places": {"type": "integer", "minimum": 1, "maximum": MOST_PLACES, "description": "名额"},
        "skills": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": SKILL_LENGTH},
            "maxItems": MOST_SKILLS,
            "default": [],
            "description": "what it takes 所需技能",
        },
        "occurred_at": MOMENT,
        "organisation": {**ORGANISATION, "description": "whose post it is; default: the caller's own 党组织代码"},
    },
    ["title", "places"],
    examples=[{"title": "社区矛盾调解", "places": 3, "skills": ["法律"], "organisation": "LZ-CG"}],
)
_NO_POST: Final = Sentence("没有这个岗位", "There is no such post.")


@router.post(
    "/v1/posts",
    operation_id="open_post",
    summary="设立岗位 Open a post of voluntary service",
    description=(
        "`stream` in the answer is its id. Members claim a place with `claim-post`; with every place taken that is "
        "refused (409 `post_full`). A place is free again once its holder releases it, dies or is no member any more."
    ),
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems({*RECORDING, 404}),
    },
    openapi_extra=takes(_POST),
    tags=["recording 记录"],
)
async def open_post(request: Request) -> JsonAnswer:
    """Open a post of an organisation for which the caller may act."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    organisation = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        organisation = known_organisation(service, organisation, "/organisation")
    region = None if organisation else principal.region
    must_be_allowed_at(service, principal, Action.OPEN_POST, acting=organisation, region=region)
    keyed = key_for(principal, key, "posts", payload)
    return answer(await arun(service.posts.opening(payload, caller_of(principal), key=keyed)))


@router.get(
    "/v1/posts",
    operation_id="list_posts",
    summary="岗位列表 Posts, by id, and how many of their places are free",
    response_model=None,
    responses={200: {"model": PostsPage}, **problems({*READING, 404, 410})},
    tags=["asking 查询"],
)
async def list_posts(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    region: RegionParameter = None,
    organisation: OrganisationParameter = None,
    free: Annotated[bool | None, Query(description="only those with a free place, or only full ones 有空额")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List posts of a region or an organisation and of all below it; all of them when none is named."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_POST)
    moment = as_of_moment(service, as_of)
    await reach_log(service, min_position)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    tree = reference.organisations
    if organisation is not None and tree.get(organisation) is None:
        raise not_found(Sentence("没有这个组织", "There is no such organisation."))
    begins = prefix(region) if region is not None else ""

    def wanted(one: Opening) -> bool:
        home = reference.region_of(one.organisation) or ""
        return home.startswith(begins) and (organisation is None or tree.is_at_or_below(one.organisation, organisation))

    def answered() -> JsonAnswer:
        asked = known_position(service, known_at)
        head = service.kiteline.log.max_notification_id() or 0
        known = head if asked is None else min(asked, head)
        question = ("posts", region, organisation, free, as_of, known_at)
        paging = Paging.begin(service, question, cursor, limit, known, moment)
        at_us = paging.as_of_us

        def fits(post: Post) -> bool:
            return post.opened_us <= at_us and free in (None, post.taken(at_us) < post.places)

        found, more = service.post_list.page(
            wanted, fits, after=paging.after or "", known=paging.known_position, limit=limit
        )
        items = [post_view(post, at_us) for post in found]
        return paging.answer(items, position=head, after=items[-1]["post_id"] if more else None)

    return await run_in_threadpool(answered)


@router.get(
    "/v1/posts/{post_id}",
    operation_id="read_post",
    summary="岗位 A post, and how many of its places are free at a moment",
    response_model=None,
    responses={
        200: {"model": PostAnswer, "headers": {"ETag": {"schema": {"type": "string"}}}},
        **problems({*READING, 404}),
    },
    tags=["asking 查询"],
)
async def read_post(
    request: Request, post_id: str, *, as_of: AsOf = None, min_position: MinPosition = None
) -> JsonAnswer:
    """Tell what a post asks for and what is free; who holds its places stands with the members."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_POST)
    moment = as_of_moment(service, as_of)
    await reach_log(service, min_position)
    post = await arun(service.desk.places.finding(post_id.lower()))
    if post is None or post.opened_us > moment:
        raise not_found(_NO_POST)
    return JsonAnswer(post_view(post, moment), headers={"ETag": stream_etag(post.version)})


def post_view(post: Post, at_us: int) -> dict[str, Any]:
    """Return a post as answers show it."""
    taken = post.taken(at_us)
    return {
        "post_id": str(post.post_id),
        "version": post.version,
        "title": post.title,
        "organisation": post.organisation,
        "skills": list(post.skills),
        "opened_at": post.opened_at,
        "places": post.places,
        "taken": taken,
        "free": post.places - taken,
    }
