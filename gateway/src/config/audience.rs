//! The section `backend.audience`: which of the backend's tokens are meant for us.

use authz::principal::AudiencePolicy;
use serde::Serialize;

use super::section::Section;
use super::values;

/// The rules as they stand in the file. Each that is set must hold, and at least one is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AudienceRules {
    own_client: bool,
    allowed_clients: Vec<String>,
    required_scope: Option<String>,
    required_audience: Option<String>,
}

pub(super) fn read(mut section: Section<'_>) -> Option<AudienceRules> {
    let own_client = section.or("own_client", true, values::switch);
    let allowed_clients = section.list("allowed_clients", values::text);
    let required_scope = section.optional("required_scope", values::text);
    let required_audience = section.optional("required_audience", values::text);
    Some(AudienceRules {
        own_client: own_client?,
        allowed_clients: allowed_clients?,
        required_scope: required_scope?,
        required_audience: required_audience?,
    })
}

impl AudienceRules {
    /// The policy, for our client `own`.
    pub(super) fn policy(&self, own: &str) -> Result<AudiencePolicy, String> {
        let mut clients = self.allowed_clients.clone();
        if self.own_client {
            clients.push(own.to_owned());
        }
        let scope = self.required_scope.clone();
        let stands_alone = clients.is_empty() && self.required_audience.is_none();
        // What every login has tells nobody apart: such a rule would be none.
        if let Some(scope) = scope.as_deref().filter(|_| stands_alone)
            && matches!(scope, "openid" | "email" | "profile" | "offline_access")
        {
            return Err(format!(
                "must have another rule beside required_scope: {scope}, which every login at the \
                 backend may have"
            ));
        }
        AudiencePolicy::new(clients, scope, self.required_audience.clone())
            .map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(required_scope: Option<&str>, required_audience: Option<&str>) -> AudienceRules {
        AudienceRules {
            own_client: false,
            allowed_clients: Vec::new(),
            required_scope: required_scope.map(str::to_owned),
            required_audience: required_audience.map(str::to_owned),
        }
    }

    #[test]
    fn a_scope_that_every_login_has_is_no_audience_rule_by_itself() {
        for scope in ["openid", "email", "profile", "offline_access"] {
            let why = rules(Some(scope), None).policy("ours").unwrap_err();
            assert!(why.contains(scope), "{why}");
            assert!(rules(Some(scope), Some("https://gateway.example/mcp")).policy("ours").is_ok());
        }
        assert!(rules(Some("mcp"), None).policy("ours").is_ok());
        assert!(rules(None, None).policy("ours").is_err());
    }
}
