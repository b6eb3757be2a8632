"""A store of random resources behind the gateway, and what is known of them without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from telerehab.owners import SERVICES
from telerehab.service import Service
from telerehab.store.migrate import migrate
from tests.conformance.search_oracle.corpus import Generator
from tests.conformance.search_oracle.meaning import Meaning
from tests.conformance.search_oracle.store import Store
from tests.services.deployment import BASE, deployed

BARE = [Service(name) for name in SERVICES]
"""All owners, without the rules by which some would refuse what a random resource says."""
SEED, EARLIER_SEED = 20_401, 401


@pytest.fixture(scope="session")
async def store(new_database: Any) -> AsyncIterator[Store]:
    """Each resource in its second version, and a few that are deleted."""
    dsn = await new_database(name="search_oracle")
    await migrate(dsn, BARE)
    earlier = Generator(EARLIER_SEED, BASE).resources()
    resources = Generator(SEED, BASE).resources()
    deleted = [name for number, name in enumerate(resources) if number % 23 == 22]
    async with deployed(dsn, "direct", services=BARE) as deployment:
        store = Store(deployment.client, Meaning({}, BASE))
        await store.batch([("PUT", name, content) for name, content in earlier.items()])
        await store.batch([("PUT", name, content) for name, content in resources.items()])
        await store.batch([("DELETE", name, None) for name in deleted])
        kept = {name: content for name, content in resources.items() if name not in deleted}
        store.meaning = Meaning(orjson.loads(orjson.dumps(kept, default=str)), BASE)
        yield store
