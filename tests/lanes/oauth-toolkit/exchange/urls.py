"""The addresses of Exchange that the gateway uses: login, OAuth, and one list behind a token."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

from exchange.views import home, studies

urlpatterns = [
    path("", home),
    path("accounts/login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("api/v1/studies", studies),
]
