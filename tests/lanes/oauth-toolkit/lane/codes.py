"""Code races: many redemptions of one code at the same moment have exactly one winner."""

import os
import statistics
import time
from collections import Counter

from lane.check import check, equal, note
from lane.client import Client
from lane.person import Person
from lane.programs import DEFAULT, OWN, Gateway
from lane.robin import RoundRobin
from lane.wire import together
from lane.world import MARY

RACES = int(os.environ.get("RACES", "50"))
SLOW_RACES = int(os.environ.get("SLOW_RACES", "5"))
WAYS = 16
GATEWAYS = 3


def races(client, person, count):
    """How many winners each race had, how often each answer was given, and how long races took."""
    winners, answers, seconds = Counter(), Counter(), []
    for _ in range(count):
        code = client.code(person)
        redemptions = [client.redemption(code) for _ in range(WAYS)]
        begin = time.monotonic()
        results = together(redemptions)
        seconds.append(time.monotonic() - begin)
        winners[sum(answer.status == 200 for answer in results)] += 1
        answers.update((answer.status, answer.error) for answer in results)
    return winners, answers, seconds


def told(label, count, outcome):
    winners, answers, seconds = outcome
    note(f"{label}: {count} races, {WAYS} ways; winners per race {dict(winners)}; answers {dict(answers)}; "
         f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    others = {each for each in answers if each[0] != 200}
    proper = {(400, "invalid_grant"), (503, "temporarily_unavailable")}
    check(f"codes: {label}, whoever loses a race is told invalid_grant or to try later", others <= proper, others)
    check(f"codes: {label}, no race has two winners", not any(many > 1 for many in winners), dict(winners))


def across(world, person):
    """Gateways know nothing of each other: only the backend decides who wins."""
    robin = RoundRobin(world.public)
    gateways = [Gateway(world, world.ring, public=world.public) for _ in range(GATEWAYS)]
    robin.targets = [gateway.port for gateway in gateways]
    try:
        before = world.backend.asked("POST /o/token/")
        outcome = races(Client(gateways[0].origin), person, RACES)
        label = f"over {GATEWAYS} gateways"
        told(label, RACES, outcome)
        equal(f"codes: {label}, {RACES} races, {WAYS} ways, exactly one winner each", dict(outcome[0]), {1: RACES})
        asked = world.backend.asked("POST /o/token/") - before
        # Whoever comes after a gateway has its answer asks once more, and is told no by the backend.
        once = GATEWAYS * RACES
        check(f"codes: {label}, the backend is asked by each", once <= asked <= once + max(3, once // 50), asked)
    finally:
        robin.stop()
        for gateway in gateways:
            gateway.stop()


def run(world):
    person = Person(MARY)
    across(world, person)
    with world.gateway() as gateway:
        client = Client(gateway.origin)
        quick = races(client, person, RACES)
        told("quick hash", RACES, quick)
        equal(f"codes: {RACES} races, {WAYS} ways, exactly one winner each", dict(quick[0]), {1: RACES})
        code = client.code(person)
        wrong = Client(gateway.origin)
        asked = world.backend.asked("POST /o/token/")
        equal("codes: another client's redemption is refused", wrong.redeem(code).error, "invalid_grant")
        equal("codes: and the backend is not asked", world.backend.asked("POST /o/token/"), asked)
        equal("codes: and the code is still good for its own client", client.redeem(code).status, 200)
        equal("codes: once", client.redeem(code).error, "invalid_grant")
    if SLOW_RACES == 0:
        return
    with world.gateway(application=OWN, deadlines=DEFAULT) as gateway:
        slow = races(Client(gateway.origin), person, SLOW_RACES)
        told("Django's hash", SLOW_RACES, slow)
        equal(f"codes: Django's hash, {SLOW_RACES} races, exactly one winner each", dict(slow[0]), {1: SLOW_RACES})
