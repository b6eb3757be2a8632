"""What a running service lets one see: logs, metrics, traces, probes; never a patient's data."""

from telerehab.observability.logs import Log
from telerehab.observability.metrics import Metrics
from telerehab.observability.observed import Observed
from telerehab.observability.probes import Probes
from telerehab.observability.request import Request, current_request, current_traceparent, working_on

__all__ = [
    "Log",
    "Metrics",
    "Observed",
    "Probes",
    "Request",
    "current_request",
    "current_traceparent",
    "working_on",
]
