"""Posts of voluntary service: opened by an organisation, asked for by anybody; claimed as a member's own command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request

from api.access import known_organisation, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import AsOf, MinPosition, as_of_moment, reach_log
from api.bodies import json_object, key_for, key_text
from api.command_schemas import MOMENT, ORGANISATION, closed
from api.openapi import KEY, READING, RECORDING, answer_headers, problems
from api.problems import not_found
from api.recording import answer, caller_of
from api.shapes.recording import Recorded
from api.shapes.service import PostAnswer
from domain.errors import Sentence
from domain.post import MOST_PLACES
from infra.recording.posts import MOST_SKILLS, SKILL_LENGTH, TITLE_LENGTH
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.post import Post

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


def takes(schema: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """Return what the document says of a recording's key and body."""
    return {
        "parameters": [KEY, *more],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


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
