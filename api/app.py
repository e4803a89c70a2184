"""The application: routes, problems, documents, and the layer around them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Final

from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from api import (
    activities,
    agreements,
    all_reads,
    bulk,
    check_ins,
    contracts,
    erasure,
    evidence,
    exports,
    feedback,
    feeds,
    flows,
    histories,
    imports,
    imports_asked,
    liaisons,
    log,
    masked_names,
    members,
    merges,
    openapi,
    operations,
    places,
    possible,
    posts,
    problems,
    registration,
    reorganisations,
    search,
    service_records,
    statistics,
    status,
    subscriptions,
    upkeep,
    venues,
    venues_asked,
    views,
    witnessing,
)
from api.console.pages import BESIDE, PAGES
from api.console.problem_pages import page_of
from api.direct import Direct
from api.edge import Edge
from api.recording import command_route

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.service import Service


PARTS: Final = (
    # What nearly every page asks: found without looking through the rest.
    views,
    masked_names,
    # What is recorded.
    registration,
    venues,
    check_ins,
    bulk,
    imports,
    imports_asked,
    places,
    reorganisations,
    posts,
    activities,
    merges,
    agreements,
    erasure,
    # What is sent.
    subscriptions,
    # What is asked.
    venues_asked,
    liaisons,
    search,
    members,
    feedback,
    histories,
    possible,
    evidence,
    service_records,
    flows,
    statistics,
    feeds,
    exports,
    all_reads,
    log,
    witnessing,
    contracts,
    status,
    upkeep,
    operations,
)
"""In the order in which paths are matched."""


def create_app(service: Service) -> FastAPI:
    """Build the application on an open service, which its owner closes after the application has stopped."""
    app: FastAPI = FastAPIOffline(
        title="Kiteline",
        version=metadata.version("kiteline"),
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
        static_url="/docs-static",
        swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": True},
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.service = service
    commands = command_route()
    app.router.routes.insert(0, commands)
    app.state.routes = [commands]
    for part in PARTS:
        app.include_router(part.router)
        app.state.routes += part.router.routes
    for page in (*PAGES, *BESIDE):
        app.include_router(page.router)
    problems.install(app, page_of)
    openapi.install(app)
    app.add_middleware(_EdgeOf, service=service)
    app.middleware_stack = Direct(app.build_middleware_stack(), service.settings, service.refusal)
    return app


class _EdgeOf(Edge):
    """The edge with a service's settings and the console's pages, in the form that add_middleware takes."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        super().__init__(app, service.settings, service.refusal, page_of)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.feed_watch.start()
    yield
    service.stopping = True
    service.feed_watch.stop()
    await asyncio.to_thread(service.feed_watch.close)
