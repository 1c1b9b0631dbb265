"""The official Python SDK with its own OAuth provider, as a practitioner and as a patient.

Proves: registration, consent given and refused, login, token and refresh, step-up to a wider scope, both
protocol eras, and that all thirteen tools answer in their shape, each asked about what an earlier answer named; a patient learns
nothing of others.
Prints one line a check: `ok` or `not ok`, who asked, and JSON with the tool, isError and the answer's
shape (keys and counts, never what a person or a device wrote)."""

import asyncio
import json
import os
import sys

from session import Session

URL = os.environ["URL"].rstrip("/") + "/mcp"
PAGED = {"total", "page", "page_size", "returned", "has_more"}
KEYS = {  # what the answer of each tool has at its top
    "get_server_capabilities": {"available", "fhir_version", "resources"},
    "get_omh_schema": set(),
    "get_study_count": {"count"},
    "list_studies": {"studies"},
    "get_study_metadata": {"study_id", "name"},
    "list_study_patients": {"patients"},
    "search_patients": PAGED | {"patients"},
    "get_patient_demographics": {"patient_id", "family_name", "birth_date"},
    "get_patient_observations": PAGED | {"observations"},
    "count_patient_observations": {"count"},
    "count_study_observations": {"count"},
    "summarize_patient_observations": {"types", "truncated"},
    "get_patient_date_range": {"earliest", "latest", "count"},
}
NUMBERS = {"count", "total", "returned", "page", "page_size", "undated"}
ANSWERED, REFUSED, EITHER = {False}, {True}, {False, True}
failures = 0


def report(ok, who, **facts):
    global failures
    failures += not ok
    print("ok" if ok else "not ok", "python_sdk", who, json.dumps(facts), flush=True)


def shape(answer):
    """Keys and counts of an answer."""

    def outline(key, value):
        if key == "status" or (key in NUMBERS and isinstance(value, int)):
            return value
        return f"{len(value)} entries" if isinstance(value, dict | list) else type(value).__name__

    return {key: outline(key, value) for key, value in answer.items()}


class Person:
    """Somebody who asks: calls a tool, holds the answer against its contract, reports."""

    def __init__(self, client, who):
        self.client, self.who = client, who

    async def ask(self, tool, expected=ANSWERED, **arguments):
        result = await self.client.call_tool(tool, arguments)
        answer = result.structured_content or {}
        refused = bool(result.is_error)
        missing = set() if refused else KEYS[tool] - answer.keys()
        ok = refused in expected and not missing and (refused or bool(answer))
        facts = {"tool": tool, "isError": refused, "shape": shape(answer)}
        if missing:
            facts["missing"] = sorted(missing)
        if refused:
            facts["sentence"] = result.content[0].text if result.content else None
        report(ok, self.who, **facts)
        return {} if refused else answer

    async def list_tools(self):
        names = {tool.name for tool in (await self.client.list_tools()).tools}
        missing = sorted(KEYS.keys() - names)
        report(not missing, self.who, method="tools/list", tools=len(names), missing=missing,
               version=self.client.session.protocol_version)

    async def ask_about_studies(self, members=ANSWERED):
        """The tools about studies. Gives the ids of the studies, and the people in the last of them."""
        await self.ask("get_server_capabilities")
        await self.ask("get_omh_schema", name="blood-pressure")
        await self.ask("get_study_count")
        studies = [s["study_id"] for s in (await self.ask("list_studies")).get("studies", [])]
        study = studies[-1] if studies else "1"
        await self.ask("get_study_metadata", study_id=study)
        people = await self.ask("list_study_patients", members, study_id=study)
        await self.ask("count_study_observations", members, study_id=study, by_patient=True)
        return studies, people.get("patients", [])

    async def ask_about_patient(self, patient, expected=ANSWERED):
        """The tools about one person, who is then searched for by name."""
        person = await self.ask("get_patient_demographics", expected, patient_id=patient)
        await self.ask("get_patient_observations", expected, patient_id=patient, limit=5)
        await self.ask("count_patient_observations", expected, patient_id=patient)
        await self.ask("summarize_patient_observations", expected, patient_id=patient)
        await self.ask("get_patient_date_range", expected, patient_id=patient)
        if name := person.get("family_name"):
            await self.ask("search_patients", name=name)


async def practitioner(client):
    """All thirteen tools. Gives the id of the patient user, and somebody else's."""
    person = Person(client, "practitioner")
    await person.list_tools()
    studies, people = await person.ask_about_studies()
    for study in studies:
        result = await client.call_tool("list_study_patients", {"study_id": study})
        people += (result.structured_content or {}).get("patients", [])
    ids = [p["patient_id"] for p in people]
    if not ids:
        raise LookupError("no study lists a patient")
    await person.ask_about_patient(ids[0])
    await person.ask("count_patient_observations", patient_id=int(ids[0]))  # models write ids as numbers
    own = next(p["patient_id"] for p in people if p.get("email") == os.environ["PATIENT_LOGIN"])
    return own, next(i for i in ids if i != own)


def patient(own, other):
    async def ask(client):
        person = Person(client, "patient")
        await person.list_tools()
        await person.ask_about_studies(members=EITHER)
        await person.ask_about_patient(own)
        await Person(client, "patient, about another").ask_about_patient(other, REFUSED)

    return ask


def listing(who):
    async def ask(client):
        await Person(client, who).list_tools()

    return ask


async def step_up(own):
    """A login that grants studies alone, and then a call that needs patients."""
    session = Session(URL, os.environ["LOGIN"], scope="user/Group.rs")

    async def studies(client):
        await Person(client, "practitioner with studies alone").ask("get_study_count")

    async def demographics(client):
        await Person(client, "practitioner who steps up").ask("get_patient_demographics", patient_id=own)

    await session.connected(studies)
    before = session.granted()
    session.restart()
    await session.connected(studies)
    report(session.callback.logins == 1, "practitioner", granted=sorted(before), logins=session.callback.logins)
    await session.connected(demographics)
    wider = before == {"user/Group.rs"} and session.granted() == {"user/Group.rs", "user/Patient.rs"}
    asked = set(session.callback.asked) == session.granted()
    report(wider and asked and session.callback.logins == 2, "practitioner who stepped up",
           granted=sorted(session.granted()), asked=session.callback.asked, logins=session.callback.logins)


async def refuse_consent():
    try:
        await Session(URL, os.environ["LOGIN"], decision="deny").connected(listing("nobody"))
        report(False, "refuser", connected=True)
    except Exception as error:  # whichever the SDK wraps it in
        report("access_denied" in str(innermost(error)), "refuser", told=str(innermost(error)))


async def main():
    session = Session(URL, os.environ["LOGIN"])
    own, other = await session.connected(practitioner)
    await session.connected(listing("practitioner, in the older protocol"), mode="legacy")
    before = session.access_token()
    session.let_the_access_token_expire()
    await session.connected(listing("practitioner, an hour later"))
    refreshed = session.access_token() != before and session.callback.logins == 1
    report(refreshed, "practitioner", grant="refresh_token", logins=session.callback.logins)
    known = Session(URL, os.environ["LOGIN"])
    await known.connected(listing("practitioner whom the backend remembers"))
    await step_up(own)
    await refuse_consent()
    await Session(URL, os.environ["PATIENT_LOGIN"]).connected(patient(own, other))


def innermost(error):
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Exception as error:  # the report has a line for whatever goes wrong
        report(False, "nobody", stopped_by=repr(innermost(error)))
    sys.exit(failures > 0)
