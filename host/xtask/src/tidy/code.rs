//! Rust source reduced to its code: comments, literals and test items become spaces, so that
//! columns and lines stay where they are. Not a parser; good enough for formatted code.

use std::iter::Peekable;
use std::str::Chars;

/// What stands above an item that only tests see.
const TEST_ITEMS: [&str; 2] = ["#[cfg(test)]", "#[cfg(all(test,"];

/// `text` with comments and the contents of literals blanked.
pub(super) fn code(text: &str) -> String {
    let mut blanker = Blanker {
        rest: text.chars().peekable(),
        code: String::with_capacity(text.len()),
    };
    blanker.run();
    blanker.code
}

/// `text` as by [`code`], and without items that only tests see.
pub(super) fn production(text: &str) -> String {
    let mut code = code(text);
    while let Some(start) = TEST_ITEMS.iter().find_map(|mark| code.find(mark)) {
        let end = item_end(&code[start..]).map_or(code.len(), |length| start + length);
        let blank: String = code[start..end].chars().map(blank).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// The words of `line`: identifiers and numbers.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// The length of the item that `code` starts with: up to its `;` or its closing brace.
fn item_end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return Some(index + 1),
            '}' => depth -= 1,
            ';' if depth == 0 => return Some(index + 1),
            _ => {}
        }
    }
    None
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

struct Blanker<'a> {
    rest: Peekable<Chars<'a>>,
    code: String,
}

impl Blanker<'_> {
    fn run(&mut self) {
        while let Some(&c) = self.rest.peek() {
            match c {
                '/' => self.slash(),
                '"' => self.string(),
                '\'' => self.quote(),
                _ if c.is_alphabetic() || c == '_' => self.word(),
                _ => self.keep(),
            }
        }
    }

    fn keep(&mut self) {
        self.code.extend(self.rest.next());
    }

    fn hide(&mut self) -> Option<char> {
        let c = self.rest.next();
        self.code.extend(c.map(blank));
        c
    }

    fn next_is(&mut self, c: char) -> bool {
        self.rest.peek() == Some(&c)
    }

    fn slash(&mut self) {
        let mut ahead = self.rest.clone();
        ahead.next();
        match ahead.next() {
            Some('/') => while !self.next_is('\n') && self.hide().is_some() {},
            Some('*') => self.block_comment(),
            _ => self.keep(),
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.hide() {
            if c == '/' && self.next_is('*') {
                self.hide();
                depth += 1;
            } else if c == '*' && self.next_is('/') {
                self.hide();
                depth -= 1;
            }
            if depth == 0 && c == '*' {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(&c) = self.rest.peek() {
            match c {
                '"' => return self.keep(),
                '\\' => {
                    self.hide();
                    self.hide();
                }
                _ => drop(self.hide()),
            }
        }
    }

    /// A quote begins a character or a lifetime; only the former is closed by another quote.
    fn quote(&mut self) {
        let mut ahead = self.rest.clone();
        ahead.next();
        let escaped = ahead.next() == Some('\\');
        let closed = ahead.next() == Some('\'');
        self.keep();
        if !escaped && !closed {
            return;
        }
        if escaped {
            self.hide();
        }
        self.hide();
        while !self.next_is('\'') && self.hide().is_some() {}
        self.keep();
    }

    /// A word, or the prefix of a raw string.
    fn word(&mut self) {
        let start = self.code.len();
        while self
            .rest
            .peek()
            .is_some_and(|c| c.is_alphanumeric() || *c == '_')
        {
            self.keep();
        }
        if matches!(&self.code[start..], "r" | "br" | "cr") {
            self.raw_string();
        }
    }

    fn raw_string(&mut self) {
        let mut ahead = self.rest.clone();
        let mut hashes = 0;
        while ahead.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        // `r#name` is a word too.
        if ahead.next() != Some('"') {
            return;
        }
        for _ in 0..=hashes {
            self.keep();
        }
        while !self.at_end_of_raw(hashes) && self.hide().is_some() {}
        for _ in 0..=hashes {
            self.keep();
        }
    }

    fn at_end_of_raw(&self, hashes: usize) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some('"') && (0..hashes).all(|_| ahead.next() == Some('#'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"f("b\"c", d)"#), r#"f("    ", d)"#);
        assert_eq!(code(r###"f(r#"b"c"#, d)"###), r###"f(r#"   "#, d)"###);
        assert_eq!(code("r#type + br\"x\""), "r#type + br\" \"");
    }

    #[test]
    fn characters_are_literals_and_lifetimes_are_not() {
        assert_eq!(code("'a', x"), "' ', x");
        assert_eq!(code(r"'\'', x"), "'  ', x");
        assert_eq!(code(r"'\u{1F}', x"), "'      ', x");
        assert_eq!(code("&'a str, 'b"), "&'a str, 'b");
        assert_eq!(code("'\"', \"x\""), "' ', \" \"");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let text = "a\n/* b\n c */\n\"d\ne\"\n";
        assert_eq!(code(text).lines().count(), text.lines().count());
        assert_eq!(code(text).len(), text.len());
    }

    #[test]
    fn items_of_tests_are_no_production_code() {
        let text = "a;\n#[cfg(test)]\nuse b;\nc;\n#[cfg(all(test, x))]\nmod d { f { g } }\nh;";
        let production = production(text);
        assert_eq!(words(&production).collect::<String>(), "ach");
        assert_eq!(production.lines().count(), 7);
    }
}
