"""What a service gives to the process that hosts it, and the one place that puts it together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from telerehab.observability.asgi import App
from telerehab.observability.metrics import Metrics
from telerehab.observability.probes import Probes
from telerehab.settings import Settings


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service that has opened what it needs (its store, its gRPC port, its relay) and can answer HTTP."""

    app: App
    metrics: Metrics
    probes: Probes


OpenService = Callable[[str, Settings], AbstractAsyncContextManager[Hosted]]
"""Opens a service (or the gateway) by name; leaving the context stops and closes what it opened.

The settings carry a database URL for the service, whether it is the embedded server or not.
"""
