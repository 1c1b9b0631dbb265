"""What an id token and userinfo say about a person beside `sub`."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"email": "email"}

    def get_additional_claims(self):
        return {"email": lambda request: request.user.email}
