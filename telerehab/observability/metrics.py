"""The metrics of one service: rate, errors, duration per interaction and type, and what it holds and waits for.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

INTERACTIONS = frozenset(
    {
        "read", "vread", "update", "patch", "delete", "create", "history-instance", "history-type",
        "history-system", "search-type", "search-system", "capabilities", "batch", "transaction", "operation",
    }
)  # fmt: skip
"""http://hl7.org/fhir/R4/valueset-restful-interaction.html, and the two kinds of bundle told apart."""

OTHER = "other"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """A registry of its own for each service, though services may share a process.

    `types` are the resource types that may appear as a label value; anything else is counted as "other", so that
    no client can grow the number of series.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service: str, types: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._types = frozenset(types)
        self._request_seconds = Histogram(
            "telerehab_request_seconds",
            "Time to answer a request, by FHIR interaction and resource type",
            ["interaction", "type"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._responses = Counter(
            "telerehab_responses",
            "Answers given, by FHIR interaction, resource type and HTTP status",
            ["interaction", "type", "status"],
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Callable[[float], None], Callable[[], None]]] = {}
        self.loop_lag = Gauge(
            "telerehab_event_loop_lag_seconds",
            "How much later than asked the event loop last woke a task",
            registry=self.registry,
        )
        information = Gauge("telerehab_service", "Which service this is", ["service"], registry=self.registry)
        information.labels(service).set(1)
        prometheus_client.ProcessCollector(registry=self.registry)

    def request(self, interaction: str, type_: str, status: int, seconds: float) -> None:
        """Count one answer."""
        child = self._children.get((interaction, type_, status))
        if child is None:
            child = self._child(interaction, type_, status)
        child[0](seconds)
        child[1]()

    def gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """A gauge `telerehab_<name>` that is read whenever the metrics are fetched."""
        Gauge(f"telerehab_{name}", documentation, registry=self.registry).set_function(read)

    def counter(self, name: str, documentation: str, labels: Iterable[str] = ()) -> Counter:
        """A counter `telerehab_<name>_total`; label values must come from a fixed set."""
        return Counter(f"telerehab_{name}", documentation, tuple(labels), registry=self.registry)

    def settable_gauge(self, name: str, documentation: str, labels: Iterable[str] = ()) -> Gauge:
        """A gauge `telerehab_<name>` that is set; label values must come from a fixed set."""
        return Gauge(f"telerehab_{name}", documentation, tuple(labels), registry=self.registry)

    def histogram(
        self, name: str, documentation: str, labels: Iterable[str], buckets: Sequence[float]
    ) -> Histogram:
        """A histogram `telerehab_<name>`; label values must come from a fixed set."""
        return Histogram(
            f"telerehab_{name}", documentation, tuple(labels), buckets=buckets, registry=self.registry
        )

    def exposition(self) -> bytes:
        """All of it, in the Prometheus text format."""
        return generate_latest(self.registry)

    def _child(
        self, interaction: str, type_: str, status: int
    ) -> tuple[Callable[[float], None], Callable[[], None]]:
        interaction = interaction if interaction in INTERACTIONS else OTHER
        type_ = type_ if not type_ or type_ in self._types else OTHER
        seconds = self._request_seconds.labels(interaction, type_)
        responses = self._responses.labels(interaction, type_, str(status))
        child = (seconds.observe, responses.inc)
        if interaction != OTHER and type_ != OTHER:
            self._children[interaction, type_, status] = child
        return child
