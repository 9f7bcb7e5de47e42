//! Counts the signals of a number while bytes go round; none may be lost. Arguments: the number,
//! and how many are to come.

use aio_guest::ring::Outcome;
use aio_guest::signal::signal;
use aio_guest::{Handle, Ring};
use test_guests::{argument, check, equal, pair, succeeds};

aio_guest::main!(run);

const PIECE: &[u8] = &[7; 16_384];

async fn run() -> Result<(), String> {
    let [number, expected] = [1, 2].map(|word| argument(word).map(|word| word.parse::<u32>()));
    let number = number?.map_err(|_| "a number")?;
    let expected = expected?.map_err(|_| "a count")?;
    let subscription = succeeds(signal(number), "subscribe")?;
    let (near, far) = pair().await?;
    println!("listening");
    let moved = Load {
        ring: Ring::new(),
        signals: subscription.as_handle(),
        near: near.as_handle(),
    }
    .count(far.as_handle(), expected)?;
    check(moved > 0, "bytes went round meanwhile")?;
    check(subscription.try_recv().is_none(), "nothing is left")
}

struct Load {
    ring: Ring,
    signals: Handle,
    near: Handle,
}

impl Load {
    /// Tells how many bytes were read.
    fn count(mut self, far: Handle, expected: u32) -> Result<usize, String> {
        let (mut counted, mut moved) = (0, 0);
        self.ring.read_many(1, far, 65_536);
        self.ring.write(2, self.near, PIECE);
        self.ring.next_signal(3, self.signals);
        while counted < expected || moved == 0 {
            let batch = succeeds(self.ring.enter(None), "enter")?;
            for completion in batch.iter() {
                match completion.outcome {
                    Outcome::Data(data) => moved += data.len(),
                    Outcome::Written(_) => drop(self.ring.write(2, self.near, PIECE)),
                    Outcome::Signalled(event) => {
                        counted += event.count;
                        self.ring.next_signal(3, self.signals);
                    }
                    _ => return Err("an operation failed".into()),
                }
            }
        }
        equal(counted, expected, "signals")?;
        Ok(moved)
    }
}
