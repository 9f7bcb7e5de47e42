//! What a guest writes to a terminal that it may not control: text, and nothing that a terminal
//! takes for a command. Whatever comes out is whole UTF-8, however the writes were cut.

use anstream::adapter::StripBytes;

/// Takes escape sequences and control characters out of what passes, but for line feed, carriage
/// return and tabulator. Bytes that are no UTF-8 are left out too.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Takes out sequences whole. It is made for well-behaved programs and lets a control character
    /// pass that stands inside of a malformed one, so it has not the last word.
    sequences: StripBytes,
    /// The begin of a character whose end has not come yet, and what is looked at.
    bytes: Vec<u8>,
    text: String,
}

impl Filter {
    /// What is left of `bytes`, which follow on those of the last call.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> &[u8] {
        self.text.clear();
        for piece in self.sequences.strip_next(bytes) {
            self.bytes.extend_from_slice(piece);
        }
        let mut rest = &self.bytes[..];
        // An end that may become a character is kept.
        while let Some(after) = pass_some(rest, &mut self.text) {
            rest = after;
        }
        let passed = self.bytes.len() - rest.len();
        self.bytes.drain(..passed);
        self.text.as_bytes()
    }
}

/// Adds what is harmless of the first characters of `bytes` to `text`, and returns what follows
/// them; none when no whole character is left.
fn pass_some<'a>(bytes: &'a [u8], text: &mut String) -> Option<&'a [u8]> {
    let chunk = bytes.utf8_chunks().next()?;
    text.extend(chunk.valid().chars().filter(|&c| is_harmless(c)));
    let (valid, invalid) = (chunk.valid().len(), chunk.invalid());
    let is_begin = valid + invalid.len() == bytes.len()
        && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
    match is_begin {
        true if valid == 0 => None,
        true => bytes.get(valid..),
        false => bytes.get(valid + invalid.len()..),
    }
}

fn is_harmless(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pieces: &[&[u8]]) -> Vec<u8> {
        let mut filter = Filter::default();
        pieces
            .iter()
            .flat_map(|piece| filter.pass(piece).to_vec())
            .collect()
    }

    /// Passes `bytes` cut in two at each place.
    #[track_caller]
    fn passes(bytes: &[u8], expected: &[u8]) {
        for cut in 0..=bytes.len() {
            let (one, two) = bytes.split_at(cut);
            let passed = passed(&[one, two]);
            assert_eq!(
                passed.escape_ascii().to_string(),
                expected.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn text_passes_whole_however_it_is_cut() {
        let text = "plain, größer, 大きい, 🦀\r\n\tend".as_bytes();
        passes(text, text);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(passed(&bytes), text);
    }

    #[test]
    fn sequences_are_taken_out_however_they_are_cut() {
        passes(b"a\x1b[31mred\x1b[0m", b"ared");
        passes(b"a\x1b]0;title\x07b", b"ab");
        passes(b"a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", b"alinkb");
        passes(b"a\x1bcb\x1b[2J\x1b[Hc", b"abc");
        passes(b"a\x1bP1$r0m\x1b\\b", b"ab");
    }

    #[test]
    fn control_characters_are_taken_out() {
        passes(b"a\0\x07\x08\x0b\x0c\x0e\x18\x1a\x7fb", b"ab");
        let all: Vec<u8> = (0..=0x1f).chain([0x7f]).filter(|&c| c != 0x1b).collect();
        passes(&all, b"\t\n\r");
    }

    #[test]
    fn controls_of_the_second_set_are_taken_out_as_characters_and_as_bytes() {
        passes("a\u{9b}31mb\u{85}\u{80}\u{9f}c".as_bytes(), b"a31mbc");
        passes(b"a\x9b31mb", b"a31mb");
        passes("\u{a0}é".as_bytes(), "\u{a0}é".as_bytes());
    }

    #[test]
    fn a_malformed_character_hides_no_escape() {
        for begin in [
            &b"\xc2"[..],
            b"\xe2",
            b"\xe2\x82",
            b"\xf0\x9f",
            b"\xff",
            b"\x80",
        ] {
            for hidden in [&b"\x1b[31m"[..], b"\x1b]0;x\x07", b"\x9b31m", b"\x07"] {
                let bytes = [begin, hidden, b"!"].concat();
                let passed = passed(&[&bytes]);
                let text = String::from_utf8(passed).unwrap();
                assert!(
                    !text.contains(char::is_control) && text.ends_with('!'),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_left_of_a_sequence_makes_no_other() {
        passes(b"\x1b\x1b[31m[31mx", b"[31mx");
        let passed = passed(&[b"\xc2\x1b[m\x9bx"]);
        assert_eq!(passed.escape_ascii().to_string(), "[mx");
    }
}
