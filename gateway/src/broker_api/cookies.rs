//! Our two cookies: one binds the consent form to the browser, one a login under way.

use authz::broker::TRANSACTION_LIFETIME;
use authz::broker::consent::ConsentCookie;
use authz::metadata::PublicUrls;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use crate::respond::insert;

/// Logins that one browser can have under way.
const MOST_TRANSACTIONS: usize = 5;

/// Names and attributes, by whether we are reached over https. Only then can a cookie be `Secure`
/// and carry the `__Host-` prefix; http is for loopback alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    secure: bool,
}

impl Cookies {
    pub(super) fn of(urls: &PublicUrls) -> Self {
        Self { secure: urls.is_https() }
    }

    fn name(self, rest: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}fmg-{rest}")
    }

    fn transaction_name(self, transaction: &str) -> String {
        self.name(&format!("txn-{transaction}"))
    }

    /// The consent cookie that the browser sent.
    pub(super) fn consent(self, headers: &HeaderMap) -> Option<ConsentCookie> {
        let name = self.name("consent");
        let (_, value) = pairs(headers).find(|(known, _)| *known == name)?;
        ConsentCookie::parse(value)
    }

    /// The cookie of this transaction.
    pub(super) fn transaction(self, headers: &HeaderMap, transaction: &str) -> Option<String> {
        let name = self.transaction_name(transaction);
        pairs(headers).find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    /// Sets the consent cookie.
    pub(super) fn set_consent(self, headers: &mut HeaderMap, cookie: &ConsentCookie) {
        self.set(headers, &self.name("consent"), cookie.as_str(), TRANSACTION_LIFETIME.as_secs());
    }

    /// Sets the cookie of a transaction, and drops the oldest when the browser has too many.
    pub(super) fn set_transaction(
        self,
        sent: &HeaderMap,
        headers: &mut HeaderMap,
        transaction: &str,
        value: &str,
    ) {
        let prefix = self.name("txn-");
        // Browsers send the oldest first (RFC 6265 §5.4).
        let known: Vec<&str> =
            pairs(sent).map(|(name, _)| name).filter(|name| name.starts_with(&prefix)).collect();
        let surplus = (known.len() + 1).saturating_sub(MOST_TRANSACTIONS);
        for oldest in known.iter().take(surplus) {
            self.set(headers, oldest, "", 0);
        }
        let name = self.transaction_name(transaction);
        self.set(headers, &name, value, TRANSACTION_LIFETIME.as_secs());
    }

    /// Clears the cookie of a transaction: it served its one purpose.
    pub(super) fn clear_transaction(self, headers: &mut HeaderMap, transaction: &str) {
        self.set(headers, &self.transaction_name(transaction), "", 0);
    }

    /// Lax, since the login comes back from another site by a top-level GET.
    fn set(self, headers: &mut HeaderMap, name: &str, value: &str, seconds: u64) {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie =
            format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = cookie.parse() {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// The pairs of all `Cookie` fields (RFC 6265 §4.2.1).
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Sends the browser to `location`: by 303, so that nothing posted is posted on (RFC 9700 §4.12).
pub(super) fn see_other(location: &str) -> http::Response<axum::body::Body> {
    let mut response = http::Response::new(axum::body::Body::empty());
    *response.status_mut() = http::StatusCode::SEE_OTHER;
    insert(response.headers_mut(), http::header::LOCATION, location);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies() -> Cookies {
        Cookies { secure: true }
    }

    #[test]
    fn a_cookie_is_bound_to_our_host_and_out_of_reach_of_scripts() {
        let mut headers = HeaderMap::new();
        cookies().set_transaction(&HeaderMap::new(), &mut headers, "abcdefgh", "sealed");
        assert_eq!(
            headers[SET_COOKIE],
            "__Host-fmg-txn-abcdefgh=sealed; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn a_transaction_finds_its_own_cookie_among_others() {
        let mut headers = HeaderMap::new();
        let sent = "a=b; __Host-fmg-txn-one=1; __Host-fmg-txn-two=2";
        headers.insert(COOKIE, sent.parse().unwrap());
        assert_eq!(cookies().transaction(&headers, "two").as_deref(), Some("2"));
        assert_eq!(cookies().transaction(&headers, "three"), None);
        assert_eq!(Cookies { secure: false }.transaction(&headers, "two"), None);
    }

    #[test]
    fn a_browser_never_holds_more_than_five_logins() {
        let mut sent = HeaderMap::new();
        let many: Vec<_> = (0..8).map(|at| format!("__Host-fmg-txn-{at}=x")).collect();
        sent.insert(COOKIE, many.join("; ").parse().unwrap());
        let mut headers = HeaderMap::new();
        cookies().set_transaction(&sent, &mut headers, "new", "x");
        let answered = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        let cleared: Vec<&str> = answered.filter(|cookie| cookie.contains("Max-Age=0")).collect();
        assert_eq!(cleared.len(), 4);
        for (at, cookie) in cleared.iter().enumerate() {
            assert!(
                cookie.starts_with(&format!("__Host-fmg-txn-{at}=")),
                "the oldest go: {cookie}"
            );
        }
    }
}
