"""The canonical URLs and codes that prescriptions are written in: our own and those of HL7 Physical Activity.

https://hl7.org/fhir/us/physical-activity/
"""

from __future__ import annotations

from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

PRESCRIPTION = f"{BASE}/StructureDefinition/exercise-prescription"
"""Profile of a ServiceRequest that prescribes one of our exercises."""
DOSE_PROPOSAL = f"{BASE}/StructureDefinition/dose-proposal"
"""Profile of a RequestGroup that proposes another dose of a prescription."""
PROGRAMME_GOAL = f"{BASE}/StructureDefinition/programme-goal"
"""Profile of a Goal that a protocol sets for a programme."""
PA_SERVICE_REQUEST = "http://hl7.org/fhir/us/physical-activity/StructureDefinition/pa-servicerequest"

ACTIVITY_DEFINITION = f"{BASE}/ActivityDefinition/"
PLAN_DEFINITION = f"{BASE}/PlanDefinition/"

DOSE = f"{BASE}/StructureDefinition/exercise-dose"
"""Sets, repetitions, hold, duration, distance, load, variant, rest, tempo, effort and pain limit, as parts."""
DOSE_BOUNDS = f"{BASE}/StructureDefinition/exercise-dose-bounds"
"""On an ActivityDefinition: low, high, start and step of one variable of the dose."""
INSTRUCTION = f"{BASE}/StructureDefinition/exercise-instruction"
PRECAUTION = f"{BASE}/StructureDefinition/exercise-precaution"
"""`level`, `text`; on a prescription also the `rule` of clinical/precautions.toml and `because` of what."""
OVERRIDE = f"{BASE}/StructureDefinition/programme-override"
"""On a CarePlan or prescription: `known` (what speaks against it), and a clinician's `reason`, `by` and `at`."""
HELD = f"{BASE}/StructureDefinition/held-with-programme"
"""On a prescription that is on hold because its programme is, not for itself."""
PHASE_CRITERION = f"{BASE}/StructureDefinition/phase-criterion"
PRESCRIPTION_VERSION = f"{BASE}/StructureDefinition/prescription-version"
"""Which version of a ServiceRequest a CarePlan.activity or a proposal speaks of."""
FORM_CHECK = f"{BASE}/StructureDefinition/exercise-form-check"
"""Whether a clinician saw the exercise done well, when, and who."""
FORMER_DOSE = f"{BASE}/StructureDefinition/former-exercise-dose"
"""On a proposal: the dose it would replace, in the parts of `DOSE`."""
DECISION = f"{BASE}/StructureDefinition/dose-decision"
"""On a proposal: what it proposes to do (progress, regress, pause)."""
DECIDED_BY = f"{BASE}/StructureDefinition/decided-by"
DECIDED = f"{BASE}/StructureDefinition/decided"
REVIEW = f"{BASE}/StructureDefinition/review-needed"

EXERCISE = f"{BASE}/CodeSystem/exercise"
DOSE_REASON = f"{BASE}/CodeSystem/dose-reason"
MEASURE = f"{BASE}/CodeSystem/measure"
LOAD = f"{BASE}/CodeSystem/load"
PROGRAMME_PART = f"{BASE}/CodeSystem/programme-part"

SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PHYSICAL_ACTIVITY: JsonObject = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/us/physical-activity/CodeSystem/pa-temporary-codes",
            "code": "PhysicalActivity",
            "display": "Physical Activity",
        }
    ]
}
EXERCISE_THERAPY: JsonObject = {
    "system": SNOMED,
    "code": "229065009",
    "display": "Exercise therapy (regime/therapy)",
}
LATERALITY = {
    "left": ("7771000", "Left"),
    "right": ("24028007", "Right"),
    "both": ("51440002", "Right and left"),
}

BODY_SITE = f"{BASE}/CodeSystem/body-site"


def versioned_id(name: str, version: str) -> str:
    """The id under which a version of a definition is stored, so that every version stays readable."""
    return f"{name}-{version}"


def exercise_canonical(exercise: str, version: str) -> str:
    """The canonical of one of our exercises in a version."""
    return f"{ACTIVITY_DEFINITION}{exercise}|{version}"


def exercise_id(canonical: object) -> str:
    """The id of our exercise that a canonical names, empty if it names none of ours."""
    url = str(canonical).partition("|")[0]
    return url.removeprefix(ACTIVITY_DEFINITION) if url.startswith(ACTIVITY_DEFINITION) else ""
