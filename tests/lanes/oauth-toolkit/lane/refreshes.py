"""Refreshes: rotation is honoured, and a burst with one token is one refresh at the backend."""

import json

from lane.check import check, equal, note
from lane.client import Client
from lane.person import Person
from lane.programs import Gateway
from lane.robin import RoundRobin
from lane.wire import together
from lane.world import MARY

WAYS = 8
TOKEN = "POST /o/token/"


def run(world):
    person = Person(MARY)
    with world.gateway() as gateway:
        client = Client(gateway.origin)
        first = client.log_in(person)
        again = [client.refresh(first["refresh_token"])]
        again.append(client.refresh(again[0].json["refresh_token"]))
        equal("refreshes: twice in a row", [answer.status for answer in again], [200, 200])
        tokens = {first["refresh_token"], *(answer.json["refresh_token"] for answer in again)}
        equal("refreshes: each brings a new refresh token", len(tokens), 3)
        newest = again[-1].json
        equal("refreshes: the newest access token works",
              client.call(newest["access_token"], "list_studies").outcome, 200)
        equal("refreshes: the one before it is dead at once",
              client.call(again[0].json["access_token"], "list_studies").outcome, 401)
        used = client.refresh(first["refresh_token"])
        equal("refreshes: a used refresh token is invalid_grant", (used.status, used.error), (400, "invalid_grant"))
        equal("refreshes: and leaves the newest one alone", client.refresh(newest["refresh_token"]).status, 200)
        burst(world, client, person)
        equal("refreshes: another client's refresh token is invalid_grant",
              Client(gateway.origin).refresh(client.log_in(person)["refresh_token"]).error, "invalid_grant")
    across(world)


def across(world):
    """Two gateways know nothing of each other: the backend's rotation lets one of them win, and its loser
    does the winner no harm."""
    robin = RoundRobin(world.public)
    gateways = [Gateway(world, world.ring, public=world.public) for _ in range(2)]
    robin.targets = [gateway.port for gateway in gateways]
    try:
        client = Client(gateways[0].origin)
        tokens, before = client.log_in(Person(MARY)), world.backend.asked(TOKEN)
        answers = together([client.refreshing(tokens["refresh_token"]) for _ in range(WAYS)])
        told = {(answer.status, answer.error) for answer in answers}
        note(f"refreshes: {WAYS} at once over two gateways: {sorted(map(str, told))}")
        equal("refreshes: over two gateways, two calls to the backend", world.backend.asked(TOKEN) - before, 2)
        won = {answer.text for answer in answers if answer.status == 200}
        check("refreshes: over two gateways, somebody wins", bool(won))
        check("refreshes: over two gateways, the others are told invalid_grant or to try later",
              told <= {(200, None), (400, "invalid_grant"), (503, "temporarily_unavailable")}, told)
        calls = {client.call(json.loads(text)["access_token"], "list_studies").outcome for text in won}
        equal("refreshes: over two gateways, what was won works", calls, {200})
    finally:
        robin.stop()
        for gateway in gateways:
            gateway.stop()


def burst(world, client, person):
    tokens = client.log_in(person)
    before = world.backend.asked(TOKEN)
    answers = together([client.refreshing(tokens["refresh_token"]) for _ in range(WAYS)])
    equal(f"refreshes: {WAYS} at once are all answered", [answer.status for answer in answers], [200] * WAYS)
    equal(f"refreshes: {WAYS} at once are one call to the backend", world.backend.asked(TOKEN) - before, 1)
    check(f"refreshes: {WAYS} at once have equal answers", len({answer.text for answer in answers}) == 1)
    one = answers[0].json or {}
    equal("refreshes: and what they were given works",
          client.call(one.get("access_token"), "list_studies").outcome, 200)
    equal("refreshes: and can be refreshed", client.refresh(one.get("refresh_token")).status, 200)
