"""`kiteline status`: how far the read models reflect the log, and whose events wait for a person."""

from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table

from infra.settings import load_settings

app = typer.Typer()

_SIGNED = """
SELECT size, signed_at FROM log_checkpoint
WHERE origin = (SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1) ORDER BY size DESC LIMIT 1
"""


@app.command()
def status() -> None:
    """Show the log's head, what the read models reflect, their lag, and members whose events could not be folded."""
    from consumers.publishing import progress as publishing
    from infra.cli.database import opened_database
    from infra.database.connections import connect_pool
    from infra.webhooks.subscriptions import counted
    from projections.log_tiles import tree_size
    from projections.position import parked_members, reflected
    from projections.region_feeds import progress

    with (
        opened_database(load_settings()) as url,
        connect_pool(url, max_size=1, name="kiteline status") as pool,
        pool.connection() as connection,
    ):
        row = connection.execute("SELECT position, recorded_at FROM log_head").fetchone()
        head, recorded_at = row if row is not None else (0, None)
        standing = reflected(connection)
        parked = parked_members(connection)
        leaves = tree_size(connection)
        fed = progress(connection)
        webhooks = counted(connection)
        published, topics = publishing.standing(connection), publishing.lags(connection)
        signed, signed_at = connection.execute(_SIGNED).fetchone() or (0, None)

    console = Console()
    table = Table("part 部分", "position 位置", "lag 落后", "written 写入", title="Kiteline")
    table.add_row("log 日志", str(head), "", _moment(recorded_at))
    table.add_row(
        f"read models 读模型 v{standing.version}",
        str(standing.position),
        str(head - standing.position),
        _moment(standing.updated_at),
    )
    table.add_row("region feeds 地区事件流", str(fed), str(head - fed), "")
    if published is not None:
        told = sum(one.acknowledged for one in topics), sum(one.entries for one in topics)
        table.add_row(f"Kafka topics 主题: {published.state}", *map(str, told), _moment(published.looked_at))
    for state, (subscriptions, behind) in sorted(webhooks.items()):
        table.add_row(f"webhooks 回调: {subscriptions} {state}", "", str(behind), "")
    table.add_row("tree 树", str(leaves), str(head - leaves), "")
    table.add_row("checkpoint 检查点", str(signed), str(head - signed), _moment(signed_at))
    console.print(table)
    refused = Table("region 地区", "reason 原因", "entries 条", title="Topics refused 未发布的主题")
    for one in topics:
        if one.refused is not None:
            refused.add_row(one.region, one.refused, str(one.entries))
    if refused.row_count:
        console.print(refused)
    if not parked:
        return
    waiting = Table("member 党员", "from position 自位置", "kind of error 错误", "since 自", title="Parked 搁置")
    for member, position, code, since in parked:
        waiting.add_row(str(member), str(position), code, _moment(since))
    console.print(waiting)
    console.print(
        "这些党员自该位置起的事实未能折叠，其余不受影响；修复程序后运行 kiteline rebuild。\n"
        "Their facts from there on could not be folded; nobody else is affected. Mend the program, then run\n"
        "kiteline rebuild."
    )


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else ""
