//! How many fields a header of HTTP/2 holds, by the form of its block alone (RFC 7541 §6): nothing is
//! decoded and nothing is kept. Whether the block is right is judged elsewhere.

/// A block, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    count: usize,
    expected: Expected,
}

/// What comes next. `strings` says how many the field still has, the one at hand included.
#[derive(Clone, Copy, Debug, Default)]
enum Expected {
    /// A field, or another size for the table.
    #[default]
    Field,
    /// The rest of an index or a size (§5.1).
    Number { strings: u8 },
    /// The first byte of a string (§5.2): its length, or the beginning of it.
    String { strings: u8 },
    /// The rest of its length.
    Length { strings: u8, known: usize, shift: u32 },
    /// The string itself.
    Text { strings: u8, left: usize },
}

impl Fields {
    /// These bytes of the block pass.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            let goes_on = byte & 0x80 != 0;
            let seven = usize::from(byte & 0x7f);
            self.expected = match self.expected {
                Expected::Field => self.begin(byte),
                Expected::Number { .. } if goes_on => self.expected,
                Expected::Number { strings } => string(strings),
                Expected::String { strings } if seven == 0x7f => {
                    Expected::Length { strings, known: seven, shift: 0 }
                }
                Expected::String { strings } => text(strings, seven),
                Expected::Length { strings, known, shift } => {
                    // Longer than any frame: nothing after it is a field any more.
                    let more = if shift > 21 { usize::MAX } else { seven << shift };
                    let known = known.saturating_add(more);
                    if goes_on {
                        Expected::Length { strings, known, shift: shift.saturating_add(7) }
                    } else {
                        text(strings, known)
                    }
                }
                Expected::Text { strings, left } => {
                    let (_, after) = rest.split_at((left - 1).min(rest.len()));
                    let passed = 1 + rest.len() - after.len();
                    bytes = after;
                    text(strings, left - passed)
                }
            };
        }
    }

    /// How many have begun so far.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The first byte of a field, or of another size for the table (§6.3), which is none.
    fn begin(&mut self, byte: u8) -> Expected {
        let (most, is_literal) = match byte {
            0x80.. => (0x7f, false),
            0x40.. => (0x3f, true),
            0x20.. => (0x1f, false),
            _ => (0x0f, true),
        };
        self.count += usize::from(is_literal || byte >= 0x80);
        let number = byte & most;
        let strings = match (is_literal, number) {
            (false, _) => 0,
            // Its name is spelled out as well.
            (true, 0) => 2,
            (true, _) => 1,
        };
        if number == most { Expected::Number { strings } } else { string(strings) }
    }
}

const fn string(strings: u8) -> Expected {
    if strings == 0 { Expected::Field } else { Expected::String { strings } }
}

const fn text(strings: u8, left: usize) -> Expected {
    if left == 0 { string(strings - 1) } else { Expected::Text { strings, left } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read in pieces of every size, it is the same.
    fn count(block: &[u8]) -> usize {
        let counted = |size: usize| {
            let mut fields = Fields::default();
            block.chunks(size).for_each(|part| fields.pass(part));
            fields.count()
        };
        let whole = counted(block.len());
        assert!((1..block.len()).all(|size| counted(size) == whole));
        whole
    }

    /// RFC 7541, appendix C.
    #[test]
    fn the_examples_of_the_specification_have_as_many_fields_as_it_says() {
        for (block, fields) in [
            (&b"\x40\x0acustom-key\x0dcustom-header"[..], 1),
            (b"\x04\x0c/sample/path", 1),
            (b"\x10\x08password\x06secret", 1),
            (b"\x82", 1),
            (b"\x82\x86\x84\x41\x0fwww.example.com", 4),
            (b"\x82\x86\x84\xbe\x58\x08no-cache", 5),
            (b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", 4),
        ] {
            assert_eq!(count(block), fields, "{block:?}");
        }
    }

    #[test]
    fn numbers_and_lengths_of_several_bytes_are_read_to_their_ends() {
        let long = [&b"\x00\x01x\x7f\xcd\x01"[..], &[0x82; 127 + 0x4d + 128], b"\x82"].concat();
        for (block, fields) in [
            // An index of 127 + 3, one of 63 + 0 with a value, a size of 31 + 1.
            (&b"\xff\x03\x82"[..], 2),
            (b"\x7f\x00\x01v\x82", 2),
            (b"\x0f\x81\x00\x01v\x82", 2),
            (b"\x3f\x01\x82", 1),
            (b"\x20\x82", 1),
            // A value, and a name and a value, without a byte.
            (b"\x04\x00\x82", 2),
            (b"\x00\x00\x00\x82", 2),
            (&long, 2),
            // A length without end is no field, and nothing after it is.
            (b"\x04\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x82\x82", 1),
        ] {
            assert_eq!(count(block), fields, "{block:?}");
        }
    }
}
