"""$expand, $validate-code, $lookup and $subsumes answer for what R4 publishes and for what has been stored."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir.json import JsonObject
from telerehab.server.request import FhirRequest
from telerehab.server.router import handle
from tests.services.records.conftest import Records

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDERS = "http://hl7.org/fhir/administrative-gender"
MOODS = "http://terminology.hl7.org/CodeSystem/v3-ActMood"
BODY = "http://clinic.example.org/CodeSystem/body"

BODY_PARTS: JsonObject = {
    "resourceType": "CodeSystem",
    "id": "body",
    "url": BODY,
    "version": "2",
    "name": "BodyParts",
    "status": "active",
    "content": "complete",
    "caseSensitive": False,
    "hierarchyMeaning": "is-a",
    "property": [{"code": "paired", "type": "boolean"}, {"code": "inactive", "type": "boolean"}],
    "concept": [
        {
            "code": "limb",
            "display": "Limb",
            "concept": [
                {
                    "code": "leg",
                    "display": "Leg",
                    "definition": "The lower limb.",
                    "designation": [{"language": "de", "value": "Bein"}],
                    "property": [{"code": "paired", "valueBoolean": True}],
                    "concept": [
                        {"code": "knee", "display": "Knee joint"},
                        {"code": "ankle", "display": "Ankle"},
                    ],
                },
                {"code": "tail", "display": "Tail", "property": [{"code": "inactive", "valueBoolean": True}]},
            ],
        },
        {"code": "spine", "display": "Spine"},
    ],
}


def value_set(name: str, *include: JsonObject, exclude: list[JsonObject] | None = None) -> JsonObject:
    compose: JsonObject = {"include": list(include)}
    if exclude:
        compose["exclude"] = exclude
    return {
        "resourceType": "ValueSet",
        "id": name,
        "url": f"http://clinic.example.org/ValueSet/{name}",
        "status": "active",
        "compose": compose,
    }


def is_a(code: str, op: str = "is-a", property_: str = "concept") -> JsonObject:
    return {"system": BODY, "filter": [{"property": property_, "op": op, "value": code}]}


@pytest.fixture
async def stored(records: Records) -> Records:
    """records with a code system and value sets of a clinic's own."""
    for resource in (
        BODY_PARTS,
        value_set("leg", is_a("leg")),
        value_set(
            "trunk-and-leg",
            {"valueSet": ["http://clinic.example.org/ValueSet/leg"]},
            {"system": BODY, "concept": [{"code": "spine", "display": "Back"}, {"code": "wing"}]},
            exclude=[{"system": BODY, "concept": [{"code": "ankle"}]}],
        ),
        value_set("itself", {"valueSet": ["http://clinic.example.org/ValueSet/itself"]}),
        value_set("vitals", {"system": "http://loinc.org", "concept": [{"code": "8867-4"}]}),
        value_set("all-loinc", {"system": "http://loinc.org"}),
    ):
        url = f"{resource['resourceType']}/{resource['id']}"
        await records.client.put(url, json=resource)
    return records


def parameters(**given: Any) -> JsonObject:
    """A Parameters resource: values by `name_valueType`."""
    listed = []
    for key, value in given.items():
        name, _, kind = key.rpartition("__")
        listed.append({"name": name.replace("_", "-"), kind: value})
    return {"resourceType": "Parameters", "parameter": listed}


def codes(expanded: Any) -> list[str]:
    return [one["code"] for one in expanded["expansion"].get("contains", ())]


def told(answer: Any) -> dict[str, Any]:
    """The out parameters by name: each a value, or the parts by name."""
    found: dict[str, Any] = {}
    for one in answer["parameter"]:
        found.setdefault(one["name"], []).append(
            told({"parameter": one["part"]})
            if "part" in one
            else next(value for name, value in one.items() if name.startswith("value"))
        )
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


# $expand


