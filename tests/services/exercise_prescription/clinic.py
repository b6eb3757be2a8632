"""What a clinician does with a deployment, for the tests of this service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message

from telerehab.engine import Engine
from telerehab.events.cloud_event import record_of
from telerehab.events.database import Database
from telerehab.events.handling import take
from telerehab.events.inbox import Inbox
from telerehab.fhir import json
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1 import exercise_prescription_pb2
from tests.services.deployment import Deployment

PATIENT, CLINICIAN = "Patient/anna", "Practitioner/lee"


@dataclass
class Clinic:
    """What a clinician does with the service, over FHIR."""

    deployment: Deployment
    database: Database

    @property
    def engine(self) -> Engine:
        return self.deployment.engines["exercise_prescription"]

    async def call(
        self, method: str, path: str, content: dict[str, Any] | None = None, status: int = 200
    ) -> dict[str, Any]:
        """The answer, which must have `status`."""
        data = json.dump(content) if content is not None else None
        headers = {"Content-Type": "application/fhir+json"}
        answer = await self.deployment.client.request(method, path, content=data, headers=headers)
        assert answer.status_code == status, answer.text
        return json.parse_object(answer.content) if answer.content else {}

    async def operate(self, path: str, status: int = 200, **parameters: Any) -> dict[str, Any]:
        """An operation with string, code, date, boolean or Reference parameters, as their name asks."""
        given = [
            {"name": name, kind: value} for name, (kind, value) in parameters.items() if value is not None
        ]
        return await self.call("POST", path, {"resourceType": "Parameters", "parameter": given}, status)

    async def apply(
        self, plan: str = "hip-oa-1.0.0", status: int = 200, **more: tuple[str, Any]
    ) -> dict[str, Any]:
        given: dict[str, Any] = {
            "subject": ("valueString", PATIENT),
            "practitioner": ("valueString", CLINICIAN),
            "timezone": ("valueCode", "Europe/Vienna"),
            "start": ("valueDate", "2026-03-02"),
            "side": ("valueCode", "left"),
            **more,
        }
        return await self.operate(f"PlanDefinition/{plan}/$apply", status, **given)

    async def activated(self, **more: tuple[str, Any]) -> dict[str, Any]:
        """An active programme."""
        draft = await self.apply(**more)  # type: ignore[arg-type]  # plan and status are left as they are
        return await self.call("PUT", f"CarePlan/{draft['id']}", {**draft, "status": "active"})

    async def requests(self, care_plan: dict[str, Any]) -> list[dict[str, Any]]:
        references = [activity["reference"]["reference"] for activity in care_plan["activity"]]
        return [await self.call("GET", reference) for reference in references]

    async def said(self, name: str) -> list[Any]:
        """The messages of one kind that the service has said so far, in order."""
        rows = await self.engine.store.fetch(
            "SELECT payload FROM exercise_prescription.outbox WHERE type = $1 ORDER BY event_id",
            f"telerehab.events.v1.{name}",
        )
        kind = getattr(exercise_prescription_pb2, name)
        return [kind.FromString(row["payload"]) for row in rows]

    async def hear(self, message: Message, identity: str = "") -> None:
        """Every handler of this service takes an event with this message; `identity` is the event's."""
        row = {
            "event_id": identity or new_id(),
            "topic": "telerehab.outcomes",
            "key": b"k",
            "type": message.DESCRIPTOR.full_name,
            "subject": "Observation/1",
            "payload": message.SerializeToString(),
            "traceparent": "",
            "cause": "",
            "depth": 0,
            "time": datetime.now(UTC),
        }
        inbox = Inbox(self.database, self.engine.service.name)
        for handler in self.engine.service.handlers_of(message.DESCRIPTOR.full_name):
            await take(self.engine, inbox, handler, record_of(row, "outcomes"))

    async def proposals(self, status: str = "draft") -> list[dict[str, Any]]:
        """The proposals in a status."""
        found = await self.call("GET", f"RequestGroup?status={status}")
        entries = (entry for entry in found.get("entry", ()) if entry["search"]["mode"] == "match")
        return [entry["resource"] for entry in entries]
