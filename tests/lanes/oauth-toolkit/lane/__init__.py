"""The gateway against the real django-oauth-toolkit: the lane's parts and what they share."""
