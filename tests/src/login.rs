//! An OAuth client as LLM hosts have one: it discovers, registers, sends a person through the login,
//! redeems, refreshes.

#![expect(clippy::indexing_slicing, reason = "an index into JSON answers null, it does not panic")]

use anyhow::{Context as _, Result, ensure};
use authz::pkce::CodeChallenge;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::TestBed;
use crate::exchange::login::{Browser, Page};

/// Where the client would listen; nobody does, the browser stops in front of it.
pub const REDIRECT: &str = "http://127.0.0.1:33418/callback";
/// The client's PKCE verifier (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The tokens of one login.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For `Authorization`.
    pub access: String,
    /// For the next access token.
    pub refresh: String,
    /// What was granted.
    pub scope: String,
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Login {
    http: reqwest::Client,
    origin: String,
    /// As registered.
    pub client_id: String,
}

impl Login {
    /// Registers with the gateway of `bed`.
    pub async fn register(bed: &TestBed) -> Result<Self> {
        Self::register_at(bed.origin()).await
    }

    /// Registers with the gateway at this origin.
    pub async fn register_at(origin: &str) -> Result<Self> {
        let http = Browser::plain().map(|_| reqwest::Client::new())?;
        Self::register_over(http, origin).await
    }

    /// Registers with the gateway at this origin over these connections.
    pub async fn register_over(http: reqwest::Client, origin: &str) -> Result<Self> {
        let origin = origin.to_owned();
        let metadata = json!({"client_name": "Story", "redirect_uris": [REDIRECT]});
        let answer = http.post(format!("{origin}/register")).json(&metadata).send().await?;
        ensure!(answer.status() == StatusCode::CREATED, "registration: {}", answer.status());
        let registered: Value = answer.json().await?;
        let client_id = registered["client_id"].as_str().context("a client_id")?.to_owned();
        Ok(Self { http, origin, client_id })
    }

    /// The same client over other connections.
    #[must_use]
    pub fn over(self, http: reqwest::Client) -> Self {
        Self { http, ..self }
    }

    /// The authorize URL, with some parameters replaced, added or (by an empty value) left out.
    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> Result<Url> {
        let challenge = CodeChallenge::of(VERIFIER);
        let resource = format!("{}/mcp", self.origin);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", REDIRECT),
            ("state", "story-state"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("resource", &resource),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if !value.is_empty() {
                parameters.push((name, value));
            }
        }
        let mut url = Url::parse(&format!("{}/authorize", self.origin))?;
        url.query_pairs_mut().extend_pairs(parameters);
        Ok(url)
    }

    /// Logs a person in with all scopes that are offered.
    pub async fn log_in(&self, login: &str) -> Result<Tokens> {
        self.log_in_for(login, "").await
    }

    /// Logs a person in for a scope.
    pub async fn log_in_for(&self, login: &str, scope: &str) -> Result<Tokens> {
        let code = self.code(&mut Browser::plain()?, login, scope).await?;
        let answer = self.redeem(&code, &[]).await?;
        ensure!(answer.status() == StatusCode::OK, "token: {}", answer.status());
        tokens(answer).await
    }

    /// Sends a person through consent and login, and returns the code that comes back.
    pub async fn code(&self, browser: &mut Browser, login: &str, scope: &str) -> Result<String> {
        let start = self.authorize_url(&[("scope", scope)])?;
        let returned = browser.drive(&start, login, REDIRECT).await?;
        parameter(&returned, "code").with_context(|| format!("no code in {returned}"))
    }

    /// Presses a button of the consent page: `approve` or `decline`.
    pub async fn decide(browser: &mut Browser, page: &Page, decision: &str) -> Result<Page> {
        let mut form = page.form()?;
        form.set("decision", decision);
        form.buttons.clear();
        browser.submit(page, &form, "").await
    }

    /// `POST /token` with a code, some parameters replaced.
    pub async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Result<Response> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.client_id.as_str()),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        self.post("/token", &form).await
    }

    /// `POST /token` with a refresh token.
    pub async fn refresh(&self, refresh: &str) -> Result<Response> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id.as_str()),
            ("refresh_token", refresh),
        ];
        self.post("/token", &form).await
    }

    /// `POST /revoke`.
    pub async fn revoke(&self, token: &str) -> Result<Response> {
        self.post("/revoke", &[("token", token), ("client_id", self.client_id.as_str())]).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Response> {
        Ok(self.http.post(format!("{}{path}", self.origin)).form(form).send().await?)
    }
}

/// Reads the tokens of an answer.
pub async fn tokens(answer: Response) -> Result<Tokens> {
    let body: Value = answer.json().await?;
    let text = |name: &str| {
        body[name].as_str().map(str::to_owned).with_context(|| format!("{name} in the answer"))
    };
    Ok(Tokens {
        access: text("access_token")?,
        refresh: text("refresh_token")?,
        scope: text("scope")?,
    })
}

/// A parameter of a URL's query.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
