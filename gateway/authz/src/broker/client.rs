//! The client behind a `client_id`: named by the operator, described by a document at a host that
//! the operator trusts, or registered by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::broker::Broker;
use crate::broker::client_document::{ClientDocument, DocumentUrl};
use crate::broker::form::Form;
use crate::broker::register::Registration;
use crate::ids::{ClientId, ClientRef};
use crate::redirect_uri::{RedirectPolicy, RedirectUri};
use crate::time::Timestamp;

/// How a client came to be known: what a person may think of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientKind {
    /// The operator named it.
    Operator,
    /// A document at this host describes it.
    Document {
        /// Whose word it is.
        host: String,
    },
    /// It registered itself.
    SelfRegistered,
}

impl ClientKind {
    /// Who answers for the client's name: one sentence for a person.
    pub fn provenance(&self) -> String {
        match self {
            Self::Operator => "Whoever runs this gateway registered this program.".to_owned(),
            Self::Document { host } => {
                format!("The site {host} describes a program of this name.")
            }
            Self::SelfRegistered => {
                "The name is the program's own; nobody has checked it.".to_owned()
            }
        }
    }
}

/// A client that the operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    /// Its name.
    pub name: String,
    /// Where its logins may return to: these very URIs, a loopback one on any port. The rules for
    /// strangers do not apply.
    pub redirect_uris: BTreeSet<String>,
}

impl RegisteredClient {
    /// The URI, if it is one of this client's.
    pub fn accept(&self, text: &str) -> Option<RedirectUri> {
        let own = RedirectPolicy { hosts: BTreeSet::new(), exact: self.redirect_uris.clone() };
        let mut registered = self.redirect_uris.iter().filter_map(|uri| own.accept(uri));
        own.accept(text).filter(|uri| registered.any(|known| uri.matches(&known)))
    }
}

/// The clients that the configuration knows, and the hosts whose documents it trusts.
#[derive(Clone, Debug, Default)]
pub struct KnownClients {
    /// Named by the operator, by the fingerprint of their identifier.
    pub registered: BTreeMap<ClientRef, RegisteredClient>,
    /// Hosts whose documents are fetched.
    pub document_hosts: BTreeSet<String>,
    /// Documents that the operator keeps a copy of, by their URL; they are never fetched.
    pub pinned: BTreeMap<String, ClientDocument>,
}

impl KnownClients {
    /// Whether any client may come with a document.
    pub fn read_documents(&self) -> bool {
        !self.document_hosts.is_empty() || !self.pinned.is_empty()
    }

    /// The document that `id` names, if its host is trusted.
    fn document_url(&self, id: &ClientId) -> Option<DocumentUrl> {
        DocumentUrl::parse(id.as_str()).filter(|url| self.document_hosts.contains(url.host()))
    }
}

/// What the broker knows about a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) kind: ClientKind,
}

impl Broker {
    /// The document that has to be fetched before the query of `GET /authorize` can be judged.
    pub fn document_wanted(&self, query: &str) -> Option<DocumentUrl> {
        let form = Form::parse(query).ok()?;
        let id = ClientId::parse(form.value("client_id")?).ok()?;
        let known = self.clients.registered.contains_key(&id.fingerprint())
            || self.clients.pinned.contains_key(id.as_str());
        if known { None } else { self.clients.document_url(&id) }
    }

    /// The client behind an identifier; `document` is what was fetched for it.
    pub(crate) fn client(
        &self,
        id: &ClientId,
        document: Option<&ClientDocument>,
        now: Timestamp,
    ) -> Option<Client> {
        if let Some(registered) = self.clients.registered.get(&id.fingerprint()) {
            return Some(Client {
                name: registered.name.clone(),
                redirect_uris: registered.redirect_uris.iter().cloned().collect(),
                kind: ClientKind::Operator,
            });
        }
        let fetched = document.filter(|document| document.url().as_str() == id.as_str());
        if let Some(document) = self.clients.pinned.get(id.as_str()).or(fetched) {
            return Some(Client {
                name: document.name().to_owned(),
                redirect_uris: document.redirect_uris().to_vec(),
                kind: ClientKind::Document { host: document.url().host().to_owned() },
            });
        }
        let Registration { name, redirect_uris, .. } = self.sealer.open(id.as_str(), now).ok()?;
        Some(Client { name, redirect_uris, kind: ClientKind::SelfRegistered })
    }

