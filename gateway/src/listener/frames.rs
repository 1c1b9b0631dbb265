//! The frames of an HTTP/2 connection as they pass by (RFC 9113 §4.1): just enough of them to see where
//! a header begins, where it ends and how many fields it holds. Whether they are right is judged elsewhere.

use super::fields::Fields;

/// What a client sends before its first frame (RFC 9113 §3.4).
const PREFACE: usize = 24;
/// The head of a frame: three bytes of length, type, flags, four of stream.
const HEAD: usize = 9;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// How far the bytes of a client have come.
#[derive(Debug)]
pub(super) struct Frames {
    /// Of the preface and the head of its first frame, which are one wait.
    preface: usize,
    head: Vec<u8>,
    /// Bytes that the frame under way still lacks.
    missing: usize,
    /// The header under way, counted from 1, and whether the frame under way is its last.
    header: Option<(u64, bool)>,
    headers: u64,
    /// What of the frame under way is a header's.
    part: Option<Part>,
    fields: Fields,
    most_fields: usize,
}

/// A frame that holds a header or a part of one (RFC 9113 §6.2, §6.10).
#[derive(Debug, Default)]
struct Part {
    /// Whether the length of its padding is still to come.
    padded: bool,
    /// Bytes before the block that say something about priorities.
    before: usize,
    /// Bytes after it.
    padding: usize,
}

impl Part {
    fn of(kind: u8, flags: u8) -> Option<Self> {
        let has = |flag: u8| kind == HEADERS && flags & flag != 0;
        let before = if has(PRIORITY) { 5 } else { 0 };
        let part = Self { padded: has(PADDED), before, padding: 0 };
        matches!(kind, HEADERS | CONTINUATION).then_some(part)
    }

    /// What of these bytes belongs to the block; with them, `missing` are left of the frame.
    fn block<'b>(&mut self, mut bytes: &'b [u8], mut missing: usize) -> &'b [u8] {
        if self.padded
            && let Some((padding, rest)) = bytes.split_first()
        {
            (self.padded, self.padding) = (false, usize::from(*padding));
            (bytes, missing) = (rest, missing - 1);
        }
        let (skipped, bytes) = bytes.split_at(self.before.min(bytes.len()));
        self.before -= skipped.len();
        missing -= skipped.len();
        let block = missing.saturating_sub(self.before + self.padding).min(bytes.len());
        bytes.get(..block).unwrap_or_default()
    }
}

impl Default for Frames {
    fn default() -> Self {
        let head = Vec::with_capacity(HEAD);
        Self {
            preface: PREFACE + HEAD,
            head,
            missing: 0,
            header: None,
            headers: 0,
            part: None,
            fields: Fields::default(),
            most_fields: 0,
        }
    }
}

