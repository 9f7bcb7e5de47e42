//! What one child may use, as people write it, in policy files and in flags.

use std::time::Duration;

use super::units::{parse_duration, parse_size};
use crate::capability::RuleError;
use crate::quota::ChildLimits;

/// Reads `cpu=10s,mem=512MiB,files=64`, in any order, each of which may be left out.
pub fn parse_child_limits(text: &str) -> Result<ChildLimits, RuleError> {
    text.split(',').try_fold(ChildLimits::default(), with)
}

fn with(mut limits: ChildLimits, part: &str) -> Result<ChildLimits, RuleError> {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let before = match key {
        "cpu" => limits.cpu.replace(cpu(value)?).is_some(),
        "mem" => limits.memory.replace(memory(value)?).is_some(),
        "files" => limits.files.replace(files(value)?).is_some(),
        _ => {
            return Err(RuleError::new(
                "a child's limits are written as in cpu=10s,mem=512MiB,files=64",
            ));
        }
    };
    match before {
        true => Err(RuleError::new(format!("{key} is given twice"))),
        false => Ok(limits),
    }
}

/// The system counts seconds, and takes none for its least time.
fn cpu(value: &str) -> Result<Duration, RuleError> {
    let span = parse_duration(value)?;
    match span.as_secs() > 0 && span.subsec_nanos() == 0 {
        true => Ok(span),
        false => Err(RuleError::new("cpu is in whole seconds, at least 1s")),
    }
}

fn memory(value: &str) -> Result<u64, RuleError> {
    let size = parse_size(value)?;
    u64::try_from(size).map_err(|_| RuleError::new("mem is beyond what systems count"))
}

fn files(value: &str) -> Result<u64, RuleError> {
    let number = value.parse();
    number.map_err(|_| RuleError::new("files is a number of descriptors"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        parse_child_limits(text).unwrap_err().to_string()
    }

    #[test]
    fn limits_come_in_any_order_and_may_be_left_out() {
        let all = ChildLimits {
            cpu: Some(Duration::from_secs(10)),
            memory: Some(512 << 20),
            files: Some(64),
        };
        assert_eq!(parse_child_limits("cpu=10s,mem=512MiB,files=64"), Ok(all));
        assert_eq!(parse_child_limits("files=64,cpu=10s,mem=512MiB"), Ok(all));
        let files = ChildLimits {
            files: Some(u64::MAX),
            ..ChildLimits::default()
        };
        assert_eq!(
            parse_child_limits(&format!("files={}", u64::MAX)),
            Ok(files)
        );
    }

    #[test]
    fn what_is_no_limit_says_why() {
        for (text, why) in [
            ("", "written as in"),
            ("cpu", "a duration is written"),
            ("cpu=1s,", "written as in"),
            ("memory=1", "written as in"),
            ("cpu=0s", "at least 1s"),
            ("cpu=1500ms", "whole seconds"),
            ("mem=1MB", "MiB"),
            ("files=-1", "number of descriptors"),
            ("files=18446744073709551616", "number of descriptors"),
            ("files=1,files=2", "files is given twice"),
        ] {
            assert!(said(text).contains(why), "{text}: {}", said(text));
        }
    }
}
