//! Who asks: a caller, or, over stdio alone, somebody who is not logged in yet.

use rmcp::ErrorData;
use rmcp::service::{RequestContext, RoleServer};

use crate::caller::Caller;
use crate::tools::error::ToolError;

/// Somebody who is not logged in: shown what there is, and told how to log in.
#[derive(Clone, Debug)]
pub(crate) struct Nobody {
    /// Which profile describes the backend.
    pub(crate) profile: String,
    /// What a tool call is answered.
    pub(crate) told: ToolError,
}

/// Who asks, as the layer in front put it into the request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asker<'c> {
    /// A caller.
    Caller(&'c Caller),
    /// Somebody who has to log in first.
    Nobody(&'c Nobody),
}

impl<'c> Asker<'c> {
    /// Over HTTP it stands in the parts of the request, over stdio in the request itself.
    pub(crate) fn of(context: &'c RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let caller = parts.map_or_else(
            || context.extensions.get::<Caller>(),
            |parts| parts.extensions.get::<Caller>(),
        );
        let nobody = || context.extensions.get::<Nobody>().map(Self::Nobody);
        let asker = caller.map(Self::Caller).or_else(nobody);
        asker.ok_or_else(|| ErrorData::internal_error("no caller", None))
    }

    /// The caller, if there is one.
    pub(crate) const fn caller(self) -> Option<&'c Caller> {
        match self {
            Self::Caller(caller) => Some(caller),
            Self::Nobody(_) => None,
        }
    }

    /// Which profile describes the backend.
    pub(crate) fn profile(self) -> &'c str {
        match self {
            Self::Caller(caller) => &caller.backend().profile,
            Self::Nobody(nobody) => &nobody.profile,
        }
    }
}
