//! Requests that two servers could read in two ways. Every entry carries a second, proper call
//! where a reader of another mind would find it.

mod pieces;

use pieces::{
    BOTH_FRAMINGS, CHUNKS, ENCODINGS, FIELDS, HARMLESS_FIELDS, LENGTHS, LINES, OPENINGS,
    PROPER_CHUNKS, PROPER_LENGTHS, REQUEST_LINES,
};

use super::{Site, body};

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// 4xx, the connection ends, core sees nothing of it.
    Refused,
    /// One answer, with the right id, and the connection ends or lives on: the second call was part
    /// of the body, or is not read any more.
    One,
}

/// One request.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) due: Due,
}

/// The identifiers of a case: its own call, and the one that is smuggled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    pub(super) own: usize,
    pub(super) smuggled: usize,
}

/// Builds the bytes of one case.
struct Draft<'s> {
    site: &'s Site,
    ids: Ids,
}

impl Draft<'_> {
    fn smuggled(&self) -> String {
        self.site.call(self.ids.smuggled)
    }

    /// A proper call with these fields and this body.
    fn framed(&self, fields: &str, body: &str) -> String {
        format!("POST /mcp HTTP/1.1\r\n{}{fields}\r\n\r\n{body}", self.site.fields())
    }

    /// A body whose length covers the smuggled call, or does not, as a reader likes.
    fn both(&self, fields: &str) -> String {
        let body = format!("0\r\n\r\n{}", self.smuggled());
        self.framed(&fields.replace("{n}", &body.len().to_string()), &body)
    }

    /// The smuggled call behind a chunked body.
    fn chunked(&self, chunks: &str) -> String {
        let body = body(self.ids.own);
        let chunks = chunks.replace("{n}", &format!("{:x}", body.len())).replace("{b}", &body);
        self.framed("Transfer-Encoding: chunked", &format!("{chunks}{}", self.smuggled()))
    }

    /// The smuggled call behind a body with a length.
    fn behind(&self, fields: &str) -> String {
        let body = body(self.ids.own);
        let fields = fields.replace("{n}", &body.len().to_string());
        self.framed(&fields, &format!("{body}{}", self.smuggled()))
    }

    /// A proper call in which a piece is replaced, the smuggled one behind it.
    fn altered(&self, from: &str, to: &str) -> String {
        let call = self.site.call(self.ids.own);
        assert!(call.contains(from), "{from} is there to be replaced");
        format!("{}{}", call.replacen(from, to, 1), self.smuggled())
    }
}

/// Every case; `ids` gives each its identifiers.
pub(super) fn cases(site: &Site, ids: impl Fn(usize) -> Ids) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |group: &str, what: &str, due: Due, build: &dyn Fn(&Draft<'_>) -> String| {
        let draft = Draft { site, ids: ids(cases.len()) };
        let name = format!("{group}: {}", what.escape_debug());
        cases.push(Case { name, bytes: build(&draft).into_bytes(), due });
    };
    for fields in BOTH_FRAMINGS {
        add("both framings", fields, Due::Refused, &|draft| draft.both(fields));
    }
    for fields in ENCODINGS {
        add("encoding", fields, Due::Refused, &|draft| draft.both(fields));
    }
    for fields in LENGTHS {
        add("length", fields, Due::Refused, &|draft| draft.behind(fields));
    }
    for fields in PROPER_LENGTHS {
        add("pipelined", fields, Due::One, &|draft| draft.behind(fields));
    }
    for chunks in CHUNKS {
        add("chunks", chunks, Due::Refused, &|draft| draft.chunked(chunks));
    }
    for chunks in PROPER_CHUNKS {
        add("chunks", chunks, Due::One, &|draft| draft.chunked(chunks));
    }
    for (from, to) in LINES {
        add("lines", to, Due::Refused, &|draft| draft.altered(from, to));
    }
    for line in REQUEST_LINES {
        let line = format!("{line}\r\n");
        add("request line", &line, Due::Refused, &|draft| {
            draft.altered("POST /mcp HTTP/1.1\r\n", &line)
        });
    }
    for fields in FIELDS {
        add("fields", fields, Due::Refused, &|draft| draft.altered("X-Canary", fields));
    }
    for fields in HARMLESS_FIELDS {
        add("fields", fields, Due::One, &|draft| draft.altered("X-Canary", fields));
    }
    for opening in OPENINGS {
        add("opening", opening, Due::Refused, &|draft| format!("{opening}{}", draft.smuggled()));
    }
    add("no body where one is due", "GET", Due::Refused, &|draft| {
        draft.altered("POST /mcp", "GET /mcp")
    });
    add("a body where none is due", "GET", Due::Refused, &|draft| {
        let smuggled = draft.smuggled();
        let fields = draft.site.fields();
        format!(
            "GET /health HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{smuggled}",
            smuggled.len()
        )
    });
    cases
}
