"""The HTTP application of one service: FHIR, documentation of it, and what is watched about it.

https://fastapi.tiangolo.com/advanced/middleware/
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from telerehab.engine import Engine
from telerehab.observability import Metrics, Observed, Probes
from telerehab.observability.asgi import App, Receive, Scope, Send
from telerehab.server.admission import admissions
from telerehab.server.admitted import Admitted
from telerehab.server.capability_statement import definition_url, software_version
from telerehab.server.client_address import Proxies
from telerehab.server.documentation import Documentation
from telerehab.server.http import FhirEndpoint, is_fhir
from telerehab.server.openapi import fhir_paths
from telerehab.server.operations.registry import EVERYWHERE
from telerehab.server.router import handle


class ServiceApp(FastAPI):
    """FastAPI, whose documentation shows the FHIR interactions too, though other hands answer them."""

    fhir: App | None = None
    fhir_paths: dict[str, Any]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FHIR requests go straight to where they are answered; FastAPI's own layers would add a tenth to a read."""
        if self.fhir is not None and scope["type"] == "http" and is_fhir(scope["path"]):
            await self.fhir(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()
        schema["paths"] = {**self.fhir_paths, **schema.get("paths", {})}
        return schema


def service_app(engine: Engine, metrics: Metrics, probes: Probes) -> FastAPI:
    """The app of one service. FHIR requests are answered before FastAPI's own routing, each watched by `Observed`."""
    name = engine.service.name
    app = ServiceApp(
        title=f"telerehab: {name}",
        description=f"FHIR R4 API of the service {name}. `GET metadata` below the base says exactly what it does.",
        version=software_version(),
        docs_url=None,
        redoc_url=None,
    )
    app.fhir_paths = fhir_paths(engine.service.types, engine.service.operations)
    answer = partial(handle, engine)
    definitions = {
        definition_url(each): each.definition for each in (*EVERYWHERE, *engine.service.operations)
    }
    page = Documentation(f"telerehab: {name}", answer, engine.base_url, definitions)
    app.router.routes.append(Route("/docs", page, methods=["GET"]))
    https = engine.settings.public.startswith("https:")
    endpoint = FhirEndpoint(
        app,
        answer,
        engine.base_url,
        engine.settings.body_limit,
        Proxies(engine.settings.trusted_proxies),
    )
    places = admissions([name], engine.settings, metrics)[name]
    admitted = Admitted(endpoint, lambda scope: places)
    app.fhir = Observed(admitted, name, metrics, probes, https=https)
    app.add_middleware(Observed, service=name, metrics=metrics, probes=probes, https=https)
    return app
