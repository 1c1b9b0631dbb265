"""What an administrator does to one person."""

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from oauth2_provider.models import AccessToken, RefreshToken


class Command(BaseCommand):
    help = "deactivate: no new login. cut-off: every token of theirs is deleted."

    def add_arguments(self, parser):
        parser.add_argument("act", choices=["deactivate", "cut-off"])
        parser.add_argument("login")

    def handle(self, act, login, **_):
        user = User.objects.get(username=login)
        if act == "deactivate":
            user.is_active = False
            user.save()
        else:
            RefreshToken.objects.filter(user=user).delete()
            AccessToken.objects.filter(user=user).delete()
