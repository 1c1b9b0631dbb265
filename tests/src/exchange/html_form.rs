//! Just enough HTML to fill in the forms of a login: the first form of a page and its fields.

/// A form as a browser would send it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent; empty for the page's own address.
    pub action: String,
    /// Its `id`.
    pub id: String,
    /// Names and values of its fields, without its buttons.
    pub fields: Vec<(String, String)>,
    /// Names and values of its submit buttons.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page.
    pub fn first(page: &str) -> Option<Self> {
        Self::all(page).into_iter().next()
    }

    /// Every form of a page, in order.
    pub fn all(page: &str) -> Vec<Self> {
        page.split("<form").skip(1).map(|rest| Self::read(before(rest, "</form>"))).collect()
    }

    /// Whether it has a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Fills in a field, or adds it.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    fn read(text: &str) -> Self {
        let own = before(text, ">");
        let mut form =
            Self { action: attribute(own, "action"), id: attribute(own, "id"), ..Self::default() };
        for tag in text.split('<').skip(1) {
            let tag = before(tag, ">");
            let pair = (attribute(tag, "name"), attribute(tag, "value"));
            let button = tag.starts_with("button") || attribute(tag, "type") == "submit";
            match (tag.starts_with("input") || tag.starts_with("button"), button, pair.0.is_empty())
            {
                (true, true, _) => form.buttons.push(pair),
                (true, false, false) => form.fields.push(pair),
                _ => {}
            }
        }
        form
    }
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.split(end).next().unwrap_or_default()
}

/// The value of a double-quoted attribute, with its entities read.
fn attribute(tag: &str, name: &str) -> String {
    tag.split_once(&format!(" {name}=\""))
        .map(|(_, rest)| before(rest, "\""))
        .unwrap_or_default()
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2F;", "/")
        .replace("&#38;", "&")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_fields_and_buttons() {
        let page = "<form method=\"post\" action=\"/go?a=1&amp;b=2\" id=\"f\">\
                    <input type=\"hidden\" name=\"t\" value=\"&quot;x&quot;\"><input type=\"email\" name=\"u\">\
                    <input type=\"submit\" name=\"allow\" value=\"Yes\"></form><form></form>";
        let form = Form::first(page).unwrap();
        assert_eq!((form.action.as_str(), form.id.as_str()), ("/go?a=1&b=2", "f"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(form.fields, [pair("t", "\"x\""), pair("u", "")]);
        assert_eq!(form.buttons, [pair("allow", "Yes")]);
        assert_eq!(Form::all(page).len(), 2);
    }
}
