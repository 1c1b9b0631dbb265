//! Reading fields of the shapes that profiles have: choices, lists, switches, nested sections.

use std::ops::RangeInclusive;

use analytics::small_cells::Threshold;
use yaml_serde::Value;

use super::BackendLimits;
use super::section::{Field, Section};

impl Field {
    /// The section `answers`: the largest one, and the fewest participants that a figure may be about.
    pub(super) fn answers(self, limits: &mut BackendLimits, mistakes: &mut Vec<String>) {
        let mut section = self.section(mistakes);
        let bounds = 4_096..=1 << 20;
        limits.answer_bytes =
            section.take("max_bytes").number(limits.answer_bytes, bounds, mistakes);
        limits.smallest_cell =
            section.take("smallest_cell").number(limits.smallest_cell, 1..=1_000, mistakes);
        if Threshold::of(limits.smallest_cell).is_none() {
            let wrong = "answers.smallest_cell: of two participants each knows the other's figure; \
                         write 3 or more, or 1 to suppress nothing";
            mistakes.push(wrong.to_owned());
        }
        section.refuse_the_rest(mistakes);
    }

    /// A section inside a section; an absent one has no fields.
    pub(crate) fn section(self, mistakes: &mut Vec<String>) -> Section {
        Section::new(&self.name, self.value, mistakes)
    }

    /// A section, if there is one.
    pub(crate) fn optional_section(self, mistakes: &mut Vec<String>) -> Option<Section> {
        self.value.is_some().then(|| self.section(mistakes))
    }

    /// Text that must be there and satisfy a rule.
    pub(crate) fn required(
        &self,
        right: &str,
        is_right: impl Fn(&str) -> bool,
        mistakes: &mut Vec<String>,
    ) -> Option<String> {
        if self.value.is_none() {
            mistakes.push(format!("{}: is missing, {right}", self.name));
        }
        self.optional(right, is_right, mistakes)
    }

    /// Text that may be absent, and otherwise satisfies a rule.
    pub(crate) fn optional(
        &self,
        right: &str,
        is_right: impl Fn(&str) -> bool,
        mistakes: &mut Vec<String>,
    ) -> Option<String> {
        let text = self.text(right, mistakes)?;
        if is_right(text) {
            return Some(text.to_owned());
        }
        mistakes.push(format!("{}: {text:?} is none, {right}", self.name));
        None
    }

    /// One of a closed list of words; absent, it is `usual`.
    pub(crate) fn choice<T: Copy>(
        &self,
        words: &[(&str, T)],
        usual: T,
        mistakes: &mut Vec<String>,
    ) -> T {
        let Some(value) = &self.value else { return usual };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        if let Some((_, choice)) = found {
            return *choice;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        mistakes.push(format!("{}: must be one of {}", self.name, known.join(", ")));
        usual
    }

    /// Yes or no.
    pub(crate) fn switch(&self, usual: bool, mistakes: &mut Vec<String>) -> bool {
        match &self.value {
            None => usual,
            Some(Value::Bool(switch)) => *switch,
            Some(_) => {
                mistakes.push(format!("{}: must be true or false", self.name));
                usual
            }
        }
    }

    /// A list of words that each satisfy a rule.
    pub(crate) fn words(
        &self,
        right: &str,
        is_right: impl Fn(&str) -> bool,
        mistakes: &mut Vec<String>,
    ) -> Vec<String> {
        let list = match &self.value {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Sequence(list)) => list,
            Some(_) => {
                mistakes.push(format!("{}: must be a list, {right}", self.name));
                return Vec::new();
            }
        };
        let mut words = Vec::new();
        for item in list {
            if let Some(word) = item.as_str().filter(|word| is_right(word)) {
                words.push(word.to_owned());
            } else {
                let shown = item.as_str().unwrap_or("?");
                mistakes.push(format!("{}: {shown:?} is none, {right}", self.name));
            }
        }
        words
    }

    /// The sections of a list.
    pub(crate) fn sections(self, mistakes: &mut Vec<String>) -> Vec<Section> {
        match self.value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Sequence(list)) => list
                .into_iter()
                .enumerate()
                .map(|(at, item)| {
                    Section::new(&format!("{}[{at}]", self.name), Some(item), mistakes)
                })
                .collect(),
            Some(_) => {
                mistakes.push(format!("{}: must be a list", self.name));
                Vec::new()
            }
        }
    }

    /// A mapping whose keys are free, as fields named after them.
    pub(crate) fn entries(self, mistakes: &mut Vec<String>) -> Vec<(String, Self)> {
        match self.value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Mapping(mapping)) => mapping
                .into_iter()
                .filter_map(|(key, value)| {
                    let key = key.as_str()?.to_owned();
                    let name = format!("{}.{key}", self.name);
                    Some((key, Self { name, value: Some(value) }))
                })
                .collect(),
            Some(_) => {
                mistakes.push(format!("{}: must be a mapping", self.name));
                Vec::new()
            }
        }
    }

    /// A number that fits 32 bits.
    pub(crate) fn small_number(
        &self,
        usual: u32,
        bounds: RangeInclusive<usize>,
        mistakes: &mut Vec<String>,
    ) -> u32 {
        let usual = usize::try_from(usual).unwrap_or_default();
        u32::try_from(self.number(usual, bounds, mistakes)).unwrap_or(u32::MAX)
    }
}
