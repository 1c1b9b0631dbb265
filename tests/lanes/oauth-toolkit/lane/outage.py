"""The backend away, failing, hanging: everybody is told to try later, and nobody is logged out."""

import time

from lane.check import check, equal
from lane.client import Client
from lane.person import Person
from lane.world import MARY

IMPATIENT = (6, 4)  # seconds
TRIES = 10  # each takes as long as the gateway has patience
TOKEN = "POST /o/token/"
FAULTS = ("500", "404", "200", "hang")  # each with a page of HTML


def later(name, answer):
    wait = answer.headers.get("Retry-After", "")
    equal(f"outage: {name} is 503", answer.status, 503)
    check(f"outage: {name} says when to try again", wait.isdigit() and 0 < int(wait) <= 60, wait)


def told(answer):
    return answer.status, answer.error


def patiently(ask):
    """What a client does that is told to try again: as long as the backend hangs, in vain."""
    answer = ask()
    for _ in range(TRIES):
        if answer.status != 503:
            break
        answer = ask()
    return answer


def run(world):
    with world.gateway(deadlines=IMPATIENT) as gateway:
        client, person = Client(gateway.origin), Person(MARY)
        away(world, client, person)
        for how in FAULTS:
            failing(world, client, person, how)
        vouching_fails(world, client, person)
        late(world, client, person)


def away(world, client, person):
    tokens, code = client.log_in(person), client.code(person)
    world.backend.stop()
    begin = time.monotonic()
    later("backend away, a tool call", client.call(tokens["access_token"], "list_studies"))
    later("backend away, a refresh", client.refresh(tokens["refresh_token"]))
    later("backend away, a code", client.redeem(code))
    check("outage: backend away, nobody waits long", time.monotonic() - begin < 10)
    world.backend.start()
    equal("outage: backend back, the tool call works", client.call(tokens["access_token"], "list_studies").outcome, 200)
    equal("outage: backend back, the code is still good", client.redeem(code).status, 200)
    equal("outage: backend back, the login goes on", client.refresh(tokens["refresh_token"]).status, 200)


def failing(world, client, person, how):
    tokens, code = client.log_in(person), client.code(person)
    for endpoint in ("token", "introspect"):
        world.backend.fail(endpoint, how)
    later(f"backend answers {how}, a tool call", client.call(tokens["access_token"], "get_omh_schema"))
    later(f"backend answers {how}, a refresh", client.refresh(tokens["refresh_token"]))
    later(f"backend answers {how}, a code", client.redeem(code))
    for endpoint in ("token", "introspect"):
        world.backend.mend(endpoint)
    redeemed = patiently(lambda: client.redeem(code))
    equal(f"outage: after {how}, the code is still good", told(redeemed), (200, None))
    refreshed = patiently(lambda: client.refresh(tokens["refresh_token"]))
    equal(f"outage: after {how}, the login goes on", refreshed.status, 200)


def vouching_fails(world, client, person):
    """The token endpoint works and the introspection that follows does not: the backend has spent what was
    shown, so what it gave must not be lost."""
    for how in ("500", "hang"):
        tokens = client.log_in(person)
        world.backend.fail("introspect", how)
        later(f"introspection answers {how}, a refresh", client.refresh(tokens["refresh_token"]))
        world.backend.mend("introspect")
        again = client.refresh(tokens["refresh_token"])
        equal(f"outage: after introspection answered {how}, the login goes on", told(again), (200, None))
        code = client.code(person)
        world.backend.fail("introspect", how)
        later(f"introspection answers {how}, a code", client.redeem(code))
        world.backend.mend("introspect")
        again = client.redeem(code)
        equal(f"outage: after introspection answered {how}, the code is still good", told(again), (200, None))


def late(world, client, person):
    """The toolkit spends the grant after the gateway has told the client to try again."""
    tokens, code = client.log_in(person), client.code(person)
    for name, ask in (
        ("code", lambda: client.redeem(code)), ("refresh", lambda: client.refresh(tokens["refresh_token"])),
    ):
        before = world.backend.asked(TOKEN)
        world.backend.fail("token", "late")
        later(f"backend spends late, a {name}", ask())
        world.backend.mend("token")
        equal(f"outage: a {name} that was spent late is not lost", told(patiently(ask)), (200, None))
        equal(f"outage: a {name} that was spent late is one call to the backend", world.backend.asked(TOKEN) - before, 1)
        equal(f"outage: a {name} that was spent late is good once", told(ask()), (400, "invalid_grant"))
