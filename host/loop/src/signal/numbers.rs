//! Which numbers are signals that a program can wait for.

use std::io;

/// What no program can catch, and the faults, after which the code that made them cannot go on.
const UNCATCHABLE: [i32; 6] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
];

/// The numbers of `set`, lowest first and each once.
pub(super) fn checked(set: &[i32]) -> io::Result<Vec<i32>> {
    if set.is_empty() {
        return Err(refusal(
            io::ErrorKind::InvalidInput,
            "no signals: none is named",
        ));
    }
    set.iter().try_for_each(|number| check(*number))?;
    let mut numbers = set.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Says whether a program can wait for signal `number`.
///
/// # Errors
///
/// Those of [`signals`](super::signals) for a number.
pub fn check(number: i32) -> io::Result<()> {
    if !is_known(number) {
        let what = format!("signal {number}: there is none");
        return Err(refusal(io::ErrorKind::NotFound, &what));
    }
    if UNCATCHABLE.contains(&number) {
        let what = format!("signal {number}: no program can");
        return Err(refusal(io::ErrorKind::InvalidInput, &what));
    }
    Ok(())
}

fn refusal(kind: io::ErrorKind, what: &str) -> io::Error {
    io::Error::new(kind, format!("listen for {what}"))
}

/// Between the two ranges are those that the C library keeps for itself.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_known(number: i32) -> bool {
    (1..=31).contains(&number) || (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_known(number: i32) -> bool {
    (1..=31).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(number: i32) -> io::ErrorKind {
        checked(&[number]).unwrap_err().kind()
    }

    #[test]
    fn numbers_are_signals_to_the_last_one_and_no_further() {
        let ends = [1, 31, libc::SIGRTMIN(), libc::SIGRTMAX()];
        assert_eq!(checked(&ends).unwrap(), ends);
        let beyond = [0, -1, 32, libc::SIGRTMIN() - 1, libc::SIGRTMAX() + 1];
        for number in beyond.into_iter().chain([i32::MIN, i32::MAX]) {
            assert_eq!(refused(number), io::ErrorKind::NotFound, "{number}");
        }
    }

    #[test]
    fn what_no_program_can_wait_for_is_refused_by_another_kind() {
        for number in UNCATCHABLE {
            assert_eq!(refused(number), io::ErrorKind::InvalidInput, "{number}");
        }
        let empty = checked(&[]).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(
            checked(&[9]).unwrap_err().to_string(),
            "listen for signal 9: no program can"
        );
    }

    #[test]
    fn a_number_that_is_named_twice_counts_once() {
        assert_eq!(checked(&[15, 2, 15]).unwrap(), [2, 15]);
    }
}
