from telerehab.fhir.terminology import codings_above, codings_below, codings_in

GENDER = "http://hl7.org/fhir/administrative-gender"


def test_a_value_set_of_r4_has_its_codes_with_their_systems() -> None:
    expected = frozenset((GENDER, code) for code in ("male", "female", "other", "unknown"))
    assert codings_in("http://hl7.org/fhir/ValueSet/administrative-gender") == expected
    assert codings_in("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1") == expected


def test_an_unknown_value_set_is_not_an_empty_one() -> None:
    assert codings_in("http://example.org/ValueSet/none") is None


def test_a_code_is_above_and_below_itself() -> None:
    assert (GENDER, "male") in (codings_below(GENDER, "male") or ())
    assert (GENDER, "male") in (codings_above(GENDER, "male") or ())


def test_an_unknown_code_is_neither_above_nor_below_anything() -> None:
    assert codings_below(GENDER, "m") is None
    assert codings_above("http://example.org/none", "male") is None


def test_a_hierarchy_is_followed() -> None:
    moods = "http://terminology.hl7.org/CodeSystem/v3-ActMood"
    below = codings_below(moods, "INT") or ()
    assert (moods, "RQO") in below
    assert (moods, "EVN") not in below
    assert (moods, "INT") in (codings_above(moods, "RQO") or ())


def test_a_value_set_beyond_required_bindings_has_its_codes() -> None:
    vitals = codings_in("http://hl7.org/fhir/ValueSet/observation-category") or ()
    assert ("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs") in vitals


def test_a_value_set_whose_codes_are_not_loaded_is_unknown() -> None:
    assert codings_in("http://hl7.org/fhir/ValueSet/observation-codes") is None
