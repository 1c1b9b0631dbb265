"""Keys rotated through three gateways, one restarted after the other, under logins and refreshes."""

import os
import random
import threading

from lane.check import check, equal, note
from lane.client import Client, expect
from lane.person import Person
from lane.programs import Gateway, key
from lane.robin import RoundRobin
from lane.world import MARY

LOGINS = int(os.environ.get("LOGINS", "200"))
HANDS = 4  # clients at the same time
GATEWAYS = 3
RESTARTS = 4 * GATEWAYS
PATIENCE = 120  # seconds


def rings():
    """Twice around: a new key is known everywhere before it seals, an old one goes on opening."""
    one, two, three = key(), key(), key()
    return [
        [(1, "active", one)],
        [(1, "active", one), (2, "verify", two)],
        [(1, "verify", one), (2, "active", two)],
        [(1, "verify", one), (2, "active", two), (3, "verify", three)],
        [(1, "verify", one), (2, "verify", two), (3, "active", three)],
        [(1, "retired", one), (2, "verify", two), (3, "active", three)],
    ]


class Load:
    """Logs in, calls, refreshes, and refreshes older logins again, until LOGINS are done; it never gets far
    ahead of the restarts, so that each of them happens under it."""

    def __init__(self, origin):
        self.origin, self.lock = origin, threading.Condition()
        self.allowed, self.begun, self.logins, self.refreshes, self.failures, self.older = 0, 0, 0, 0, [], []
        self.threads = [
            threading.Thread(target=self.work, args=(Person(MARY),), daemon=True) for _ in range(HANDS)
        ]
        for thread in self.threads:
            thread.start()

    def lead_up_to(self, restart):
        """Lets the load go on a little beyond this restart, and waits until it is there."""
        step = LOGINS / (RESTARTS + 1)
        with self.lock:
            self.allowed = step * (restart + 2)
            self.lock.notify_all()
            if not self.lock.wait_for(lambda: self.logins + len(self.failures) >= int(step * restart), PATIENCE):
                raise RuntimeError(f"the load came to a stop after {self.logins} logins")

    def finish(self):
        with self.lock:
            self.allowed = LOGINS
            self.lock.notify_all()
        for thread in self.threads:
            thread.join()

    def work(self, person):
        while True:
            with self.lock:
                self.lock.wait_for(lambda: self.begun < self.allowed or self.begun == LOGINS, PATIENCE)
                if self.begun == LOGINS:
                    return
                self.begun += 1
            try:
                self.one(person)
            except Exception as failure:  # whatever it is, it is what this part counts
                with self.lock:
                    self.failures.append(f"{type(failure).__name__}: {failure}")
                    self.lock.notify_all()

    def one(self, person):
        client = Client(self.origin)
        tokens = client.log_in(person)
        expect(client.call(tokens["access_token"], "get_omh_schema"), 200, "call")
        mine = self.refreshed(client, tokens)
        with self.lock:
            self.logins += 1
            self.lock.notify_all()
            self.older.append(mine)
            mine = self.older.pop(random.randrange(len(self.older)))
        self.older.append(self.refreshed(*mine))

    def refreshed(self, client, tokens):
        tokens = expect(client.refresh(tokens["refresh_token"]), 200, "refresh").json
        expect(client.call(tokens["access_token"], "get_omh_schema"), 200, "call after refresh")
        with self.lock:
            self.refreshes += 1
        return client, tokens


def run(world):
    robin = RoundRobin(world.public)
    steps = rings()
    gateways = [Gateway(world, steps[0], public=world.public) for _ in range(GATEWAYS)]
    try:
        rotate(world, robin, gateways, steps)
    finally:
        robin.stop()
        for gateway in gateways:
            gateway.stop()


def rotate(world, robin, gateways, steps):
    origin = f"http://127.0.0.1:{world.public}"
    robin.targets = [gateway.port for gateway in gateways]
    kept = Client(origin)
    untouched, old = kept.log_in(Person(MARY)), kept.log_in(Person(MARY))
    load, ends, restarts = Load(origin), [], 0
    for ring in steps[1:-1]:
        for place in range(GATEWAYS):
            restarts += 1
            load.lead_up_to(restarts)
            ends.append(replace(world, robin, gateways, place, ring))
    load.finish()
    note(f"rotation: {load.logins} logins and {load.refreshes} refreshes, {restarts} restarts, "
         f"{sum(robin.served.values())} connections over {len(robin.served)} processes")
    equal(f"rotation: {LOGINS} logins while keys go round", load.logins, LOGINS)
    equal("rotation: 0 failures", load.failures[:5], [])
    equal("rotation: the round robin never met a closed door", robin.refused, 0)
    check("rotation: every process had its share", len(robin.served) == GATEWAYS + RESTARTS, robin.served)
    equal("rotation: every process ended cleanly", set(ends), {0})
    fresh = kept.refresh(old["refresh_token"])
    equal("rotation: a login sealed under the first key is refreshed under the third", fresh.status, 200)
    for place in range(GATEWAYS):
        replace(world, robin, gateways, place, steps[-1])
    answer = kept.refresh(untouched["refresh_token"])
    told = (answer.status, answer.error)
    equal("rotation: where only the retired key opens, the client is told to register again",
          told, (401, "invalid_client"))
    equal("rotation: and its access token is refused",
          kept.call(untouched["access_token"], "get_omh_schema").outcome, 401)
    equal("rotation: what was refreshed in time goes on", kept.refresh(fresh.json["refresh_token"]).status, 200)


def replace(world, robin, gateways, place, ring):
    """Starts the successor, then shows it to the world, then lets the old one finish."""
    old, gateways[place] = gateways[place], Gateway(world, ring, public=world.public)
    robin.targets = [gateway.port for gateway in gateways]
    return old.stop()
