"""The one resource behind a token: a list of studies, always empty."""

from django.http import HttpResponse, JsonResponse
from oauth2_provider.oauth2_backends import get_oauthlib_core


def home(_):
    return HttpResponse("here")


def studies(request):
    believed, _ = get_oauthlib_core().verify_request(request, scopes=[])
    if not believed:
        return JsonResponse({"detail": "Invalid token."}, status=401)
    return JsonResponse({"count": 0, "next": None, "previous": None, "results": []})
