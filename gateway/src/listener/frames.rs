//! The frames of an HTTP/2 connection as they pass by (RFC 9113 §4.1): just enough of them to see where
//! a header begins and where it ends. Whether they are right is judged elsewhere.

/// What a client sends before its first frame (RFC 9113 §3.4).
const PREFACE: usize = 24;
/// The head of a frame: three bytes of length, type, flags, four of stream.
const HEAD: usize = 9;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

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
}

impl Default for Frames {
    fn default() -> Self {
        let head = Vec::with_capacity(HEAD);
        Self { preface: PREFACE + HEAD, head, missing: 0, header: None, headers: 0 }
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

    /// A head is complete.
    fn open(&mut self) {
        if let [high, middle, low, kind, flags, ..] = *self.head {
            self.missing = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            let is_last = flags & END_HEADERS != 0;
            match (kind, &mut self.header) {
                (HEADERS, _) => {
                    self.headers += 1;
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
