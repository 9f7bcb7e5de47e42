//! Children on the ring: started and signalled at once. The waits are with the reads of a handle.

use super::super::io::{Io, Refusal};
use super::super::wit::ring::{Outcome, SignalArguments, Spawned};
use super::super::wit::types::ErrorCode;
use super::submit::Id;

impl Io {
    pub(super) fn submit_spawn(&mut self, (token, _): Id, command: u64) -> Result<(), Refusal> {
        let (child, running) = self.spawn(command)?;
        // A stream that is no pipe has none.
        let mut take = |number| self.take_pipe(&running, number).unwrap_or(0);
        let [stdin, stdout, stderr] = [take(0), take(1), take(2)];
        let spawned = Spawned {
            child,
            stdin,
            stdout,
            stderr,
            id: running.child.id(),
        };
        self.ring.complete(token, Outcome::Spawned(spawned));
        Ok(())
    }

    pub(super) fn submit_signal(
        &mut self,
        (token, quiet): Id,
        arguments: &SignalArguments,
    ) -> Result<(), ErrorCode> {
        self.signal_child(arguments.child, arguments.number)?;
        self.ring.succeed(token, quiet, Outcome::Done);
        Ok(())
    }
}
