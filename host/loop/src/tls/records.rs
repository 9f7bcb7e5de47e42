//! Where one record of TLS ends and the next begins. It knows their lengths, and nothing of what is
//! in them.

/// The kind, the version and the length.
const HEAD: usize = 5;

/// How far one has come in a stream of records.
#[derive(Debug, Default)]
pub(super) struct Records {
    head: Vec<u8>,
    /// What is missing of the body.
    missing: usize,
}

impl Records {
    /// How many of the bytes, which come next, belong to the same record.
    pub(super) fn piece(&self, bytes: &[u8]) -> usize {
        match self.missing {
            0 => bytes.len().min(HEAD - self.head.len()),
            missing => bytes.len().min(missing),
        }
    }

    /// Takes note that these, at most one piece, have been taken.
    pub(super) fn advance(&mut self, piece: &[u8]) {
        if self.missing > 0 {
            self.missing -= piece.len();
            return;
        }
        self.head.extend_from_slice(piece);
        if let [_, _, _, high, low] = self.head[..] {
            self.missing = u16::from_be_bytes([high, low]).into();
            self.head.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(mut bytes: &[u8], at_most: usize) -> Vec<usize> {
        let mut records = Records::default();
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let length = records.piece(&bytes[..at_most.min(bytes.len())]);
            records.advance(&bytes[..length]);
            bytes = &bytes[length..];
            found.push(length);
        }
        found
    }

    #[test]
    fn heads_and_bodies_are_told_apart() {
        let two = [23, 3, 3, 0, 2, 1, 1, 21, 3, 3, 0, 0, 21, 3, 3, 1, 0, 9];
        assert_eq!(pieces(&two, 100), [5, 2, 5, 5, 1]);
        assert_eq!(pieces(&two, 1), [1; 18]);
    }
}
