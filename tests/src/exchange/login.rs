//! A browser that logs a person in: it keeps cookies, fills in forms, follows redirects by hand.

use anyhow::{Context, Result, anyhow, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use url::Url;

pub use super::cookie_jar::CookieJar;
pub use super::html_form::Form;
use super::people::PASSWORD;

/// More steps than any login takes.
const MAX_STEPS: usize = 12;

/// A page, or the redirect away from it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it was found.
    pub url: Url,
    /// Its status.
    pub status: StatusCode,
    /// The absolute address it redirects to.
    pub location: Option<Url>,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its text.
    pub text: String,
}

impl Page {
    /// Its first form.
    ///
    /// # Errors
    /// When it has none.
    pub fn form(&self) -> Result<Form> {
        Form::first(&self.text)
            .with_context(|| format!("no form at {} ({})", self.url, self.status))
    }
}

/// A browser without a window. Clone it to branch off with the same cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    /// Its cookies.
    pub jar: CookieJar,
}

impl Browser {
    /// Over this client, which must not follow redirects.
    pub fn over(http: Client) -> Self {
        Self { http, jar: CookieJar::default() }
    }

    /// For plain HTTP on loopback.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn plain() -> Result<Self> {
        // Somebody else may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self::over(http))
    }

    /// Opens a page.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(&mut self, url: &Url) -> Result<Page> {
        self.send(url, None).await
    }

    /// Sends a form of `page`, pressing the button of this name (empty: one without a name).
    ///
    /// # Errors
    /// When the server cannot be reached, or the form's address is no URL.
    pub async fn submit(&mut self, page: &Page, form: &Form, button: &str) -> Result<Page> {
        let action =
            if form.action.is_empty() { page.url.clone() } else { page.url.join(&form.action)? };
        let mut fields = form.fields.clone();
        fields.extend(
            form.buttons.iter().find(|(name, _)| !name.is_empty() && name == button).cloned(),
        );
        self.send(&action, Some((&fields, &page.url))).await
    }

    async fn send(&mut self, url: &Url, form: Option<(&[(String, String)], &Url)>) -> Result<Page> {
        let mut request = match form {
            None => self.http.get(url.clone()),
            Some((fields, page)) => self
                .http
                .post(url.clone())
                .header("referer", page.as_str())
                .header("origin", page.origin().ascii_serialization())
                .form(fields),
        };
        let cookies = self.jar.header(url);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        let response = request.header("accept", "text/html,*/*").send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.jar.keep(url, &headers);
        let location = headers.get("location").filter(|_| status.is_redirection());
        let location = location.map(|value| url.join(value.to_str()?).map_err(anyhow::Error::from));
        let location = location.transpose()?;
        Ok(Page { url: url.clone(), status, location, headers, text: response.text().await? })
    }

    /// From `start`, through login and consent forms, until a redirect points below `until`, which is
    /// returned and not opened. `until` is compared as a prefix of the URL's text.
    ///
    /// # Errors
    /// When a page is neither a redirect nor a form of a login, or the steps do not end.
    pub async fn drive(&mut self, start: &Url, login: &str, until: &str) -> Result<Url> {
        let mut page = self.open(start).await?;
        for _ in 0..MAX_STEPS {
            if let Some(next) = page.location.take() {
                if next.as_str().starts_with(until) {
                    return Ok(next);
                }
                page = self.open(&next).await?;
            } else {
                page = self.fill_in(&page, login).await?;
            }
        }
        bail!("still at {} after {MAX_STEPS} steps", page.url)
    }

    /// Fills in the login form, or agrees to whatever else is asked.
    async fn fill_in(&mut self, page: &Page, login: &str) -> Result<Page> {
        let mut form = page.form()?;
        if !form.has("password") {
            let agree = form.buttons.iter().map(|(name, _)| name.as_str()).find(|n| !n.is_empty());
            let agree = agree.unwrap_or_default().to_owned();
            return self.submit(page, &form, &agree).await;
        }
        let email =
            if login.contains('@') { login.to_owned() } else { format!("{login}@example.com") };
        form.set("username", &email);
        form.set("password", PASSWORD);
        let next = self.submit(page, &form, "").await?;
        match next.status {
            StatusCode::OK => Err(anyhow!("the login of {login} was refused at {}", page.url)),
            _ => Ok(next),
        }
    }
}

/// Logs `login` in at the Exchange, from its authorize URL to the redirect that starts with `until`.
///
/// # Errors
/// As [`Browser::drive`].
pub async fn drive(
    browser: &mut Browser,
    authorize: &Url,
    login: &str,
    until: &str,
) -> Result<Url> {
    browser.drive(authorize, login, until).await
}
