"""Everybody's imports, for who runs the deployment: how far each is and what was wrong with it, not what is in it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from api.actions import Action
from api.console.person import SignedInPerson
from api.console.registers import WORDS as REGISTERS
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words

router = console_router()
_ROWS: Final = 50
UNDER_WAY: Final = ("waiting", "running")
_SHOWN: Final[dict[str, tuple[str, ...]]] = {"": (), "under_way": UNDER_WAY, "failed": ("failed",)}

WORDS: Final = Words(
    **{
        name: REGISTERS.pairs[name]
        for name in (
            "organisation",
            "uploaded",
            "state",
            "result",
            "waiting",
            "running_try",
            "running_record",
            "running_check",
            "tried",
            "recorded",
            "failed",
            "refused_state",
            "brief",
            "brief_done",
            "brief_refused",
            "of_rows",
            "read_rows",
            "next_page",
            "first_page",
            "progress",
        )
    },
    title=("导入", "Imports"),
    back=("运行", "Running"),
    explained=(
        "各单位台账的导入进度。这里看不到台账的名称和内容。",
        "How far everybody's registers are. What they are called, and what is in them, is not shown here.",
    ),
    import_id=("编号", "Import"),
    every=("全部", "All"),
    under_way=("进行中", "Under way"),
    only_failed=("未能读取", "Failed"),
    empty=("没有这样的导入", "There is no such import"),
)


@router.get("/operating/imports", operation_id="console_operating_imports")
async def imports(person: SignedInPerson, state: str = "", cursor: str | None = None, part: str = "") -> Response:
    """List imports, the latest first, or the part of the page that is renewed."""
    person.must_be_able_to(Action.READ_STATUS)
    chosen = state if state in _SHOWN else ""
    answer = await person.ask("/v1/import-runs", limit=_ROWS, cursor=cursor, state=_SHOWN[chosen])
    here = urlencode({name: told for name, told in (("state", chosen), ("cursor", cursor)) if told})
    return page(
        person,
        "operating_imports_list.html" if part else "operating_imports.html",
        WORDS,
        items=answer["items"],
        following=answer["next"],
        cursor=cursor,
        chosen=chosen,
        shown={"": "every", "under_way": "under_way", "failed": "only_failed"},
        renewed=here,
        position=answer["position"],
    )