async def test_a_value_set_of_r4_is_expanded_in_its_order(records: Records) -> None:
    expanded = await records.get(f"ValueSet/$expand?url={GENDER}")
    assert expanded["resourceType"] == "ValueSet"
    assert expanded["url"] == GENDER
    assert "compose" not in expanded
    assert expanded["expansion"]["total"] == 4
    assert expanded["expansion"]["contains"][0] == {
        "system": GENDERS,
        "version": "4.0.1",
        "code": "male",
        "display": "Male",
    }
    assert codes(expanded) == ["male", "female", "other", "unknown"]
    assert {"name": "version", "valueUri": f"{GENDERS}|4.0.1"} in expanded["expansion"]["parameter"]
    assert records.engine.validate(expanded) == []


@pytest.mark.parametrize(
    ("query", "found", "total"),
    [
        ("filter=FE", ["female"], 1),
        ("filter=e", [], 0),
        ("offset=1&count=2", ["female", "other"], 4),
        ("offset=9", [], 4),
        ("count=0", [], 4),
        ("exclude-system=http://hl7.org/fhir/administrative-gender", [], 0),
    ],
)
async def test_an_expansion_is_filtered_and_paged(
    records: Records, query: str, found: list[str], total: int
) -> None:
    expanded = await records.get(f"ValueSet/$expand?url={GENDER}&{query}")
    assert codes(expanded) == found
    assert expanded["expansion"]["total"] == total


@pytest.mark.parametrize(
    ("name", "found"),
    [("leg", ["leg", "knee", "ankle"]), ("trunk-and-leg", ["leg", "knee", "spine"]), ("vitals", ["8867-4"])],
)
async def test_stored_value_sets_are_expanded_on_type_and_instance(
    stored: Records, name: str, found: list[str]
) -> None:
    url = f"http://clinic.example.org/ValueSet/{name}"
    assert codes(await stored.get(f"ValueSet/$expand?{urlencode({'url': url})}")) == found
    assert codes(await stored.get(f"ValueSet/{name}/$expand")) == found
    assert codes(await stored.post("ValueSet/$expand", parameters(url__valueUri=url), 200)) == found


async def test_a_value_set_is_expanded_as_sent_and_what_a_set_says_of_a_concept_wins(stored: Records) -> None:
    sent = value_set("trunk", {"system": BODY, "concept": [{"code": "spine", "display": "Back"}]})
    body = {"resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": sent}]}
    for given in (body, sent):
        (member,) = (await stored.post("ValueSet/$expand", given, 200))["expansion"]["contains"]
        assert member["display"] == "Back"


@pytest.mark.parametrize(
    ("include", "found"),
    [
        (is_a("leg", "descendent-of"), ["knee", "ankle"]),
        (is_a("limb", "is-not-a"), ["spine"]),
        (is_a("knee", "generalizes"), ["limb", "leg", "knee"]),
        (is_a("knee,spine", "in", "code"), ["knee", "spine"]),
        (is_a("limb,leg,tail,spine", "not-in", "code"), ["knee", "ankle"]),
        (is_a("true", "=", "paired"), ["leg"]),
        (is_a("true", "exists", "paired"), ["leg"]),
        (is_a("leg", "=", "parent"), ["knee", "ankle"]),
        (
            {
                "system": BODY,
                "valueSet": ["http://clinic.example.org/ValueSet/leg"],
                "concept": [{"code": "knee"}, {"code": "spine"}],
            },
            ["knee"],
        ),
        ({"valueSet": ["http://clinic.example.org/ValueSet/leg", f"{GENDER}|4.0.1"]}, []),
    ],
)
async def test_what_an_include_selects(stored: Records, include: JsonObject, found: list[str]) -> None:
    assert codes(await stored.post("ValueSet/$expand", value_set("sent", include), 200)) == found


