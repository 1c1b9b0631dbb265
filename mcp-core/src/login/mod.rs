//! The login of one person at the backend, from their own computer, for [`crate::stdio`]: in their browser,
//! as a public client with PKCE (RFC 8252, RFC 7636), kept in a file of theirs, refreshed, and ended.

mod attempt;
mod browser;
mod fault;
mod id_token;
pub(crate) mod listener;
pub(crate) mod registration;
mod session;
pub(crate) mod store;
mod token_endpoint;

pub use self::fault::{Ended, LoginFault, Unready};
pub use self::registration::{Endpoints, NotLoopback, Redirect, Registration};
pub use self::session::{Live, Session};
pub use self::store::StoreFault;
pub use self::token_endpoint::NoTokens;
