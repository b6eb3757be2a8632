"""What is wrong with a Bundle around its resources; these are validated by their owners.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.fhir.validation import validate

_SOUND = {"request": {"method": "GET", "url": "metadata"}}


def validate_transaction(bundle: JsonObject) -> None:
    """400 for what is wrong with the Bundle or with any of its entries."""
    entries = bundle.get("entry")
    if isinstance(entries, list):
        bundle = {**bundle, "entry": [_bare(entry) for entry in entries]}
    _refuse(_faults(bundle))


def validate_batch(bundle: JsonObject) -> None:
    """400 for what is wrong with the Bundle itself; each of its entries is answered for itself."""
    entries = bundle.get("entry")
    _refuse(_faults({**bundle, "entry": [_SOUND]} if isinstance(entries, list) and entries else bundle))


def validate_entry(index: int, entry: JsonObject) -> None:
    """400 for what is wrong with one entry of a batch."""
    faults = _faults({"resourceType": "Bundle", "type": "batch", "entry": [_bare(entry)]})
    here = f"Bundle.entry[{index}]"
    _refuse([_moved(fault, here) for fault in faults])


def _bare(entry: Any) -> Any:
    """The entry without its resource, and without the fullUrl: that only links entries, whatever is in it.

    Clients send "urn:uuid:patient" where a UUID belongs, and mean no harm.
    """
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if name not in ("resource", "fullUrl")}


def _moved(fault: Issue, here: str) -> Issue:
    within = (fault.expression or "").removeprefix("Bundle").removeprefix(".entry[0]")
    return Issue(fault.code, fault.diagnostics, f"{here}{within}", fault.severity)


def _faults(bundle: JsonObject) -> list[Issue]:
    return [fault for fault in validate(bundle, in_bundle=True) if fault.severity in ("error", "fatal")]


def _refuse(faults: list[Issue]) -> None:
    if faults:
        raise FhirError(400, faults)
