"""The OAuth settings of Exchange: opaque tokens, rotation without grace, PKCE always, OpenID Connect with
RS256. What the lane chooses comes from the environment; everything else is the toolkit's default."""

import os
from pathlib import Path

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "exchange.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "exchange",
]
MIDDLEWARE = [
    "exchange.switchboard.Switchboard",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "exchange",
        "USER": "exchange",
        "HOST": os.environ["DATABASE_SOCKET"],
    }
}
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": Path(os.environ["ID_TOKEN_KEY"]).read_text(encoding="ascii"),
    "OAUTH2_VALIDATOR_CLASS": "exchange.claims.Claims",
    "SCOPES": {"openid": "Who you are", "email": "Your e-mail address"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 14 * 24 * 3600,
}
