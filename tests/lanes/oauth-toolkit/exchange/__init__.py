"""A Django project that is nothing but django-oauth-toolkit with the settings that Exchange gives it."""
