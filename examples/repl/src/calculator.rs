//! Whole numbers, names for them, and the four operations. Each rule of the grammar is a function.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// How deep parentheses may be nested.
const DEPTH_MAX: u32 = 100;

/// What has a name so far.
#[derive(Debug, Default)]
pub(crate) struct Calculator {
    names: BTreeMap<String, i64>,
}

impl Calculator {
    /// Runs a line: `NAME = EXPRESSION`, an expression, whose value is returned, or nothing.
    pub(crate) fn run(&mut self, line: &str) -> Result<Option<i64>, String> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(None);
        }
        match line.split_once('=') {
            Some((name, expression)) => {
                let value = self.value(expression)?;
                self.names.insert(name_of(name)?, value);
                Ok(None)
            }
            None => self.value(line).map(Some),
        }
    }

    fn value(&self, text: &str) -> Result<i64, String> {
        let mut parser = Parser {
            names: &self.names,
            rest: text.chars().peekable(),
            depth: 0,
        };
        let value = parser.sum()?;
        match parser.next() {
            None => Ok(value),
            Some(c) => Err(format!("{c:?} is out of place")),
        }
    }
}

fn name_of(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = name.starts_with(char::is_alphabetic) && name.chars().all(char::is_alphanumeric);
    fits.then(|| name.to_owned())
        .ok_or_else(|| format!("{name:?} is no name"))
}

struct Parser<'a> {
    names: &'a BTreeMap<String, i64>,
    rest: Peekable<Chars<'a>>,
    depth: u32,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<i64, String> {
        let mut value = self.product()?;
        while let Some(operator) = self.next_if(&['+', '-']) {
            let right = self.product()?;
            value = operate(value, operator, right)?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<i64, String> {
        let mut value = self.factor()?;
        while let Some(operator) = self.next_if(&['*', '/']) {
            let right = self.factor()?;
            value = operate(value, operator, right)?;
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<i64, String> {
        if self.next_if(&['-']).is_some() {
            return operate(0, '-', self.nested(Self::factor)?);
        }
        if self.next_if(&['(']).is_none() {
            return self.word();
        }
        let value = self.nested(Self::sum)?;
        let closed = self.next_if(&[')']);
        closed
            .map(|_| value)
            .ok_or_else(|| "a ) is missing".to_owned())
    }

    fn word(&mut self) -> Result<i64, String> {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric()) {
            word.push(c);
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().map_err(|_| format!("{word} is no number"));
        }
        let value = self.names.get(&word).copied();
        value.ok_or_else(|| match word.as_str() {
            "" => "a number is missing".to_owned(),
            name => format!("{name} has no value"),
        })
    }

    fn nested(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<i64, String>,
    ) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("nested too deep".to_owned());
        }
        let value = rule(self);
        self.depth -= 1;
        value
    }

    fn next(&mut self) -> Option<char> {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        self.rest.next()
    }

    fn next_if(&mut self, wanted: &[char]) -> Option<char> {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        let found = self.rest.next_if(|c| wanted.contains(c));
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        found
    }
}

fn operate(left: i64, operator: char, right: i64) -> Result<i64, String> {
    let value = match operator {
        '+' => left.checked_add(right),
        '-' => left.checked_sub(right),
        '*' => left.checked_mul(right),
        _ if right == 0 => return Err("division by zero".to_owned()),
        _ => left.checked_div(right),
    };
    value.ok_or_else(|| "too large".to_owned())
}