impl Frames {
    /// These bytes pass.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        if let Some(skipped) = self.preface.checked_sub(HEAD).filter(|left| *left > 0) {
            let skipped = skipped.min(bytes.len());
            self.preface -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
        }
        while !bytes.is_empty() {
            let wanted = if self.missing > 0 { self.missing } else { HEAD - self.head.len() };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            bytes = later;
            if self.missing > 0 {
                if let Some(part) = &mut self.part {
                    self.fields.pass(part.block(now, self.missing));
                    self.most_fields = self.most_fields.max(self.fields.count());
                }
                self.missing -= now.len();
                self.close();
                continue;
            }
            self.head.extend(now);
            if self.head.len() == HEAD {
                self.preface = 0;
                self.open();
            }
        }
    }

    /// The header under way: 0 is the preface. Each has a number of its own.
    pub(super) fn header(&self) -> Option<u64> {
        if self.preface > 0 { Some(0) } else { self.header.map(|(header, _)| header) }
    }

    /// How many fields the largest header has had so far.
    pub(super) const fn most_fields(&self) -> usize {
        self.most_fields
    }

    /// A head is complete.
    fn open(&mut self) {
        if let [high, middle, low, kind, flags, ..] = *self.head {
            self.missing = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            let is_last = flags & END_HEADERS != 0;
            self.part = Part::of(kind, flags);
            match (kind, &mut self.header) {
                (HEADERS, _) => {
                    self.headers += 1;
                    self.fields = Fields::default();
                    self.header = Some((self.headers, is_last));
                }
                (CONTINUATION, Some((_, last))) => *last = is_last,
                _ => {}
            }
        }
        self.head.clear();
        self.close();
    }

    /// A header ends with its last frame.
    fn close(&mut self) {
        if self.missing == 0 && matches!(self.header, Some((_, true))) {
            self.header = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let head = [0, 0, length, kind, flags, 0, 0, 0, 1];
        [&head[..], &vec![7; usize::from(length)]].concat()
    }

    const SETTINGS: u8 = 4;
    const DATA: u8 = 0;

    /// After the preface and the first frame.
    fn begun() -> Frames {
        let mut frames = Frames::default();
        frames.pass(&[b'p'; PREFACE]);
        frames.pass(&frame(SETTINGS, 0, 6));
        frames
    }

    #[test]
    fn the_preface_lasts_until_the_head_of_the_first_frame() {
        let mut frames = Frames::default();
        let opening = [vec![b'p'; PREFACE], frame(SETTINGS, 0, 6)].concat();
        for byte in &opening[..PREFACE + HEAD] {
            assert_eq!(frames.header(), Some(0));
            frames.pass(&[*byte]);
        }
        assert_eq!(frames.header(), None);
    }

    #[test]
    fn a_header_lasts_from_its_first_head_to_the_last_byte_of_its_last_frame() {
        let spread = [
            frame(HEADERS, 0, 3),
            frame(CONTINUATION, 0, 0),
            frame(CONTINUATION, 0, 200),
            frame(CONTINUATION, END_HEADERS, 2),
        ]
        .concat();
        for size in [1, 2, 7, 9, 50, 500] {
            let mut frames = begun();
            let mut passed = 0;
            for part in spread.chunks(size) {
                frames.pass(part);
                passed += part.len();
                let expected = (HEAD..spread.len()).contains(&passed).then_some(1);
                assert_eq!(frames.header(), expected, "{passed} by {size}");
            }
        }
    }

    #[test]
    fn what_is_in_one_piece_is_never_under_way_and_other_frames_are_no_headers() {
        let mut frames = begun();
        for frame in [
            frame(HEADERS, END_HEADERS, 9),
            frame(DATA, END_HEADERS, 9),
            frame(SETTINGS, 0, 0),
            frame(HEADERS, END_HEADERS, 0),
            frame(CONTINUATION, 0, 1),
        ] {
            frames.pass(&frame);
            assert_eq!(frames.header(), None);
        }
    }

    /// A header of so many fields in one byte each, and what stands before and after them.
    fn fields(count: usize, flags: u8, before: &[u8], after: &[u8]) -> Vec<u8> {
        let block = [before, &vec![0x82; count], after].concat();
        let length = u8::try_from(block.len() / 256).unwrap();
        let rest = u8::try_from(block.len() % 256).unwrap();
        [&[0, length, rest, HEADERS, flags, 0, 0, 0, 1][..], &block].concat()
    }

    #[test]
    fn the_fields_of_a_header_are_counted_however_it_is_padded_and_cut_up() {
        let ends = END_HEADERS;
        let both = ends | PADDED | PRIORITY;
        let rest = [&[0, 0, 100, CONTINUATION, ends, 0, 0, 0, 1][..], &[0x82; 100]].concat();
        for (bytes, count) in [
            (fields(300, ends, &[], &[]), 300),
            // What only looks like fields: priorities, and padding.
            (fields(300, ends | PRIORITY, &[0x82; 5], &[]), 300),
            (fields(300, ends | PADDED, &[200], &[0x82; 200]), 300),
            (fields(300, both, &[9, 0x82, 0x82, 0x82, 0x82, 0x82], &[0x82; 9]), 300),
            (fields(200, ends | PADDED, &[255], &[]), 0),
            // Over two frames, and two headers.
            ([fields(200, 0, &[], &[]), rest].concat(), 300),
            ([fields(300, ends, &[], &[]), fields(2, ends, &[], &[])].concat(), 300),
            (frame(DATA, 0, 200), 0),
        ] {
            for size in [1, 2, 7, 100, 5000] {
                let mut frames = begun();
                bytes.chunks(size).for_each(|part| frames.pass(part));
                assert_eq!(frames.most_fields(), count, "{size} {bytes:?}");
            }
        }
    }

    #[test]
    fn the_next_header_has_another_number() {
        let mut frames = begun();
        frames.pass(&frame(HEADERS, 0, 1));
        let first = frames.header();
        frames.pass(&frame(CONTINUATION, END_HEADERS, 1));
        frames.pass(&frame(HEADERS, 0, 1));
        assert!(first.is_some() && frames.header().is_some() && first != frames.header());
    }
}
