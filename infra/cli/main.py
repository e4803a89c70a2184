"""The `kiteline` command: a table of commands, each imported from its own module when it is run."""

import importlib
import logging
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from infra.failures import OperatorFailure
from infra.logs import configure_logs

# One line a command: its name, and the module in infra/cli/ that holds its `app`.
COMMANDS = {
    "broker": "broker",
    "demo": "demo",
    "doctor": "doctor",
    "import": "import_register",
    "keys": "keys",
    "log": "log",
    "publish": "publish",
    "quarantine": "quarantine",
    "rebuild": "rebuild",
    "replay": "replay",
    "serve": "serve",
    "simulate": "simulate",
    "sisters": "sisters",
    "status": "status",
    "token": "token",
    "verify": "verify",
}


class CommandTable(TyperGroup):
    """Looks commands up in COMMANDS, so that `kiteline token` does not load the whole service."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the module of one command; None if there is no such command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = get_command(importlib.import_module(f"infra.cli.{COMMANDS[cmd_name]}").app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a failure that the operator must act on is said in both languages, without a traceback."""
        try:
            return super().invoke(ctx)
        except OperatorFailure as failure:
            print(failure.zh, failure.en, sep="\n", file=sys.stderr)
            sys.exit(failure.exit_code)


app = typer.Typer(
    cls=CommandTable,
    help="风筝线 Kiteline: keep in touch with members who live and work away from home.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """风筝线 Kiteline: keep in touch with members who live and work away from home."""


def run() -> None:
    """Run this process's command: what it answers goes to stdout, logs to stderr, warnings unless more is asked."""
    level = os.environ.get("KITELINE_LOG_LEVEL", "").upper()
    configure_logs(level if level in logging.getLevelNamesMapping() else "WARNING")
    app()
