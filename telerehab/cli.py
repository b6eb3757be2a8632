"""The command `telerehab`: run the services, print the settings, prepare a database."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version

from telerehab import settings as configuration
from telerehab.owners import SERVICES
from telerehab.running.events_command import add_events_command
from telerehab.settings import GATEWAY, Settings, SettingsError

MISCONFIGURED = 2

_EXAMPLES = """\
examples:
  telerehab run                      everything in one process, on an embedded PostgreSQL
  telerehab run --separate           everything, one process each, restarted when one dies
  telerehab run scheduling           one service (others where TELEREHAB_<SERVICE>_GRPC says)
  TELEREHAB_PORT=9000 telerehab run  settings come from the environment: see telerehab settings
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status (2: called or configured wrongly)."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command is None:
        parser.print_help()
        return MISCONFIGURED
    try:
        return int(asked.do(asked, configuration.load()))
    except SettingsError as error:
        return _fail(str(error), MISCONFIGURED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="telerehab",
        description="A telerehabilitation platform of FHIR R4 services.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="run all services, or one", description=_run.__doc__)
    run.add_argument("name", nargs="?", choices=[GATEWAY, *_services()], help="the one service to run")
    run.add_argument(
        "--separate", action="store_true", help="a process for each service, restarted when it dies"
    )
    run.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    run.set_defaults(do=_run)

    settings = commands.add_parser(
        "settings", help="print every setting with default and meaning", description=_settings.__doc__
    )
    settings.add_argument("--markdown", action="store_true", help="as the table in docs/settings.md")
    settings.set_defaults(do=_settings)

    database = commands.add_parser("database", help="prepare the database")
    actions = database.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser(
        "init", help="make the roles, schemas and tables", description=_database_init.__doc__
    )
    init.set_defaults(do=_database_init)

    add_events_command(commands, _services())
    commands.add_parser("version", help="print the version").set_defaults(do=_version)
    return parser


def _run(asked: argparse.Namespace, settings: Settings) -> int:
    """Run the services until Ctrl-C or SIGTERM: readiness goes off, requests in progress end, then all stops."""
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # read at import; our children exec at once
    from telerehab.observability import logs
    from telerehab.running.assembly import Assembly, prepare
    from telerehab.running.failures import EXPECTED, told
    from telerehab.running.hosting import PortTaken
    from telerehab.running.run import run_here, run_separately
    from telerehab.running.supervisor import child_of_this_program

    logs.configure(settings.log_level, asked.name or "")
    names = [asked.name] if asked.name else [GATEWAY, *_services()]
    try:
        if asked.separate:
            run_separately(names, settings, child_of_this_program, prepare)
        else:
            open_service = Assembly().open_service
            run_here(names, settings, open_service, prepare, until_stdin_closes=asked.until_stdin_closes)
    except PortTaken as error:
        return _fail(str(error), MISCONFIGURED)
    except EXPECTED as error:
        return _fail(told(error), 1)
    return 0


def _settings(asked: argparse.Namespace, settings: Settings) -> int:
    """Print every TELEREHAB_* variable with its default and meaning; an empty variable counts as not set."""
    from telerehab.settings_table import as_markdown, as_text

    sys.stdout.write(as_markdown() if asked.markdown else as_text())
    return 0


def _database_init(asked: argparse.Namespace, settings: Settings) -> int:
    """Make each service's role, schema and tables in the configured database, or bring them up to date."""
    from telerehab.running.assembly import initialise_database
    from telerehab.running.failures import EXPECTED, told

    try:
        initialise_database(settings)
    except EXPECTED as error:
        return _fail(told(error), 1)
    return 0


def _version(asked: argparse.Namespace, settings: Settings) -> int:
    sys.stdout.write(f"{version('telerehab')}\n")
    return 0


def _services() -> list[str]:
    found = {point.name for point in entry_points(group="telerehab.services")} - {GATEWAY}
    return sorted(found, key=SERVICES.index)


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"telerehab: {message}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