async def test_designations_languages_and_inactive_codes(stored: Records) -> None:
    whole = value_set("sent", {"system": BODY})

    async def expand(**wish: Any) -> Any:
        body = parameters(**wish)
        body["parameter"].append({"name": "valueSet", "resource": whole})
        return await stored.post("ValueSet/$expand", body, 200)

    by_code = {one["code"]: one for one in (await expand())["expansion"]["contains"]}
    assert by_code["tail"]["inactive"] is True
    assert "designation" not in by_code["leg"]
    assert "tail" not in codes(await expand(activeOnly__valueBoolean=True))
    named = {
        one["code"]: one
        for one in (await expand(includeDesignations__valueBoolean=True))["expansion"]["contains"]
    }
    assert named["leg"]["designation"] == [{"language": "de", "value": "Bein"}]
    german = {
        one["code"]: one for one in (await expand(displayLanguage__valueCode="de"))["expansion"]["contains"]
    }
    assert (german["leg"]["display"], german["knee"]["display"]) == ("Bein", "Knee joint")
    assert codes(await expand(filter__valueString="joi kn")) == ["knee"]


async def test_the_value_set_that_an_element_is_bound_to(records: Records) -> None:
    context = "http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender"
    assert len(codes(await records.get(f"ValueSet/$expand?{urlencode({'context': context})}"))) == 4


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({}, 400, "required", "url"),
        ({"url": "http://clinic.example.org/ValueSet/none"}, 404, "not-found", "url"),
        ({"url": GENDER, "valueSetVersion": "7"}, 404, "not-found", "url"),
        ({"url": "http://snomed.info/sct?fhir_vs"}, 422, "not-supported", "url"),
        ({"url": "http://clinic.example.org/ValueSet/all-loinc"}, 422, "not-supported", "loinc"),
        ({"url": "http://clinic.example.org/ValueSet/itself"}, 422, "processing", "imports itself"),
        ({"url": GENDER, "count": "-1"}, 400, "value", "count"),
        ({"url": GENDER, "count": "many"}, 400, "invalid", "count"),
        ({"url": GENDER, "activeOnly": "yes"}, 400, "invalid", "activeOnly"),
        ({"url": GENDER, "unheard": "of"}, 400, "not-supported", "unheard"),
        ({"url": GENDER, "date": "2010"}, 422, "not-supported", "date"),
        ({"url": GENDER, "system-version": "x"}, 400, "value", "system-version"),
        ({"url": GENDER, "context": "x#y"}, 400, "invalid", "context"),
        (
            {"context": "http://hl7.org/fhir/StructureDefinition/Patient#Patient.name"},
            400,
            "not-supported",
            "context",
        ),
        ({"url": GENDER, "contextDirection": "up"}, 400, "code-invalid", "contextDirection"),
        ({"url": GENDER, "valueSet": "x"}, 405, "not-supported", "valueSet"),
        ([("url", GENDER), ("url", GENDER)], 400, "too-many", "url"),
    ],
)
async def test_expand_says_what_is_wrong(
    stored: Records, query: Any, status: int, code: str, named: str
) -> None:
    _refused(await stored.get(f"ValueSet/$expand?{urlencode(query)}", status), code, named)


async def test_what_is_sent_as_a_value_set_must_be_one(records: Records) -> None:
    broken = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"concept": "x"}]}}
    answer = await records.post("ValueSet/$expand", broken, 400)
    assert answer["issue"][0]["expression"][0].startswith("Parameters.valueSet.")
    _refused(await records.post("ValueSet/$expand", {"resourceType": "Patient"}, 400), "invalid", "valueSet")
    await records.get("ValueSet/nobody/$expand", 404)


def _refused(answer: Any, code: str, named: str) -> None:
    assert answer["resourceType"] == "OperationOutcome"
    (issue,) = answer["issue"]
    assert issue["code"] == code or (code == "invalid" and issue["code"] in ("invalid", "structure", "value"))
    assert named in f"{issue['diagnostics']} {issue.get('expression')}"


