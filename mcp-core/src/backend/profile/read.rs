//! Reading a profile, so that one mistake does not hide the next.

mod fhir;

use std::collections::BTreeMap;

use yaml_serde::Value;

use super::super::vocabulary::ListedCode;
use super::{
    Bounds, Canary, DateHabits, Joins, Paging, PagingBy, Profile, SearchProfile, SelfLink, Total,
    UnknownParameters,
};
use crate::config::{Field, Mistakes, Section};
use crate::fhir::parameter::{PREFIXES, ParameterKind, is_name};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Dialect, IdentifierFormat};

const PATH: &str = "write segments with single slashes between them and none at the ends";
const PARAMETER: &str = "write the name of a search parameter";
const TOOL: &str = "write lower-case letters, digits and underscores";
/// The parameter by which FHIR itself finds the members of a group.
const STUDY: &str = "patient._has:Group:member:_id";

pub(super) fn parse(text: &str) -> Result<Profile, Mistakes> {
    let file: Value =
        yaml_serde::from_str(text).map_err(|error| Mistakes(vec![error.to_string()]))?;
    let mut mistakes = Vec::new();
    let mut root = Section::new("", Some(file), &mut mistakes);
    let name = root.take("name").required(
        "write a-z, 0-9 and hyphens",
        |text| is_word(text, '-'),
        &mut mistakes,
    );
    let fhir = fhir::read(root.take("fhir"), &mut mistakes);
    let search = search(root.take("search"), &mut mistakes);
    let rest = root.take("rest").optional_section(&mut mistakes);
    let rest = rest.map(|section| fhir::rest(section, &mut mistakes));
    let health_path = root.take("health_path").optional(PATH, is_path, &mut mistakes);
    let vocabulary = root.take("vocabulary").sections(&mut mistakes);
    let vocabulary =
        vocabulary.into_iter().filter_map(|code| listed(code, &mut mistakes)).collect();
    let aliases = aliases(root.take("aliases"), &mut mistakes);
    let without = root.take("without").words(TOOL, |text| is_word(text, '_'), &mut mistakes);
    let bounds = bounds(root.take("bounds"), &mut mistakes);
    root.refuse_the_rest(&mut mistakes);
    match (name, fhir) {
        (Some(name), Some(fhir)) if mistakes.is_empty() => Ok(Profile {
            name,
            fhir,
            search,
            rest,
            health_path,
            vocabulary,
            aliases,
            without,
            bounds,
        }),
        _ => Err(Mistakes(mistakes)),
    }
}

fn is_word(text: &str, joint: char) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint;
    (1..=64).contains(&text.len()) && text.chars().all(is_part)
}

/// A path that stays where it is put.
fn is_path(text: &str) -> bool {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
    };
    text.split('/').all(is_segment)
}

fn search(field: Field, mistakes: &mut Vec<String>) -> SearchProfile {
    let mut section = field.section(mistakes);
    let unknown = [
        ("ignored", UnknownParameters::Ignored),
        ("matches_nothing", UnknownParameters::MatchesNothing),
        ("refused", UnknownParameters::Refused),
    ];
    let self_links = [
        ("applied", SelfLink::Applied),
        ("echoed", SelfLink::Echoed),
        ("absent", SelfLink::Absent),
    ];
    let canaries = [
        ("never", Canary::Never),
        ("undeclared", Canary::Undeclared),
        ("counts", Canary::Counts),
        ("always", Canary::Always),
    ];
    let (every_type, by_type) = parameters(section.take("parameters"), mistakes);
    let coding = |word: &str| {
        word.split_once('.').is_some_and(|(t, p)| ResourceType::parse(t).is_some() && is_name(p))
    };
    let has_modifiers = section.has("modifiers");
    let modifiers = section.take("modifiers").words(PARAMETER, is_name, mistakes);
    let has_sort_keys = section.has("sort_keys");
    let sort_keys = section.take("sort_keys").words(PARAMETER, is_name, mistakes);
    let profile = SearchProfile {
        unknown_parameters: section.take("unknown_parameters").choice(
            &unknown,
            UnknownParameters::Ignored,
            mistakes,
        ),
        refuses_when_strict: section.take("refuses_when_strict").switch(false, mistakes),
        self_link: section.take("self_link").choice(&self_links, SelfLink::Echoed, mistakes),
        canary: section.take("canary").choice(&canaries, Canary::Always, mistakes),
        knows_specification: section.take("knows_specification").switch(false, mistakes),
        every_type,
        by_type,
        modifiers: has_modifiers.then_some(modifiers),
        total: total(section.take("total"), mistakes),
        paging: paging(section.take("paging"), mistakes),
        dialect: dialect(&mut section, mistakes),
        sort_keys: has_sort_keys.then_some(sort_keys),
        elements: section.take("elements").switch(false, mistakes),
        joins: Joins {
            includes: section.take("includes").switch(false, mistakes),
            chaining: section.take("chaining").switch(false, mistakes),
        },
        one_coding: section.take("one_coding").words("write Type.parameter", coding, mistakes),
        dates: DateHabits {
            prefixes: date_prefixes(&mut section, mistakes),
            partial: section.take("partial_dates").switch(true, mistakes),
        },
    };
    section.refuse_the_rest(mistakes);
    profile
}

fn date_prefixes(section: &mut Section, mistakes: &mut Vec<String>) -> Vec<String> {
    let all = !section.has("date_prefixes");
    let right = format!("the comparisons are {}", PREFIXES.join(", "));
    let known = |word: &str| PREFIXES.contains(&word);
    let some = section.take("date_prefixes").words(&right, known, mistakes);
    if all { PREFIXES.map(str::to_owned).to_vec() } else { some }
}