    /// Whether a client of this name could log in. No document is fetched to find out.
    pub(crate) fn knows(&self, id: &ClientId, now: Timestamp) -> bool {
        self.client(id, None, now).is_some() || self.clients.document_url(id).is_some()
    }

    /// A redirect URI, if the rules for this client accept it.
    pub(crate) fn redirect(&self, client: &ClientRef, text: &str) -> Option<RedirectUri> {
        match self.clients.registered.get(client) {
            Some(registered) => registered.accept(text),
            None => self.redirects.accept(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::tests::{NOW, broker};

    const DOCUMENT: &str = "https://claude.ai/oauth/client";

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).unwrap()
    }

    fn known() -> Broker {
        let mut broker = broker();
        let uris = ["https://intranet.example/cb", "http://127.0.0.1/cb"].map(str::to_owned);
        let client = RegisteredClient { name: "Ours".to_owned(), redirect_uris: uris.into() };
        broker.clients.registered = [(id("ours").fingerprint(), client)].into();
        broker.clients.document_hosts = ["claude.ai".to_owned()].into();
        broker
    }

    #[test]
    fn the_operators_client_returns_to_its_own_uris_and_to_no_other() {
        let broker = known();
        let ours = id("ours").fingerprint();
        let stranger = id("stranger").fingerprint();
        for good in ["https://intranet.example/cb", "http://127.0.0.1/cb", "http://127.0.0.1:7/cb"]
        {
            assert!(broker.redirect(&ours, good).is_some(), "{good}");
        }
        for bad in ["https://intranet.example/cb/", "http://localhost/cb", "https://claude.ai/cb"] {
            assert!(broker.redirect(&ours, bad).is_none(), "{bad}");
        }
        assert!(broker.redirect(&stranger, "https://intranet.example/cb").is_none());
    }

    #[test]
    fn a_document_is_wanted_only_from_a_trusted_host_and_only_where_there_is_no_copy() {
        let mut broker = known();
        let wanted = |broker: &Broker, id: &str| {
            let pairs = [("client_id", id)];
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            broker.document_wanted(&query.extend_pairs(pairs).finish()).is_some()
        };
        assert!(wanted(&broker, DOCUMENT));
        for other in ["ours", "https://evil.example/client", "https://claude.ai:444/client", ""] {
            assert!(!wanted(&broker, other), "{other}");
        }
        let body = format!(r#"{{"client_id":"{DOCUMENT}","redirect_uris":["http://localhost/"]}}"#);
        let url = DocumentUrl::parse(DOCUMENT).unwrap();
        let document = ClientDocument::read(&url, body.as_bytes(), &broker.redirects).unwrap();
        broker.clients.pinned = [(DOCUMENT.to_owned(), document)].into();
        assert!(!wanted(&broker, DOCUMENT));
        let kind = broker.client(&id(DOCUMENT), None, NOW).unwrap().kind;
        assert_eq!(kind, ClientKind::Document { host: "claude.ai".to_owned() });
    }

    #[test]
    fn a_document_speaks_for_its_own_url_alone() {
        let broker = known();
        let url = DocumentUrl::parse("https://claude.ai/other").unwrap();
        let body = r#"{"client_id":"https://claude.ai/other","redirect_uris":["http://[::1]/"]}"#;
        let document = ClientDocument::read(&url, body.as_bytes(), &broker.redirects).unwrap();
        assert!(broker.client(&id(DOCUMENT), Some(&document), NOW).is_none());
        assert!(broker.client(&id("https://claude.ai/other"), Some(&document), NOW).is_some());
    }
}
