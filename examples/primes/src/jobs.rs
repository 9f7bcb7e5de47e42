//! What the workers of this program do: an export beside its main call, by a world of its own.

aio_guest::wit_bindgen::generate!({
    inline: "
        package example:primes;

        world jobs {
            export count-primes: func(input: list<u8>) -> result<list<u8>, string>;
        }
    ",
    runtime_path: "aio_guest::wit_bindgen::rt",
});

export!(Jobs);

struct Jobs;

impl Guest for Jobs {
    /// The input is where to start and where to end, the result is how many primes there are: in
    /// four bytes each.
    fn count_primes(input: Vec<u8>) -> Result<Vec<u8>, String> {
        let (start, end) = input.split_at_checked(4).ok_or("the input is too short")?;
        let primes = count(number(start)?, number(end)?);
        Ok(primes.to_le_bytes().to_vec())
    }
}

fn number(bytes: &[u8]) -> Result<u32, String> {
    let bytes = bytes
        .try_into()
        .map_err(|_| "the input is no two numbers")?;
    Ok(u32::from_le_bytes(bytes))
}

/// Counts the primes from `start` to before `end`.
pub(crate) fn count(start: u32, end: u32) -> u32 {
    let primes = (start..end).filter(|&number| is_prime(number));
    primes.map(|_| 1).sum()
}

fn is_prime(number: u32) -> bool {
    let mut divisors = (3..)
        .step_by(2)
        .take_while(|divisor| divisor * divisor <= number);
    match number {
        0 | 1 => false,
        2 => true,
        _ => !number.is_multiple_of(2) && divisors.all(|divisor| !number.is_multiple_of(divisor)),
    }
}