async def test_a_value_set_with_too_many_codes_is_asked_for_in_pages(records: Records) -> None:
    concepts = [{"code": f"c{number}"} for number in range(6000)]
    many = {**BODY_PARTS, "id": "many", "url": f"{BODY}/many", "concept": concepts, "property": []}
    del many["property"]
    await records.put(many)
    everything = value_set("sent", {"system": f"{BODY}/many"})
    answer = await records.post("ValueSet/$expand", everything, 400)
    assert answer["issue"][0]["code"] == "too-costly"
    body = parameters(offset__valueInteger=5998, count__valueInteger=10)
    body["parameter"].append({"name": "valueSet", "resource": everything})
    assert codes(await records.post("ValueSet/$expand", body, 200)) == ["c5998", "c5999"]


# $validate-code


@pytest.mark.parametrize(
    ("url", "given", "result"),
    [
        ("ValueSet/$validate-code", {"url": GENDER, "system": GENDERS, "code": "male"}, True),
        (
            "ValueSet/$validate-code",
            {"url": GENDER, "system": GENDERS, "code": "male", "display": "male"},
            True,
        ),
        (
            "ValueSet/$validate-code",
            {"url": GENDER, "system": GENDERS, "code": "male", "display": "Man"},
            False,
        ),
        ("ValueSet/$validate-code", {"url": GENDER, "system": GENDERS, "code": "m"}, False),
        ("ValueSet/$validate-code", {"url": GENDER, "system": "http://x.example.org", "code": "male"}, False),
        (
            "ValueSet/$validate-code",
            {"context": "http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender", "code": "male"},
            True,
        ),
        ("ValueSet/leg/$validate-code", {"system": BODY, "code": "KNEE"}, True),
        ("ValueSet/leg/$validate-code", {"system": BODY, "code": "spine"}, False),
        ("ValueSet/vitals/$validate-code", {"system": "http://loinc.org", "code": "8867-4"}, True),
        ("ValueSet/vitals/$validate-code", {"system": "http://loinc.org", "code": "1-8"}, False),
        ("ValueSet/all-loinc/$validate-code", {"system": BODY, "code": "knee"}, False),
        ("CodeSystem/$validate-code", {"url": GENDERS, "code": "male"}, True),
        ("CodeSystem/$validate-code", {"url": GENDERS, "code": "Male"}, False),
        ("CodeSystem/$validate-code", {"url": BODY, "code": "leg", "display": "Bein"}, True),
        ("CodeSystem/$validate-code", {"url": BODY, "code": "leg", "version": "2"}, True),
        ("CodeSystem/body/$validate-code", {"code": "knee"}, True),
        ("CodeSystem/$validate-code", {"url": MOODS, "code": "_ActMoodPredicate"}, True),
        (
            "CodeSystem/$validate-code",
            {"url": MOODS, "code": "_ActMoodPredicate", "abstract": "false"},
            False,
        ),
    ],
)
async def test_codes_are_judged(stored: Records, url: str, given: dict[str, str], result: bool) -> None:
    answer = told(await stored.get(f"{url}?{urlencode(given)}"))
    assert answer["result"] is result
    assert ("message" in answer) is not result


@pytest.mark.parametrize("place", ["ValueSet", "CodeSystem"])
async def test_codings_and_concepts_are_judged(stored: Records, place: str) -> None:
    url = "http://clinic.example.org/ValueSet/leg" if place == "ValueSet" else BODY
    knee, other = {"system": BODY, "code": "knee"}, {"system": "http://x.example.org", "code": "knee"}

    async def result(**given: Any) -> Any:
        body = parameters(url__valueUri=url, **given)
        return told(await stored.post(f"{place}/$validate-code", body, 200))["result"]

    assert await result(coding__valueCoding=knee)
    assert not await result(coding__valueCoding=other)
    assert not await result(coding__valueCoding={"display": "Knee joint"})
    assert await result(codeableConcept__valueCodeableConcept={"coding": [other, knee]})
    assert not await result(codeableConcept__valueCodeableConcept={"coding": [other]})
    assert not await result(codeableConcept__valueCodeableConcept={"text": "knee"})


