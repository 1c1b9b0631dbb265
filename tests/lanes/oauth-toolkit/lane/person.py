"""A person at a browser: the scripted one of the clients lane, without a listener at the end of its walk."""

import importlib.util
import os
import secrets
import urllib.parse
from importlib.machinery import SourceFileLoader
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "clients" / "browser"
loader = SourceFileLoader("browser", str(SCRIPT))
browser = importlib.util.module_from_spec(importlib.util.spec_from_loader("browser", loader))
loader.exec_module(browser)
Stuck = browser.Stuck

PASSWORD = "demo-password"
os.environ["PASSWORD"] = PASSWORD


class Person(browser.Browser):
    """Remembers its login at the backend, as a browser profile does."""

    def __init__(self, login):
        super().__init__()
        self.login, self.goal = login, None

    def fetch(self, url, form=None, page=None):
        if self.goal and browser.without_query(url) == self.goal:
            return {"url": url, "status": 200, "headers": {}, "text": ""}
        return super().fetch(url, form, page)

    def returns(self, url):
        """Walks from an authorize URL to the client, and says with what query it came back."""
        # The script takes whom it plays from the environment; people log in one after the other.
        os.environ["LOGIN"], self.logins = self.login, 0
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        self.goal = query["redirect_uri"]
        end = urllib.parse.urlsplit(self.walk(url)["url"])
        answer = dict(urllib.parse.parse_qsl(end.query))
        if answer.get("state") != query["state"]:
            raise Stuck("another state came back")
        return answer

    def code(self, url):
        answer = self.returns(url)
        if "code" not in answer:
            raise Stuck(f"no code came back but {answer.get('error')}")
        return answer["code"]


def fresh():
    return secrets.token_urlsafe(32)
