"""URLs and headers by a grammar of what goes wrong: an answer each time, and an outcome with each refusal.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import os
from random import Random

import orjson
import pytest

from tests.conformance.fuzzing.exchange import FHIR, Platform, Request

CASES = int(os.environ.get("FUZZING_CASES", "800"))
SEED = int(os.environ.get("FUZZING_SEED", "1"))

PATHS = [
    b"/Patient",
    b"/Observation",
    b"/Appointment",
    b"/Patient/there",
    b"/Patient/there/_history",
    b"",
    b"/_history",
]
PATHS += [
    b"/Patient/there/Observation",
    b"/Patient/there/*",
    b"/Patient/$match",
    b"/Patient/there/$everything",
    b"/metadata",
]
PATHS += [
    b"/ValueSet/$expand",
    b"/CodeSystem/$lookup",
    b"/Observation/$lastn",
    b"/Nothing",
    b"/Patient/_history/1",
]
PATHS += [
    b"/Patient/there/_history/1",
    b"/Patient/there/_history/%00",
    b"/Patient/%zz",
    b"/%ff",
    b"/\xff",
    b"//",
    b"/Patient/",
]
PATHS += [
    b"/Patient/_search",
    b"/_search",
    b"/$export",
    b"/" + b"a/" * 500,
    b"/Patient/" + b"a" * 9000,
    b"/Patient;x=1",
]
NAMES = [
    b"name",
    b"birthdate",
    b"identifier",
    b"_id",
    b"_lastUpdated",
    b"_tag",
    b"_count",
    b"_sort",
    b"_include",
    b"_total",
]
NAMES += [
    b"_revinclude",
    b"_has:Observation:patient:code",
    b"_has",
    b"_has:::",
    b"_has:Observation",
    b"general-practitioner.name",
]
NAMES += [
    b"general-practitioner.general-practitioner.name",
    b"subject:Patient.name",
    b".",
    b":",
    b"::missing",
    b"name:",
    b"_cursor",
]
NAMES += [
    b"name:exact",
    b"name:contains",
    b"active:not",
    b"gender:in",
    b"gender:below",
    b"identifier:of-type",
    b"link:identifier",
]
NAMES += [
    b"date",
    b"code",
    b"value-quantity",
    b"code-value-quantity",
    b"_summary",
    b"_elements",
    b"_format",
    b"_pretty",
    b"_type",
]
NAMES += [
    b"_since",
    b"_at",
    b"_list",
    b"_filter",
    b"_text",
    b"_query",
    b"_contained",
    b"",
    b"%00",
    b"%ff",
    b"%",
    b"[]",
    b"url",
    b"filter",
]
VALUES = [
    b"",
    b"a",
    b"%00",
    b"%ff",
    b"%zz",
    b"%",
    b"%ed%a0%80",
    b"%c0%80",
    b"\xff",
    b",",
    b",,,",
    b"|",
    b"||",
    b"|||",
    b"$",
    b"$$",
    b"%5c",
]
VALUES += [
    b"gt",
    b"gt2020",
    b"2020-13-45",
    b"9999-12-31",
    b"0001-01-01",
    b"ap9999",
    b"sa0001",
    b"2020-01-01T25:00",
    b"1e999999999",
]
VALUES += [
    b"-1e-99999",
    b"NaN",
    b"Infinity",
    b"0x1",
    b"9" * 400,
    b"1" * 5000,
    b"999999999999",
    b"-1",
    b"0",
    b"1000000",
    b"true",
]
VALUES += [
    b"Patient/there",
    b"Patient/%00",
    b"http://[::1",
    b"urn:uuid:x",
    b"Patient:link",
    b"*",
    b"*:*",
    b"-birthdate,name,,-",
    b"--name",
]
VALUES += [
    b"%F0%9F%98%80",
    b"e%CC%81" * 200,
    b"%E2%80%AE",
    b"a" * 6000,
    b"a," * 3000,
    b"gt2020,lt1e5|x|y$z",
    b"'%20OR%201=1--",
    b"5.4|http://x|kg",
]
HEADERS = [
    (
        b"if-match",
        [
            b'W/"1"',
            b'"1"',
            b"*",
            b"garbage",
            b'W/"99999999999999999999"',
            b'W/"-1"',
            b"\xff",
            b"",
            b'W/"a"',
            b'W/"1", W/"2"',
        ],
    ),
    (b"if-none-match", [b"*", b'W/"1"', b"\xff\xfe", b'"', b""]),
    (
        b"if-modified-since",
        [b"yesterday", b"Sat, 99 Foo 2020 25:61:61 GMT", b"\xff", b"Thu, 01 Jan 1970 00:00:00 GMT"],
    ),
    (b"if-none-exist", [b"identifier=x|1", b"%", b"_count=1", b"name:exact=%00", b"?" * 3000]),
    (
        b"prefer",
        [b"return=minimal", b"return=garbage", b"handling=lenient", b"=;,=", b"respond-async", b"\xff"],
    ),
    (
        b"accept",
        [
            b"*/*",
            b"application/fhir+json;q=x",
            b";;;",
            b"text/html",
            b"application/fhir+xml",
            b"a" * 5000,
            b"\xff",
        ],
    ),
    (b"accept-charset", [b"utf-16", b"\xff"]),
    (
        b"content-type",
        [
            b"",
            b"application/json; charset=utf-7",
            b"application/fhir+json; charset",
            b"\xff/\xff",
            b"application/xml",
        ],
    ),
    (
        b"content-type",
        [
            b"application/fhir+json; charset=utf-8",
            b"multipart/form-data; boundary=",
            b"application/x-www-form-urlencoded",
        ],
    ),
    (b"content-encoding", [b"gzip", b"identity", b"br, gzip", b"\xff"]),
    (b"content-length", [b"-1", b"x", b"1e9", b"99999999999999999999", b"\xb2"]),
    (b"idempotency-key", [b"", b"a" * 5000, b"\xff", b"x"]),
    (b"x-telerehab-position", [b"", b"garbage", b"a" * 5000, b"\xff", b"e30="]),
    (b"x-request-id", [b"a" * 5000, b"\xff", b"${x}"]),
    (b"traceparent", [b"00-0-0-0", b"\xff", b"00-" + b"f" * 32 + b"-" + b"0" * 16 + b"-01"]),
    (b"x-forwarded-for", [b"\xff", b"::1::", b"1.2.3.4, " * 500]),
    (b"range", [b"bytes=0-1"]),
]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "GARBAGE"]


def drawn(random: Random) -> Request:
    """A path, up to four parameters, up to three headers; what would change `Patient/there` is left out."""
    path, method = random.choice(PATHS), random.choice(METHODS)
    count = random.choice([0, 1, 1, 2, 4])
    query = b"&".join(random.choice(NAMES) + b"=" + random.choice(VALUES) for _ in range(count))
    headers = [
        (name, random.choice(values)) for name, values in random.sample(HEADERS, random.choice([0, 1, 3]))
    ]
    if method in ("PUT", "PATCH", "DELETE") and path.startswith(b"/Patient/there"):
        method = "GET"
    body = random.choice(
        [b"", b"{}", b"null", b'{"resourceType":"Patient","active":true}', b"a=b&c=%ff", query]
    )
    if method in ("GET", "HEAD"):
        body = b""
    return Request(method, path + (b"?" + query if query else b""), body, headers)


@pytest.mark.parametrize("share", range(4))
async def test_an_odd_request_is_answered_or_refused(platform: Platform, share: int) -> None:
    random = Random(SEED * 4 + share)
    statuses = set()
    for _ in range(CASES // 2):
        answer = await platform.refused_cleanly(drawn(random))
        statuses.add(answer.status)
    assert {200, 400, 404, 405} <= statuses
    await platform.is_well()


@pytest.mark.parametrize("name", sorted(set(NAMES)))
async def test_no_value_of_a_parameter_is_a_fault(platform: Platform, name: bytes) -> None:
    for type_ in (b"/Patient", b"/Observation"):
        for value in VALUES:
            await platform.refused_cleanly(Request("GET", type_ + b"?" + name + b"=" + value, headers=()))


@pytest.mark.parametrize("amount", [1_001, 20_000])
async def test_many_parameters_are_refused(platform: Platform, amount: int) -> None:
    for one in (b"name=a", b"_id=x", b"_include=Patient:link", b"active:not=true"):
        query = b"&".join([one] * amount)
        assert (
            await platform.refused_cleanly(Request("GET", b"/Patient?" + query, headers=()))
        ).status >= 400
        form = ((b"content-type", b"application/x-www-form-urlencoded"),)
        asked = Request("POST", b"/Patient/_search", query, form)
        assert (await platform.refused_cleanly(asked)).status >= 400


async def test_a_page_is_never_larger_than_allowed(platform: Platform) -> None:
    answer = await platform.send(Request("GET", b"/Patient?_count=" + b"9" * 300, headers=()))
    link = orjson.loads(answer.body)["link"][0]["url"]
    assert (answer.status, link.endswith("_count=1000")) == (200, True)


async def test_a_tampered_cursor_is_refused(platform: Platform) -> None:
    for number in range(3):
        body = b'{"resourceType":"Patient","name":[{"family":"Paged%d"}]}' % number
        assert (await platform.send(Request("POST", b"/Patient", body))).status == 201
    asked = Request("GET", b"/Patient?family=paged&_count=1", headers=())
    links = orjson.loads((await platform.send(asked)).body)["link"]
    next_ = (
        next(link["url"] for link in links if link["relation"] == "next").partition("/fhir/R4")[2].encode()
    )
    assert (await platform.send(Request("GET", next_, headers=()))).status == 200
    start, _, cursor = next_.partition(b"_cursor=")
    random = Random(SEED)
    tampered = [cursor[:-1], cursor + b"A", cursor[::-1], b"", b"a", b"%00", b"=" * 50, cursor * 2]
    for _ in range(60):
        at = random.randrange(len(cursor) - 1)  # the last holds bits that mean nothing
        other = bytes([random.choice(b"ABCabc0189-_")])
        tampered.append(cursor[:at] + other + cursor[at + 1 :])
    for one in tampered:
        answer = await platform.refused_cleanly(Request("GET", start + b"_cursor=" + one, headers=()))
        assert answer.status in (400, 410) or one == cursor, one
    for moved in (
        next_.replace(b"paged", b"there"),
        next_.replace(b"/Patient", b"/Practitioner"),
        next_ + b"&active=true",
    ):
        answer = await platform.refused_cleanly(Request("GET", moved, headers=()))
        assert answer.status in (400, 410), moved


@pytest.mark.parametrize("header", sorted({name for name, _ in HEADERS}))
async def test_no_header_makes_a_bad_write_succeed(platform: Platform, header: bytes) -> None:
    """An unknown element is refused whatever stands around it."""
    values = [value for name, values in HEADERS if name == header for value in values]
    for value in values:
        headers = [(header, value)]
        if header != b"content-type":
            headers.append((b"content-type", FHIR.encode()))
        asked = Request(
            "PUT", b"/Patient/there", b'{"resourceType":"Patient","id":"there","colour":1}', headers
        )
        assert 400 <= (await platform.refused_cleanly(asked)).status < 500
