//! The clients that need no registration of their own: those that the operator names, and those
//! that a document describes.

use std::path::PathBuf;

use authz::broker::client::{KnownClients, RegisteredClient};
use authz::broker::client_document::{ClientDocument, DocumentUrl};
use authz::ids::ClientId;
use authz::redirect_uri::RedirectPolicy;
use serde::Serialize;
use url::Url;
use yaml_serde::Value;

use super::files::Environment;
use super::section::Section;
use super::values;

/// The longest identifier and the longest name of a client, in characters.
const LONGEST_NAME: usize = 64;
/// More than any document needs.
const LARGEST_DOCUMENT: usize = 64 * 1024;

/// An entry of `clients.registered`.
#[derive(Clone, Debug, Serialize)]
pub struct NamedClient {
    /// Its `client_id`.
    pub id: String,
    /// What a person is shown.
    pub name: String,
    /// Where its logins may return to.
    pub redirect_uris: Vec<String>,
}

/// An entry of `clients.document_pins`: a copy of a document, which is then never fetched.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentPin {
    /// The client.
    pub url: String,
    /// The copy.
    pub file: PathBuf,
    #[serde(skip)]
    document: ClientDocument,
}

/// What the three lists say together.
pub(super) fn known(
    registered: &[NamedClient],
    document_hosts: &[String],
    pins: &[DocumentPin],
) -> KnownClients {
    let named = registered.iter().filter_map(|client| {
        let fingerprint = ClientId::parse(&client.id).ok()?.fingerprint();
        let redirect_uris = client.redirect_uris.iter().cloned().collect();
        Some((fingerprint, RegisteredClient { name: client.name.clone(), redirect_uris }))
    });
    KnownClients {
        registered: named.collect(),
        document_hosts: document_hosts.iter().cloned().collect(),
        pinned: pins.iter().map(|pin| (pin.url.clone(), pin.document.clone())).collect(),
    }
}

pub(super) fn registered(section: &mut Section<'_>) -> Option<Vec<NamedClient>> {
    // All of them are read, so that the mistakes of each are named.
    let read: Vec<_> = section.sections("registered")?.into_iter().map(named_client).collect();
    let clients: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    for (at, client) in clients.iter().enumerate() {
        if clients.iter().take(at).any(|other| other.id == client.id) {
            section.wrong(&format!("registered[{at}].id"), "is there twice");
            return None;
        }
    }
    Some(clients)
}

fn named_client(mut section: Section<'_>) -> Option<NamedClient> {
    let id = section.required("id", client_id);
    let name = section.required("name", client_name);
    let redirect_uris = section.list("redirect_uris", redirect_uri);
    if redirect_uris.as_ref().is_some_and(Vec::is_empty) {
        section.wrong("redirect_uris", "must hold at least one URI");
        return None;
    }
    Some(NamedClient { id: id?, name: name?, redirect_uris: redirect_uris? })
}

fn client_id(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if text.len() <= LONGEST_NAME && text.bytes().all(name) {
        Ok(text)
    } else {
        Err(format!("must be at most {LONGEST_NAME} characters of A-Z, a-z, 0-9, - . _ ~"))
    }
}

fn client_name(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    if text.chars().count() <= LONGEST_NAME {
        Ok(text)
    } else {
        Err(format!("must be at most {LONGEST_NAME} characters"))
    }
}

/// An https URI, an http one on loopback, or one of a private-use scheme (RFC 8252 §7.1).
pub(crate) fn redirect_uri(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    let exact = RedirectPolicy { exact: [text.clone()].into(), ..RedirectPolicy::default() };
    let plain = Url::parse(&text).ok().filter(|url| url.fragment().is_none());
    let (Some(url), Some(accepted)) = (plain, exact.accept(&text)) else {
        return Err("must be an absolute URI without credentials and fragment".to_owned());
    };
    match url.scheme() {
        "http" if !accepted.is_loopback() => {
            Err("must be https; http is for 127.0.0.1, [::1] and localhost".to_owned())
        }
        "javascript" | "data" | "file" | "blob" | "vbscript" => {
            Err("must have a scheme that opens a program".to_owned())
        }
        _ => Ok(text),
    }
}

pub(super) fn document_host(value: &Value) -> Result<String, String> {
    let host = values::authority(value)?;
    DocumentUrl::parse(&format!("https://{host}/client"))
        .map(|_| host)
        .ok_or_else(|| "must be a public host name without a port".to_owned())
}

pub(super) fn pins(
    section: &mut Section<'_>,
    redirects: &RedirectPolicy,
    environment: Environment<'_>,
) -> Option<Vec<DocumentPin>> {
    let entries = section.sections("document_pins")?.into_iter();
    let read: Vec<_> = entries.map(|entry| pin(entry, redirects, environment)).collect();
    read.into_iter().collect()
}

fn pin(
    mut section: Section<'_>,
    redirects: &RedirectPolicy,
    environment: Environment<'_>,
) -> Option<DocumentPin> {
    let url = section.required("url", document_url);
    let file = section.required("file", values::path);
    let (url, file) = (url?, file?);
    let read = environment.file(&file).map_err(|why| format!("cannot be read: {}", why.kind()));
    match read.and_then(|body| document(&url, &body, redirects)) {
        Ok(document) => Some(DocumentPin { url: url.as_str().to_owned(), file, document }),
        Err(why) => {
            section.wrong("file", why);
            None
        }
    }
}

fn document_url(value: &Value) -> Result<DocumentUrl, String> {
    DocumentUrl::parse(&values::text(value)?)
        .ok_or_else(|| "must be an https URL with a path, without port and query".to_owned())
}

fn document(
    url: &DocumentUrl,
    body: &[u8],
    redirects: &RedirectPolicy,
) -> Result<ClientDocument, String> {
    if body.len() > LARGEST_DOCUMENT {
        return Err("is too large".to_owned());
    }
    ClientDocument::read(url, body, redirects).map_err(|why| why.to_string())
}