@pytest.mark.parametrize(
    ("url", "given", "status", "named"),
    [
        ("ValueSet/$validate-code", {"system": GENDERS, "code": "male"}, 400, "url"),
        ("ValueSet/$validate-code", {"url": GENDER}, 400, "code"),
        ("ValueSet/$validate-code", {"url": GENDER, "code": "male"}, 400, "system"),
        ("ValueSet/$validate-code", {"url": f"{GENDER}s", "system": GENDERS, "code": "male"}, 404, "url"),
        ("ValueSet/$validate-code", {"url": GENDER, "system": GENDERS, "code": "a  b"}, 400, "code"),
        (
            "ValueSet/$validate-code",
            {"url": GENDER, "system": GENDERS, "code": "male", "systemVersion": "3"},
            422,
            "3",
        ),
        ("ValueSet/$validate-code", {"url": GENDER, "coding": "x"}, 405, "coding"),
        ("ValueSet/leg/$validate-code", {"url": GENDER, "system": GENDERS, "code": "male"}, 400, "url"),
        ("ValueSet/all-loinc/$validate-code", {"system": "http://loinc.org", "code": "1-8"}, 422, "loinc"),
        ("ValueSet/none/$validate-code", {"system": BODY, "code": "knee"}, 404, "none"),
        ("CodeSystem/$validate-code", {"code": "male"}, 400, "url"),
        ("CodeSystem/$validate-code", {"url": GENDERS}, 400, "code"),
        ("CodeSystem/$validate-code", {"url": f"{GENDERS}s", "code": "male"}, 404, "url"),
        ("CodeSystem/$validate-code", {"url": "http://snomed.info/sct", "code": "1"}, 422, "url"),
        ("CodeSystem/$validate-code", {"url": GENDERS, "code": "male", "date": "2010"}, 422, "date"),
    ],
)
async def test_validate_code_says_what_is_wrong(
    stored: Records, url: str, given: dict[str, str], status: int, named: str
) -> None:
    answer = await stored.get(f"{url}?{urlencode(given)}", status)
    (issue,) = answer["issue"]
    assert named in f"{issue['diagnostics']} {issue.get('expression')}"


async def test_one_form_of_a_code_only(records: Records) -> None:
    body = parameters(
        url__valueUri=GENDERS, code__valueCode="male", coding__valueCoding={"system": GENDERS, "code": "male"}
    )
    (issue,) = (await records.post("CodeSystem/$validate-code", body, 400))["issue"]
    assert issue["expression"] == ["Parameters.coding"]


# $lookup


async def test_a_code_is_looked_up(stored: Records) -> None:
    answer = told(await stored.get(f"CodeSystem/$lookup?system={BODY}&code=LEG"))
    assert (answer["name"], answer["version"], answer["display"]) == ("BodyParts", "2", "Leg")
    assert answer["designation"] == {"language": "de", "value": "Bein"}
    assert answer["property"] == [
        {"code": "definition", "value": "The lower limb."},
        {"code": "parent", "value": "limb", "description": "Limb"},
        {"code": "child", "value": "knee", "description": "Knee joint"},
        {"code": "child", "value": "ankle", "description": "Ankle"},
        {"code": "inactive", "value": False},
        {"code": "paired", "value": True},
    ]
    german = parameters(
        coding__valueCoding={"system": BODY, "code": "leg"},
        property__valueCode="parent",
        displayLanguage__valueCode="de",
    )
    answer = told(await stored.post("CodeSystem/$lookup", german, 200))
    assert answer["display"] == "Bein"
    assert "designation" not in answer
    assert answer["property"] == {"code": "parent", "value": "limb", "description": "Limb"}


@pytest.mark.parametrize(
    ("given", "status", "named"),
    [
        ({}, 400, "code"),
        ({"code": "male"}, 400, "system"),
        ({"system": GENDERS}, 400, "code"),
        ({"system": GENDERS, "code": "m"}, 404, "code"),
        ({"system": f"{GENDERS}s", "code": "male"}, 404, "system"),
        ({"system": "http://loinc.org", "code": "8867-4"}, 422, "system"),
        ({"system": GENDERS, "code": "male", "version": "3"}, 404, "system"),
        ({"system": GENDERS, "code": "male", "coding": "x"}, 405, "coding"),
        ({"system": GENDERS, "code": "male", "date": "now"}, 400, "date"),
    ],
)
async def test_lookup_says_what_is_wrong(
    records: Records, given: dict[str, str], status: int, named: str
) -> None:
    answer = await records.get(f"CodeSystem/$lookup?{urlencode(given)}", status)
    (issue,) = answer["issue"]
    assert f"'{named}'" in str(issue["expression"]) or named in issue["expression"][0]