type Named = BTreeMap<String, ParameterKind>;

/// Lists of `name:kind`, under `every_type` or the name of a type.
fn parameters(field: Field, mistakes: &mut Vec<String>) -> (Named, BTreeMap<String, Named>) {
    let (mut every_type, mut by_type) = (Named::new(), BTreeMap::new());
    for (of, field) in field.entries(mistakes) {
        let right = "write name:kind, as in patient:reference";
        let read = |cell: &str| {
            let (name, kind) = cell.rsplit_once(':')?;
            Some((name.to_owned(), ParameterKind::parse(kind).filter(|_| is_name(name))?))
        };
        let cells = field.words(right, |cell| read(cell).is_some(), mistakes);
        let named = cells.iter().filter_map(|cell| read(cell)).collect();
        if of == "every_type" {
            every_type = named;
        } else if ResourceType::parse(&of).is_some() {
            by_type.insert(of, named);
        } else {
            mistakes.push(format!(
                "search.parameters.{of}: is no resource type; write one, or every_type"
            ));
        }
    }
    (every_type, by_type)
}

fn total(field: Field, mistakes: &mut Vec<String>) -> Total {
    let mut section = field.section(mistakes);
    let kinds = [("always", 0), ("on_request", 1), ("never", 2)];
    let given = section.take("given").choice(&kinds, 0, mistakes);
    let assignment = "write parameter=value, as in _total=accurate";
    let is_assignment = |text: &str| {
        text.split_once('=').is_some_and(|(name, value)| is_name(name) && is_name(value))
    };
    let ask = section.take("ask").optional(assignment, is_assignment, mistakes);
    section.refuse_the_rest(mistakes);
    match given {
        0 => Total::Always,
        1 => {
            let ask = ask.unwrap_or_else(|| "_total=accurate".to_owned());
            let (name, value) = ask.split_once('=').unwrap_or(("_total", "accurate"));
            Total::OnRequest(name.to_owned(), value.to_owned())
        }
        _ => Total::Never,
    }
}

fn paging(field: Field, mistakes: &mut Vec<String>) -> Paging {
    let mut section = field.section(mistakes);
    let kinds = [("page", PagingBy::Page), ("offset", PagingBy::Offset), ("link", PagingBy::Link)];
    let by = section.take("by").choice(&kinds, PagingBy::Link, mistakes);
    let mut parameters = section.take("parameters").words(PARAMETER, is_name, mistakes);
    let origins = [("own", false), ("any", true)];
    let any_origin = section.take("link_origin").choice(&origins, false, mistakes);
    section.refuse_the_rest(mistakes);
    if parameters.is_empty() {
        let usual: &[&str] = match by {
            PagingBy::Page => &["_page"],
            PagingBy::Offset => &["_offset"],
            PagingBy::Link => &["_cursor", "_page", "_offset", "page", "cursor", "ct"],
        };
        parameters = usual.iter().map(|&name| name.to_owned()).collect();
    } else if by != PagingBy::Link && parameters.len() > 1 {
        mistakes.push("search.paging.parameters: write one, as a number says it all".to_owned());
    }
    Paging { by, parameters, any_origin }
}

fn dialect(section: &mut Section, mistakes: &mut Vec<String>) -> Dialect {
    let study = section.take("study_parameter").optional(PARAMETER, is_name, mistakes);
    let formats = [("plain", IdentifierFormat::Plain), ("after_bar", IdentifierFormat::AfterBar)];
    Dialect {
        study_parameter: study.unwrap_or_else(|| STUDY.to_owned()),
        identifiers: section.take("identifiers").choice(
            &formats,
            IdentifierFormat::Plain,
            mistakes,
        ),
        updated_key: section.take("updated_key").optional(PARAMETER, is_name, mistakes),
        tie_break: section.take("tie_break").optional(PARAMETER, is_name, mistakes),
    }
}

fn listed(mut section: Section, mistakes: &mut Vec<String>) -> Option<ListedCode> {
    let some = |text: &str| !text.trim().is_empty();
    let right = "write text";
    let name = section.take("name").required(right, |text| is_word(text, '-'), mistakes);
    let system = section.take("system").required(right, some, mistakes);
    let code = section.take("code").required(right, some, mistakes);
    let display = section.take("display").required(right, some, mistakes);
    section.refuse_the_rest(mistakes);
    Some(ListedCode { name, system: system?, code: code?, display: display? })
}

fn aliases(field: Field, mistakes: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for (alias, field) in field.entries(mistakes) {
        let tool = field.optional("write the name of a tool", |text| is_word(text, '_'), mistakes);
        if !is_word(&alias, '_') {
            mistakes.push(format!("aliases: {alias:?} is no name of a tool, {TOOL}"));
        } else if let Some(tool) = tool {
            aliases.insert(alias, tool);
        }
    }
    aliases
}

fn bounds(field: Field, mistakes: &mut Vec<String>) -> Bounds {
    let mut section = field.section(mistakes);
    let bounds = Bounds {
        page_size: section.take("page_size").small_number(100, 1..=10_000, mistakes),
        walk_pages: section.take("walk_pages").small_number(20, 1..=1_000, mistakes),
        undated_pages: section.take("undated_pages").small_number(5, 0..=100, mistakes),
        series_pages: section.take("series_pages").small_number(60, 1..=1_000, mistakes),
        fan_out: section.take("fan_out").number(6, 1..=64, mistakes),
    };
    section.refuse_the_rest(mistakes);
    bounds
}
