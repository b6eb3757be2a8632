"""Every metric is in the table of docs/metrics.md, and alerts are about metrics and labels that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from telerehab.events.dead_letter import STATES
from telerehab.events.measured import EventMetrics
from telerehab.observability import Metrics
from telerehab.rpc.interceptors import Surround
from telerehab.running.assembly import services
from telerehab.server.admission import admissions
from telerehab.settings import Settings

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([a-z_]+)` \| ([a-z, ]*)\| \S", re.MULTILINE)
OF_THE_POOL = ("telerehab_database_connections_in_use", "telerehab_database_connections_awaited")


@pytest.fixture(scope="module")
def metrics() -> dict[str, set[str]]:
    """The metrics of a service with the labels of each."""
    made = Metrics("outcomes")
    EventMetrics(services()["outcomes"], made)
    Surround("outcomes", made)
    admissions(["outcomes"], Settings(), made)
    for name in OF_THE_POOL:
        made.gauge(name.removeprefix("telerehab_"), "as the assembly has it", lambda: 0.0)
    return named(made.registry)


def named(registry: CollectorRegistry) -> dict[str, set[str]]:
    collectors: Any = registry._collector_to_names
    found = {}
    for collector in collectors:
        labels = set(getattr(collector, "_labelnames", ()))
        for family in collector.collect():
            found[f"{family.name}_total" if family.type == "counter" else family.name] = labels
    return found


def alerts() -> list[dict[str, Any]]:
    content = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def test_the_table_has_every_metric_with_its_labels(metrics: dict[str, set[str]]) -> None:
    rows = ROW.findall((ROOT / "docs/metrics.md").read_text())
    table = {name: {label.strip() for label in labels.split(",") if label.strip()} for name, labels in rows}
    assert table == metrics


def test_the_pool_is_measured_under_the_names_of_the_table() -> None:
    assembly = (ROOT / "telerehab/running/assembly.py").read_text()
    for name in OF_THE_POOL:
        assert f'"{name.removeprefix("telerehab_")}"' in assembly


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_is_about_what_is_measured(alert: dict[str, Any], metrics: dict[str, set[str]]) -> None:
    about = re.findall(r"\b((?:telerehab|process)_[a-z_]+|up)\b", alert["expr"])
    assert about
    assert {*about} <= {*metrics, "up"}
    labels = set().union(*(metrics.get(name, set()) for name in about)) | {"instance", "job"}
    selected = re.findall(r'([a-z_]+)=~?"', alert["expr"])
    grouped = [name.strip() for by in re.findall(r"by \(([^)]*)\)", alert["expr"]) for name in by.split(",")]
    shown = re.findall(r"\$labels\.([a-z_]+)", alert["annotations"]["summary"])
    assert {*selected, *grouped, *shown} <= labels
    assert alert["labels"]["severity"] in ("critical", "warning")


def test_the_states_and_kinds_that_alerts_select_exist() -> None:
    said = "\n".join(alert["expr"] for alert in alerts())
    assert {*re.findall(r'state="(\w+)"', said)} <= {*STATES}
    assert {*re.findall(r'kind="(\w+)"', said)} <= {"care", "bulk"}
