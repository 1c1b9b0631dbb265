//! The pages a person sees: login, the Exchange's own consent, and its portal.

use super::people::{Kind, PASSWORD, PEOPLE, Person};
use super::session::Application;
use super::wire::{Pairs, escaped};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}\
form{display:grid;gap:.4rem;max-width:24rem}\
input,button{font:inherit;padding:.5rem .6rem;border:1px solid #767676;border-radius:.3rem}\
button{margin-top:.6rem;cursor:pointer}\
.error{border-left:.3rem solid #c00;padding-left:.7rem}\
table{border-collapse:collapse;margin-top:.5rem}\
th,td{text-align:left;padding:.25rem .9rem .25rem 0;vertical-align:top}";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )
}

/// The login form; `wrong` says that the last attempt failed.
pub(super) fn login(csrf: &str, wrong: bool) -> String {
    let complaint = if wrong {
        "<p class=\"error\" role=\"alert\">That address and password do not match. \
         Capital and small letters count.</p>"
    } else {
        ""
    };
    let body = format!(
        "<h1>Log in to the demo Exchange</h1>\n{complaint}\n\
         <form method=\"post\" action=\"\">\n\
         <input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{csrf}\">\n\
         <label for=\"username\">Email address</label>\n\
         <input id=\"username\" type=\"email\" name=\"username\" autocomplete=\"username\" required autofocus>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" type=\"password\" name=\"password\" autocomplete=\"current-password\" required>\n\
         <button type=\"submit\">Log in</button>\n</form>\n\
         <h2>Who can log in</h2>\n\
         <p>Everybody here is made up, and all have the password <code>{PASSWORD}</code>.</p>\n\
         <table><thead><tr><th scope=\"col\">Email address</th><th scope=\"col\">Sees</th></tr></thead>\
         <tbody>{}</tbody></table>",
        rows()
    );
    page("Demo Exchange: log in", &body)
}

fn rows() -> String {
    let row = |person: &Person| {
        format!("<tr><td><code>{}</code></td><td>{}</td></tr>\n", person.email(), sees(person))
    };
    PEOPLE.iter().map(row).collect()
}

fn sees(person: &Person) -> String {
    match person.kind {
        Kind::Patient => format!("only their own records (patient {})", person.resource_id),
        Kind::Superuser => "nothing: a superuser without memberships".to_owned(),
        Kind::Practitioner => {
            let names: Vec<_> = person
                .organizations
                .iter()
                .filter_map(|id| super::people::organization_by_id(*id))
                .map(|organization| organization.name)
                .collect();
            format!("the patients of {}", names.join(", "))
        }
    }
}

/// The Exchange's own consent form, for applications that do not skip it.
pub(super) fn consent(
    application: &Application,
    request: &Pairs,
    scope: &str,
    csrf: &str,
) -> String {
    let value = |name: &str| escaped(request.last(name).unwrap_or_default());
    let hidden = [
        ("csrfmiddlewaretoken", escaped(csrf)),
        ("redirect_uri", value("redirect_uri")),
        ("scope", escaped(scope)),
        ("nonce", value("nonce")),
        ("client_id", value("client_id")),
        ("state", value("state")),
        ("response_type", value("response_type")),
        ("code_challenge", value("code_challenge")),
        ("code_challenge_method", value("code_challenge_method")),
        ("claims", "null".to_owned()),
        ("resource", value("resource")),
    ]
    .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"))
    .join("\n");
    let asked: String = scope
        .split(' ')
        .map(|token| match token {
            "openid" => "<li>know who you are</li>",
            "email" => "<li>know your email address</li>",
            _ => "",
        })
        .collect();
    let name = escaped(&application.name);
    let body = format!(
        "<h1>Authorize {name}?</h1>\n<p>It asks to:</p>\n<ul>{asked}</ul>\n\
         <form id=\"authorizationForm\" method=\"post\" action=\"\">\n{hidden}\
         <input type=\"submit\" value=\"Cancel\">\n\
         <input type=\"submit\" name=\"allow\" value=\"Authorize\">\n</form>"
    );
    page("Demo Exchange: authorize", &body)
}

/// Where a login ends that led nowhere.
pub(super) fn portal() -> String {
    page(
        "Demo Exchange",
        "<h1>Demo Exchange</h1>\n<p>You are at the portal. If an application sent you here to log \
         in, start again there: the way back was lost.</p>",
    )
}
