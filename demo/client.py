"""A small FHIR client: it asks, checks the status, remembers every version it saw, and follows links.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject

FHIR_JSON = "application/fhir+json"
POSITION = "X-Telerehab-Position"
BEHIND = "X-Telerehab-Behind"
KEY = "Idempotency-Key"
SECONDS = 60.0
PAUSE = 0.1
FOR_NOW = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `content` is empty where there was no body."""

    status: int
    headers: Mapping[str, str]
    content: JsonObject

    @property
    def position(self) -> str:
        """What to present to a read that shall see everything this write causes."""
        return self.headers.get(POSITION, "")


class Unexpected(Exception):
    """An answer that is not the one the story needs: what was asked, what came, and what the server says of it."""

    def __init__(self, asked: str, told: str, answer: Answer | None = None) -> None:
        super().__init__(f"{asked}: {told}")
        self.asked = asked
        self.told = told
        self.answer = answer

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered otherwise later, by what was answered."""
        if self.answer is None:
            return False
        behind = self.answer.headers.get(BEHIND)
        return self.answer.status in FOR_NOW or behind in ("timeout", "unavailable")

    @property
    def issues(self) -> list[str]:
        """The issues of the OperationOutcome, one line each."""
        issues = self.answer.content.get("issue", ()) if self.answer else ()
        return [_line(issue) for issue in issues]


class Client:
    """One party to the story, with its own connections to the FHIR base `base`.

    `patience`: for how many seconds it asks again where the server says that it cannot answer now.
    A POST is asked again with the key of the first time, so that it happens once.
    """

    def __init__(self, base: str, patience: float) -> None:
        self.base = base
        self.patience = patience
        self.requests = 0
        self.seen: set[str] = set()
        """Every version that an answer showed or named: "Patient/1/_history/2"."""
        self.heard: list[JsonObject] = []
        """Every resource that was answered, refusals included, as it came."""
        self._http = httpx.Client(base_url=f"{base}/", timeout=SECONDS, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        content: JsonObject | None = None,
        *,
        expect: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `path` is below the base or a link of the server's. Raises `Unexpected`."""
        told = {"accept": FHIR_JSON, **(headers or {})}
        if content is not None:
            told["content-type"] = FHIR_JSON
        if method == "POST":
            told[KEY] = str(uuid4())
        deadline = time.monotonic() + self.patience
        pause = threading.Event()
        while True:
            try:
                return self._ask(method, path, content, told, expect)
            except Unexpected as error:
                if not error.may_pass or time.monotonic() >= deadline:
                    raise
                pause.wait(PAUSE)

    def _ask(
        self, method: str, path: str, content: JsonObject | None, headers: Mapping[str, str], expect: int
    ) -> Answer:
        body = None if content is None else json.dump(content)
        asked = f"{method} {path if path.startswith('http') else f'{self.base}/{path}'}"
        self.requests += 1
        try:
            response = self._http.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unexpected(asked, f"no answer ({type(error).__name__})") from None
        answer = Answer(response.status_code, response.headers, _content(response, asked))
        self.heard += [answer.content] if answer.content else []
        if answer.status != expect:
            raise Unexpected(asked, f"{answer.status} instead of {expect}", answer)
        if BEHIND in response.headers:
            raise Unexpected(asked, f"what was to follow did not ({response.headers[BEHIND]})", answer)
        self._remember(answer.content)
        return answer

    def read(self, reference: str, *, position: str = "") -> JsonObject:
        """The resource as it is; with a write's position, as it is once everything that follows has happened."""
        return self.ask("GET", reference, headers={POSITION: position} if position else None).content

    def create(self, content: JsonObject) -> JsonObject:
        """The resource as it is read back after its creation."""
        made = self.ask("POST", str(content["resourceType"]), content, expect=201).content
        return self.read(reference_to(made))

    def update(self, content: JsonObject, *, expect: int = 200) -> Answer:
        """The answer to a PUT of what was read before and changed; somebody else's change in between refuses it."""
        headers = {"If-Match": f'W/"{content["meta"]["versionId"]}"'}
        return self.ask("PUT", reference_to(content), content, expect=expect, headers=headers)

    def call(self, path: str, *parameters: JsonObject, expect: int = 200) -> Answer:
        """An operation, its input as Parameters."""
        given = {"resourceType": "Parameters", "parameter": list(parameters)} if parameters else None
        return self.ask("POST", path, given, expect=expect)

    def search(self, type_: str, *criteria: tuple[str, str], position: str = "") -> list[JsonObject]:
        """All that is found, through all pages; with a write's position, once everything that follows has happened."""
        return list(self.pages(f"{type_}?{urlencode(criteria)}" if criteria else type_, position=position))

    def pages(self, path: str, *, position: str = "") -> Iterator[JsonObject]:
        """The resources of a Bundle and of all pages after it."""
        link: str | None = path
        headers = {POSITION: position} if position else None
        while link:
            page = self.ask("GET", link, headers=headers).content
            yield from (entry["resource"] for entry in page.get("entry", ()) if _is_found(entry))
            link = next((each["url"] for each in page.get("link", ()) if each["relation"] == "next"), None)

    def _remember(self, content: JsonObject) -> None:
        type_, meta = content.get("resourceType"), content.get("meta", {})
        if type_ == "Bundle":
            for entry in content.get("entry", ()):
                self._remember(entry.get("resource", {}))
                location = entry.get("response", {}).get("location", "")
                if "/_history/" in location:
                    self.seen.add(location.removeprefix(f"{self.base}/"))
        elif "versionId" in meta and "id" in content:
            self.seen.add(version_of(content))


def version_of(content: JsonObject) -> str:
    """Where this version is: "Patient/1/_history/2"."""
    return f"{reference_to(content)}/_history/{content['meta']['versionId']}"


def reference_to(content: JsonObject) -> str:
    """The reference to a resource: "Patient/1"."""
    return f"{content['resourceType']}/{content['id']}"


def _is_found(entry: JsonObject) -> bool:
    """Not a deletion in a history, and not what the server has to say about the search itself."""
    return "resource" in entry and entry.get("search", {}).get("mode") != "outcome"


def _content(response: httpx.Response, asked: str) -> JsonObject:
    if not response.content:
        return {}
    try:
        return json.parse_object(response.content)
    except json.JsonError as error:
        raise Unexpected(asked, f"{response.status_code} and a body that is no JSON ({error})") from None


def _line(issue: Mapping[str, Any]) -> str:
    where = ", ".join(issue.get("expression", ()))
    said = issue.get("diagnostics") or issue.get("details", {}).get("text", "")
    return "  ".join(part for part in (issue.get("severity"), issue.get("code"), where, said) if part)
