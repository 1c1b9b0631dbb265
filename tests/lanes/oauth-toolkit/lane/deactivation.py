"""A deactivated account: what the backend still accepts of it, and what cuts it off here."""

from lane.check import check, equal, note
from lane.client import Client
from lane.person import Person, Stuck
from lane.world import LEE, PEOPLE


def run(world):
    person = Person(LEE)
    with world.gateway() as gateway:
        client = Client(gateway.origin)
        tokens = client.log_in(person)
        world.backend.django("person", "deactivate", LEE)
        check("deactivation: no new login", is_refused(client, person))
        check("deactivation: nor one in another browser", is_refused(client, Person(LEE)))
        call = client.call(tokens["access_token"], "list_studies")
        refreshed = client.refresh(tokens["refresh_token"])
        note(f"deactivation: the login goes on as the backend says: call {call.status}, refresh {refreshed.status}")
        decided = (call.outcome, refreshed.status)
        equal("deactivation: the backend decides about a login that exists", decided, (200, 200))
        tokens = refreshed.json
    with world.gateway(denied=f'["{PEOPLE[LEE]}"]'):
        equal("deactivation: the deny list refuses a call",
              client.call(tokens["access_token"], "get_omh_schema").outcome, 401)
        asked = world.backend.asked("POST /o/token/")
        equal("deactivation: the deny list refuses a refresh",
              client.refresh(tokens["refresh_token"]).error, "invalid_grant")
        equal("deactivation: without asking the backend", world.backend.asked("POST /o/token/"), asked)
    with world.gateway():
        world.backend.django("person", "cut-off", LEE)
        equal("deactivation: tokens deleted at the backend refuse a call",
              client.call(tokens["access_token"], "list_studies").outcome, 401)
        equal("deactivation: and a refresh", client.refresh(tokens["refresh_token"]).error, "invalid_grant")


def is_refused(client, person):
    try:
        client.code(person)
    except Stuck as stuck:
        return "login refused" in str(stuck)
    return False
