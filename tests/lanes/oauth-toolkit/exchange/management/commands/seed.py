"""Fills an empty database: people with known ids, and applications with hashed secrets."""

import json
import sys

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from oauth2_provider.models import Application


class Command(BaseCommand):
    help = "Reads {people: [{id, login, password}], applications: [{id, secret, rounds, redirects, skips}]}."

    def handle(self, **_):
        wanted = json.load(sys.stdin)
        hasher = PBKDF2PasswordHasher()
        for person in wanted["people"]:
            login = person["login"]
            user = User(id=person["id"], username=login, email=login)
            user.set_password(person["password"])
            user.save()
        for application in wanted["applications"]:
            Application.objects.create(
                client_id=application["id"],
                name=application["id"],
                # A hash is stored as it is. Null rounds: as many as Django has by default.
                client_secret=hasher.encode(application["secret"], hasher.salt(), application["rounds"]),
                client_type=Application.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
                redirect_uris=" ".join(application["redirects"]),
                skip_authorization=application["skips"],
                algorithm=Application.RS256_ALGORITHM,
            )
