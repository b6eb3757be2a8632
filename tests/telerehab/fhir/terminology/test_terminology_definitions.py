from telerehab.fhir.terminology import codings_above, codings_below, codings_in

GENDER = "http://hl7.org/fhir/administrative-gender"


def test_a_value_set_of_r4_has_its_codes_with_their_systems():
    expected = {(GENDER, code) for code in ("male", "female", "other", "unknown")}
    assert codings_in("http://hl7.org/fhir/ValueSet/administrative-gender") == expected
    assert codings_in("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1") == expected


def test_an_unknown_value_set_is_not_an_empty_one():
    assert codings_in("http://example.org/ValueSet/none") is None


def test_a_code_is_above_and_below_itself():
    assert (GENDER, "male") in (codings_below(GENDER, "male") or ())
    assert (GENDER, "male") in (codings_above(GENDER, "male") or ())


def test_an_unknown_code_is_neither_above_nor_below_anything():
    assert codings_below(GENDER, "m") is None
    assert codings_above("http://example.org/none", "male") is None
