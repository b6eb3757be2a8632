"""Settings: what the environment gives, what is refused, and that the documented table is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from telerehab import owners, settings_table
from telerehab.owners import SERVICES
from telerehab.settings import SettingsError, load, variables

ROOT = Path(__file__).parents[2]


def test_defaults_serve_on_loopback_with_the_ports_in_a_row() -> None:
    settings = load({})
    addresses = [(settings.of(name).url, settings.of(name).grpc) for name in ("gateway", *SERVICES)]
    assert addresses == [
        (f"http://127.0.0.1:{8080 + number}", f"127.0.0.1:{9080 + number}") for number in range(6)
    ]


def test_services_are_those_of_the_owners_table() -> None:
    assert set(SERVICES) == set(owners.SERVICES)


def test_moving_the_gateway_moves_all_ports() -> None:
    own = load({"TELEREHAB_PORT": "9000"}).of("scheduling")
    assert (own.port, own.grpc_port) == (9002, 10002)


def test_own_variables_of_a_service_win() -> None:
    settings = load(
        {
            "TELEREHAB_DATABASE_URL": "postgresql://all/x",
            "TELEREHAB_OUTCOMES_DATABASE_URL": "postgresql://outcomes/x",
            "TELEREHAB_OUTCOMES_URL": "http://outcomes:80/",
            "TELEREHAB_OUTCOMES_GRPC": "outcomes:9000",
            "TELEREHAB_OUTCOMES_PORT": "7000",
        }
    )
    own = settings.of("outcomes")
    assert own.database_url is not None
    assert own.database_url.get_secret_value() == "postgresql://outcomes/x"
    assert (own.url, own.grpc, own.port, own.grpc_port) == ("http://outcomes:80", "outcomes:9000", 7000, 8000)
    other = settings.of("records").database_url
    assert other is not None
    assert other.get_secret_value() == "postgresql://all/x"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("::", "http://[::1]:8080"), ("a.b", "http://a.b:8080")],
)
def test_links_name_an_address_that_can_be_reached(host: str, url: str) -> None:
    settings = load({"TELEREHAB_HOST": host})
    assert settings.public == url
    assert settings.join == f"{url}/join"


@pytest.mark.parametrize("name", ["TELEREHAB_PORT", "TELEREHAB_DATABASE_URL", "TELEREHAB_RECORDS_PORT"])
def test_empty_counts_as_unset(name: str) -> None:
    assert load({name: ""}) == load({})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TELEREHAB_PORT", "eighty", "valid integer"),
        ("TELEREHAB_PORT", "65535", "64000"),
        ("TELEREHAB_RECORDS_GRPC_PORT", "0", "greater than or equal to 1"),
        ("TELEREHAB_PUBLIC_URL", "example.org", "http:// or https://"),
        ("TELEREHAB_PUBLIC_URL", "https://example.org/?a=b", "neither query nor fragment"),
        ("TELEREHAB_RECORDS_GRPC", "records", "host:port"),
        ("TELEREHAB_DATABASE_URL", "mysql://u:p@h/d", "postgresql://"),
        ("TELEREHAB_LOG_LEVEL", "loud", "'debug', 'info'"),
        ("TELEREHAB_BODY_LIMIT", "ten", "could not parse"),
        ("TELEREHAB_TOKEN_WAIT", "-1", "greater than 0"),
        ("TELEREHAB_PROT", "1", "did you mean TELEREHAB_PORT?"),
        ("TELEREHAB_NOTHING_LIKE_IT", "1", "not a setting"),
        ("TELEREHAB_PORT", "tcp://10.0.0.1:80", "enableServiceLinks: false"),
        ("TELEREHAB_RECORDS_SERVICE_HOST", "10.0.0.1", "enableServiceLinks: false"),
    ],
)
def test_bad_value_is_named_in_one_line(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({name: value})
    message = str(error.value)
    assert name in message
    assert says in message
    assert "\n" not in message


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"TELEREHAB_NO .*; TELEREHAB_PORT .*"):
        load({"TELEREHAB_NO": "1", "TELEREHAB_PORT": "x"})


def test_password_is_never_shown() -> None:
    good = load({"TELEREHAB_DATABASE_URL": "postgresql://u:s3cret@h/d"})
    assert "s3cret" not in repr(good) + repr(good.of("records"))
    with pytest.raises(SettingsError) as error:
        load({"TELEREHAB_SESSION_DATABASE_URL": "mysql://u:s3cret@h/d"})
    assert "s3cret" not in str(error.value)


def test_every_variable_is_explained() -> None:
    assert [variable.name for variable in variables() if not variable.meaning] == []


def test_documented_table_is_up_to_date() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_table.as_markdown(), "run: make docs"
