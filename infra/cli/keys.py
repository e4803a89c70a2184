"""`kiteline keys`: the keys under which personal data is kept: what is held, and how they are changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.vault.rotation import Progress
    from infra.vault.vault import Vault

app = typer.Typer(help="个人信息的密钥 The keys of personal data.", no_args_is_help=True)

_SETTLE_SECONDS: Final = 60.0


class StillNeeded(OperatorFailure):
    """Something opens under a version of the master key alone."""


@app.command()
def status() -> None:
    """Tell which versions of the master key are held, which seals, and how many members each one's keys wrap."""
    from infra.vault.master_key import load_master_key
    from infra.vault.rotation import members_by_version

    held = load_master_key(load_settings())
    with _opened(confirmed=False) as (connection, vault):
        wrapped = members_by_version(connection)
    for version in sorted({*held.versions, *wrapped}):
        role = "现用 seals" if version == vault.current else "持有 held" if version in held.versions else "缺 missing"
        print(f"{version}\t{role}\t{wrapped.get(version, 0)} 人 members")


@app.command("rotate-master")
def rotate_master() -> None:
    """Add a new master key to the key file; it seals from the next start of the service on, the former still opens."""
    from infra.vault.master_key import rotate

    held = rotate(load_settings())
    print(f"已加入版本 {held.current}：请备份密钥文件，重启服务，再运行 kiteline keys rewrap。")
    print(
        f"Version {held.current} was added: back the key file up, restart the service, then run kiteline keys rewrap."
    )


@app.command()
def rewrap() -> None:
    """Wrap all keys, members' and webhooks', under the master key that seals now; beside the running service."""
    from infra.vault.rotation import rewrap as rewrap_all
    from infra.webhooks.sealed_keys import configured_seal, seal_anew

    with _opened() as (connection, vault), _progress("包裹 wrapping") as progress:
        changed = rewrap_all(connection, vault, progress)
        seal_anew(connection, configured_seal(load_settings()))
    print(f"{changed} 人的密钥已用版本 {vault.current} 重新包裹 members' keys wrapped under version {vault.current}")


@app.command("rotate-data")
def rotate_data(
    settle_after: Annotated[
        float, typer.Option(help="seconds until the former keys are destroyed", min=0)
    ] = _SETTLE_SECONDS,
) -> None:
    """Give every member a new data key and seal what is kept of them anew, by the setting's cipher."""
    from infra.vault.rotation import change_data_keys, settle_data_keys

    with _opened() as (connection, vault):
        with _progress("换密钥 new keys") as progress:
            changed = change_data_keys(connection, vault, progress)
        # What a request under way sealed under a former key is stored by then.
        time.sleep(settle_after)
        with _progress("销毁旧密钥 former keys") as progress:
            settle_data_keys(connection, vault, progress)
    print(f"{changed} 人的个人信息已用新密钥加密 members' personal data is sealed under new keys")


@app.command("retire-master")
def retire_master(
    version: Annotated[int, typer.Argument(help="the version that is to open nothing any more")],
    with_codes: Annotated[
        bool, typer.Option("--with-codes", help="check-in codes signed under it count no more")
    ] = False,
) -> None:
    """Take a former master key out of the key file, once nothing needs it; check-in codes under it end with it."""
    from infra.vault.master_key import must_be_retirable, retire
    from infra.vault.rotation import forget_version, still_needed

    settings = load_settings()
    must_be_retirable(settings, version)
    with _opened() as (connection, _):
        needed = still_needed(connection, version)
        if needed["members"] or needed["uploads"] or needed["webhooks"] or (needed["codes"] and not with_codes):
            raise StillNeeded(
                f"版本 {version} 仍被使用：{needed['members']} 人的密钥（kiteline keys rewrap）、{needed['webhooks']} "
                f"个订阅的密钥（同上）、{needed['uploads']} 份上传文件（至多 7 天）、{needed['codes']} 个有效报到码"
                "（重新打印，或 --with-codes）。",
                f"Version {version} is still needed: by {needed['members']} members' keys (kiteline keys rewrap), "
                f"{needed['webhooks']} keys of webhooks (the same), {needed['uploads']} uploads (7 days at most), "
                f"{needed['codes']} check-in codes in force (print them "
                "anew, or --with-codes).",
            )
        # Broken off in between, the next start notes the version down again.
        forget_version(connection, version)
        retire(settings, version)
    print(f"版本 {version} 已停用；请重启服务。 Version {version} is retired; restart the service.")


@contextmanager
def _opened(*, confirmed: bool = True) -> Iterator[tuple[Connection[TupleRow], Vault]]:
    from infra.cli.database import opened_database
    from infra.database.connections import connect_pool
    from infra.vault.configured import configured_vault
    from infra.vault.master_key import load_master_key
    from infra.vault.upkeep import confirm_master_key

    settings = load_settings()
    master_key = load_master_key(settings)
    vault = configured_vault(settings, master_key)
    with (
        opened_database(settings) as url,
        connect_pool(url, max_size=1, name="kiteline keys") as pool,
        pool.connection() as connection,
    ):
        if confirmed:
            confirm_master_key(connection, master_key)
        yield connection, vault


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
