//! Sizes and spans of time as people write them, in policy files and in flags.

use std::time::Duration;

use crate::capability::RuleError;

/// Reads a size in bytes: a number alone, or with `KiB`, `MiB` or `GiB`.
pub fn parse_size(text: &str) -> Result<usize, RuleError> {
    let (number, unit) = split(text);
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(malformed("size", "512MiB; units are KiB, MiB and GiB")),
    };
    let number: usize = number
        .parse()
        .map_err(|_| malformed("size", "512MiB, a whole number and a unit"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| RuleError::new("the size is beyond what this machine can address"))
}

/// Reads a span of time: a whole number with `ms`, `s`, `m` or `h`.
pub fn parse_duration(text: &str) -> Result<Duration, RuleError> {
    let (number, unit) = split(text);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(malformed("duration", "5s; units are ms, s, m and h")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| malformed("duration", "5s, a whole number and a unit"))?;
    let span = number.checked_mul(milliseconds).map(Duration::from_millis);
    span.ok_or_else(|| RuleError::new("the duration is too long"))
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

fn malformed(what: &str, example: &str) -> RuleError {
    RuleError::new(format!("a {what} is written as in {example}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("0"), Ok(0));
        assert_eq!(parse_size("7B"), Ok(7));
        assert_eq!(parse_size("1KiB"), Ok(1024));
        assert_eq!(parse_size("512MiB"), Ok(512 * 1024 * 1024));
        assert_eq!(parse_size("2GiB"), Ok(2 * 1024 * 1024 * 1024));
        assert_eq!(parse_size(&usize::MAX.to_string()), Ok(usize::MAX));
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
        let longest = format!("{}ms", u64::MAX);
        assert_eq!(
            parse_duration(&longest),
            Ok(Duration::from_millis(u64::MAX))
        );
    }

    #[test]
    fn what_is_no_size_is_refused() {
        let beyond = format!("{}KiB", usize::MAX);
        for text in [
            "", "MiB", "1MB", "1.5GiB", "-1", "+1", "1 MiB", "1mib", &beyond,
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let beyond = format!("{}s", u64::MAX);
        for text in ["", "5", "s", "1.5s", "-1s", "5 s", "5S", "1d", &beyond] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