# $subsumes


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("knee", "KNEE", "equivalent"),
        ("limb", "knee", "subsumes"),
        ("knee", "limb", "subsumed-by"),
        ("knee", "ankle", "not-subsumed"),
        ("spine", "knee", "not-subsumed"),
    ],
)
async def test_subsumption_follows_the_hierarchy(stored: Records, a: str, b: str, outcome: str) -> None:
    query = urlencode({"codeA": a, "codeB": b})
    assert told(await stored.get(f"CodeSystem/$subsumes?system={BODY}&{query}"))["outcome"] == outcome
    assert told(await stored.get(f"CodeSystem/body/$subsumes?{query}"))["outcome"] == outcome
    codings = {
        f"coding{side}__valueCoding": {"system": BODY, "code": code} for side, code in (("A", a), ("B", b))
    }
    assert told(await stored.post("CodeSystem/$subsumes", parameters(**codings), 200))["outcome"] == outcome


@pytest.mark.parametrize(
    ("given", "status", "named"),
    [
        ({"system": BODY}, 400, "codeA"),
        ({"system": BODY, "codeA": "knee"}, 400, "codeB"),
        ({"codeA": "knee", "codeB": "knee"}, 400, "system"),
        ({"system": BODY, "codeA": "knee", "codeB": "wing"}, 404, "codeB"),
        ({"system": f"{BODY}/none", "codeA": "knee", "codeB": "knee"}, 404, "system"),
        ({"system": "http://snomed.info/sct", "codeA": "1", "codeB": "2"}, 422, "system"),
    ],
)
async def test_subsumes_says_what_is_wrong(
    stored: Records, given: dict[str, str], status: int, named: str
) -> None:
    (issue,) = (await stored.get(f"CodeSystem/$subsumes?{urlencode(given)}", status))["issue"]
    assert named in issue["expression"][0]


# What a caller may see, and what is claimed


@pytest.mark.parametrize(("shared", "status"), [(frozenset(), 404), (frozenset({"CodeSystem"}), 200)])
async def test_definitions_that_a_caller_may_not_see_are_unknown_to_him(
    stored: Records, shared: frozenset[str], status: int
) -> None:
    caller = Caller("restricted", access=Access(frozenset({"nobody"}), shared))
    own = FhirRequest(
        "GET", ("CodeSystem", "$lookup"), caller, "http://x", [("system", BODY), ("code", "leg")]
    )
    of_r4 = FhirRequest("GET", ("ValueSet", "$expand"), caller, "http://x", [("url", GENDER)])
    assert (await handle(stored.engine, own)).status == status
    assert (await handle(stored.engine, of_r4)).status == 200


async def test_the_operations_are_claimed_by_their_definitions(records: Records) -> None:
    (rest,) = (await records.get("metadata"))["rest"]
    claimed = {
        one["type"]: {operation["name"]: operation["definition"] for operation in one["operation"]}
        for one in rest["resource"]
    }
    base = "http://hl7.org/fhir/OperationDefinition"
    assert claimed["ValueSet"]["expand"] == f"{base}/ValueSet-expand"
    assert claimed["ValueSet"]["validate-code"] == f"{base}/ValueSet-validate-code"
    assert claimed["CodeSystem"]["validate-code"] == f"{base}/CodeSystem-validate-code"
    assert claimed["CodeSystem"]["lookup"] == f"{base}/CodeSystem-lookup"
    assert claimed["CodeSystem"]["subsumes"] == f"{base}/CodeSystem-subsumes"
