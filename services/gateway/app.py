"""The HTTP application of the gateway: the FHIR base over all services, and its documentation.

https://fastapi.tiangolo.com/advanced/middleware/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.routing import Route

from services.gateway.forwarding import Forwarder
from services.gateway.gateway import Gateway
from services.gateway.join_page import JOIN_PATH, JoinPage
from services.gateway.router import handle
from services.gateway.routing import Routing, destination
from telerehab.engine import BASE_PATH
from telerehab.fhir.definitions import resource_types
from telerehab.observability import Metrics, Observed, Probes
from telerehab.observability.asgi import App
from telerehab.owners import SERVICES
from telerehab.rpc.neighbours import Neighbours
from telerehab.server.admission import admissions
from telerehab.server.admitted import Admitted
from telerehab.server.app import ServiceApp
from telerehab.server.capability_statement import software_version
from telerehab.server.client_address import Proxies
from telerehab.server.documentation import Documentation
from telerehab.server.front_page import FrontPage, readiness_of_all
from telerehab.server.http import FhirEndpoint
from telerehab.server.openapi import fhir_paths
from telerehab.settings import GATEWAY, Settings
from telerehab.store.pool import Pool


@asynccontextmanager
async def gateway_app(
    settings: Settings,
    neighbours: Neighbours,
    pool: Pool,
    wake: Callable[[str], None],
    apps: Mapping[str, App],
    elsewhere: frozenset[str],
    metrics: Metrics,
    probes: Probes,
) -> AsyncIterator[FastAPI]:
    """The app, while it is served; `apps` are those of the services in this process.

    `wake` and `elsewhere` are as `Gateway` has them.
    """
    proxies = Proxies(settings.trusted_proxies)
    gateway = Gateway(neighbours, f"{settings.public}{BASE_PATH}", pool, wake, elsewhere)
    app = ServiceApp(
        title="telerehab",
        description="One FHIR R4 base URL over all services. `GET metadata` below the base says exactly what it does.",
        version=software_version(),
        docs_url=None,
        redoc_url=None,
    )
    app.fhir_paths = fhir_paths(resource_types())
    app.add_middleware(
        FhirEndpoint,
        answer=partial(handle, gateway),
        base_url=gateway.base_url,
        body_limit=settings.body_limit,
        proxies=proxies,
    )
    note = "The parameters of an operation are told at /docs of the service that has it."
    page = Documentation("Telerehabilitation platform", partial(handle, gateway), gateway.base_url, {}, note)
    app.router.routes.append(Route("/docs", page, methods=["GET"]))
    app.router.routes.append(Route("/", FrontPage(settings, readiness_of_all(settings)), methods=["GET"]))
    app.router.routes.append(Route(JOIN_PATH, JoinPage(), methods=["GET"]))
    urls = {name: settings.of(name).url for name in SERVICES}
    async with Forwarder.open(urls, proxies, settings.forward_timeout) as forwarder:
        app.add_middleware(Routing, apps=apps, forwarder=forwarder)
        places = admissions((GATEWAY, *SERVICES), settings, metrics)
        app.add_middleware(Admitted, place=lambda scope: places[destination(scope)])
        https = settings.public.startswith("https:")
        app.add_middleware(Observed, service=GATEWAY, metrics=metrics, probes=probes, https=https)
        yield app
