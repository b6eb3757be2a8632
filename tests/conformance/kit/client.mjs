// What fhir-kit-client makes of a FHIR base, one finding a line: {"step": ..., "got": ...}.
import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });
const mark = process.argv[3];
const tell = (step, got) => console.log(JSON.stringify({ step, got: got ?? null }));
const patient = (family) => ({
  resourceType: "Patient",
  identifier: [{ system: "http://example.org/kit", value: mark }],
  name: [{ family }],
});
const search = { resourceType: "Patient", searchParams: { identifier: `http://example.org/kit|${mark}` } };

const made = await client.create({ resourceType: "Patient", body: patient("First") });
const at = { resourceType: "Patient", id: made.id };
tell("create", made.meta.versionId);
tell("read", (await client.read(at)).name[0].family);
tell("update", (await client.update({ ...at, body: { ...made, name: [{ family: "Second" }] } })).meta.versionId);
const jsonPatch = [{ op: "replace", path: "/name/0/family", value: "Third" }];
tell("patch", (await client.patch({ ...at, jsonPatch })).name[0].family);
tell("vread", (await client.vread({ ...at, version: "1" })).name[0].family);
tell("history", (await client.history(at)).entry.map((entry) => entry.resource.meta.versionId));
tell("type history", (await client.history({ resourceType: "Patient" })).type);
tell("system history", (await client.history()).type);

const observation = {
  resourceType: "Observation",
  status: "final",
  code: { text: "by kit" },
  subject: { reference: `Patient/${made.id}` },
};
const entry = { resource: observation, request: { method: "POST", url: "Observation" } };
const missing = { request: { method: "GET", url: "Patient/kit-nobody" } };
const batch = await client.batch({ body: { resourceType: "Bundle", type: "batch", entry: [entry, missing] } });
tell("batch", batch.entry.map((one) => one.response.status.slice(0, 3)));
const body = { resourceType: "Bundle", type: "transaction", entry: [entry, entry] };
const together = await client.transaction({ body });
tell("transaction", together.entry.map((one) => one.response.status.slice(0, 3)));

const inCompartment = { resourceType: "Observation", compartment: at };
const compartment = await client.search({ ...inCompartment, searchParams: { _total: "accurate" } });
tell("compartment", compartment.total);
let page = await client.search({ ...inCompartment, searchParams: { _count: 2 } });
const sizes = [];
for (; page; page = await client.nextPage({ bundle: page })) {
  sizes.push(page.entry.length);
}
tell("pages", sizes);
tell("search", (await client.search(search)).entry.map((one) => one.resource.id === made.id));
const everything = await client.operation({ name: "$everything", ...at, method: "GET" });
tell("operation", everything.entry.map((one) => one.resource.resourceType).sort());
const asked = { resourceType: "Parameters", parameter: [{ name: "resource", resource: patient("Asked") }] };
const said = await client.operation({ name: "validate", resourceType: "Patient", input: asked });
tell("operation by POST", said.resourceType);
tell("capability", (await client.capabilityStatement()).fhirVersion);

await client.delete(at).then(
  () => tell("delete", 204),
  (error) => tell("delete", error.response.status),
);
tell("gone", await client.read(at).catch((error) => error.response.status));
