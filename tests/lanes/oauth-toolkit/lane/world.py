"""What all parts share: the database, the backend, core, the people; each part starts its own gateways."""

import contextlib
import os
from pathlib import Path

from lane.person import PASSWORD
from lane.programs import OTHER, OWN, QUICK, SECRETS, Backend, Core, Gateway, Postgres, key, port

# The toolkit checks the client's secret on every request, with the hash that it was stored under. A
# million rounds are Django's default and what Exchange has; the gateways of this lane use an application
# whose secret is stored with a thousand, or a busy machine would be all that is measured.
ROUNDS = {OWN: None, QUICK: int(os.environ.get("ROUNDS", "1000")), OTHER: None}
CODES = "http://127.0.0.1:9/cb"  # where a code is taken that goes to no gateway; nobody listens
PEOPLE = {"manager_mary@example.com": 10001, "practitioner_pat@example.com": 10002, "leaver_lee@example.com": 10003}
MARY, PAT, LEE = PEOPLE


class World(contextlib.ExitStack):
    def __init__(self, folder):
        super().__init__()
        self.folder, self.hop_key, self.ring = Path(folder), key(), [(1, "active", key())]
        self.port, self.public = port(), port()  # of a gateway alone, and of several behind one address
        callbacks = [f"http://127.0.0.1:{each}/oauth/callback" for each in (self.port, self.public)]
        seed = {
            "people": [{"id": pk, "login": login, "password": PASSWORD} for login, pk in PEOPLE.items()],
            "applications": [
                {"id": name, "secret": SECRETS[name], "rounds": rounds, "redirects": [*callbacks, CODES], "skips": True}
                for name, rounds in ROUNDS.items()
            ],
        }
        try:
            self.postgres = self.kept(Postgres(self.folder))
            self.backend = self.kept(Backend(self.folder, self.postgres, seed))
            self.core = self.kept(Core(self.folder, self.hop_key))
        except BaseException:
            self.close()
            raise

    def kept(self, program):
        self.callback(program.stop)
        return program

    @contextlib.contextmanager
    def gateway(self, **settings):
        gateway = Gateway(self, settings.pop("ring", self.ring), **settings)
        try:
            yield gateway
        finally:
            gateway.stop()
