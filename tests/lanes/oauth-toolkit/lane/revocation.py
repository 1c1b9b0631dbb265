"""Revocation at the gateway ends the login at the backend; a login ended at the backend ends here."""

from lane.check import check, equal, until
from lane.client import Client
from lane.person import Person
from lane.world import MARY, PAT

BELIEVED = 2  # seconds that an introspection is believed in this part


def run(world):
    with world.gateway(believed=f"{BELIEVED}s") as gateway:
        client = Client(gateway.origin)
        revoked(world, client, Person(MARY))
        ended_at_the_backend(world, client, Person(PAT))


def revoked(world, client, person):
    tokens = client.log_in(person)
    equal("revocation: before it a tool call works", client.call(tokens["access_token"], "list_studies").outcome, 200)
    asked = world.backend.asked("POST /o/revoke_token/")
    equal("revocation: of a refresh token is 200", client.revoke(tokens["refresh_token"]).status, 200)
    equal("revocation: reaches the backend", world.backend.asked("POST /o/revoke_token/") - asked, 1)
    answer = client.refresh(tokens["refresh_token"])
    equal("revocation: afterwards a refresh is invalid_grant", (answer.status, answer.error), (400, "invalid_grant"))
    answer = client.call(tokens["access_token"], "list_studies")
    equal("revocation: afterwards a tool call is 401", answer.status, 401)
    check("revocation: with a challenge", "invalid_token" in answer.headers.get("WWW-Authenticate", ""))
    answer = client.call(tokens["access_token"], "get_omh_schema")
    equal("revocation: and so is one that needs nothing of the backend", answer.status, 401)
    equal("revocation: twice is 200", client.revoke(tokens["refresh_token"]).status, 200)
    equal("revocation: of an unknown token is 200", client.revoke("fhirmcp_unknown").status, 200)

    tokens = client.log_in(person)
    client.call(tokens["access_token"], "get_omh_schema")
    equal("revocation: of an access token is 200", client.revoke(tokens["access_token"]).status, 200)
    answer = client.call(tokens["access_token"], "get_omh_schema")
    equal("revocation: of an access token ends it at once", answer.status, 401)


def ended_at_the_backend(world, client, person):
    tokens = client.log_in(person)
    equal("revocation: a call that is believed", client.call(tokens["access_token"], "get_omh_schema").outcome, 200)
    world.backend.django("person", "cut-off", PAT)
    gone = until(lambda: client.call(tokens["access_token"], "get_omh_schema").outcome == 401, BELIEVED + 1)
    check("revocation: tokens deleted at the backend are 401 as soon as the introspection is old", gone)
    equal("revocation: and cannot be refreshed", client.refresh(tokens["refresh_token"]).error, "invalid_grant")
    tokens = client.log_in(person)
    client.call(tokens["access_token"], "get_omh_schema")
    world.backend.django("person", "cut-off", PAT)
    equal("revocation: a call that the backend refuses is 401 at once",
          client.call(tokens["access_token"], "list_studies").outcome, 401)
