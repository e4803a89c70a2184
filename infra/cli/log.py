"""`kiteline log`: what an operator decides about the signed log: a new epoch after a restore, new keys."""

from typing import Annotated

import typer

from infra.settings import load_settings

app = typer.Typer(help="日志的纪元与签名密钥 The signed log: epochs and keys.", no_args_is_help=True)


@app.command("new-epoch")
def new_epoch() -> None:
    """Declare that the log goes on from what it holds now, under a new name: after a backup was restored.

    Whoever holds an older checkpoint sees that the log has another origin; the new key line is printed.
    """
    from infra.cli.database import opened_database
    from infra.event_store.epochs import declare_epoch
    from infra.notes.log_keys import load_log_keys
    from infra.notes.outside_copy import OutsideCopy

    settings = load_settings()
    with opened_database(settings) as url:
        latest = OutsideCopy(settings.home).latest_epoch(f"urn:kiteline:{settings.deployment}:1")
        source, position = declare_epoch(url, settings.deployment, latest)
    print(f"新纪元 new epoch: {source}，自位置 from position {position}")
    for signer in load_log_keys(settings).signers(source):
        print(signer.verifier.line)


@app.command("rotate-key")
def rotate_key(
    retire: Annotated[bool, typer.Option("--retire", help="end a rotation: the former key signs no more")] = False,
) -> None:
    """Make a new key that signs beside the present one; a running service takes it up at its next checkpoint."""
    from infra.cli.database import opened_database
    from infra.notes import log_keys
    from infra.notes.log_keys import LogKeyFailure
    from infra.notes.standing import present_origin, signed_by_all

    settings = load_settings()
    with opened_database(settings) as url:
        if retire and not signed_by_all(url, log_keys.load_log_keys(settings)):
            raise LogKeyFailure(
                "新密钥尚未签署检查点：服务运行后再停用旧密钥。",
                "The new key has not signed a checkpoint yet: let the service sign one before the former is retired.",
            )
        keys = log_keys.retire(settings) if retire else log_keys.rotate(settings)
        origin = present_origin(url)
    for signer in keys.signers(origin):
        print(signer.verifier.line)
