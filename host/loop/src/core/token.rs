//! What the OS hands back with an event: the index of a source and the generation of its slot.
//! A late event of a removed source carries an old generation and hits nothing.

/// Half of the bits are the index, half the generation.
const INDEX_BITS: u32 = usize::BITS / 2;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

/// Index and generation of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    index: usize,
    generation: usize,
}

impl Token {
    /// The token of the loop's own waker. No source has it: an index of all ones is refused.
    pub(crate) const WAKER: mio::Token = mio::Token(usize::MAX);

    /// Names slot `index` in its `generation`, which wraps; `None` when the index does not fit.
    pub(crate) fn new(index: usize, generation: usize) -> Option<Self> {
        (index < INDEX_MASK).then_some(Self {
            index,
            generation: generation & INDEX_MASK,
        })
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }
}

impl From<Token> for mio::Token {
    fn from(token: Token) -> Self {
        Self((token.generation << INDEX_BITS) | token.index)
    }
}

impl From<mio::Token> for Token {
    fn from(token: mio::Token) -> Self {
        Self {
            index: token.0 & INDEX_MASK,
            generation: token.0 >> INDEX_BITS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_way_through_the_os() {
        let token = Token::new(7, 9).unwrap();
        assert_eq!(Token::from(mio::Token::from(token)), token);
    }

    #[test]
    fn largest_index_is_below_the_waker() {
        let last = Token::new(INDEX_MASK - 1, INDEX_MASK).unwrap();
        assert_ne!(mio::Token::from(last), Token::WAKER);
        assert_eq!(Token::new(INDEX_MASK, 0), None);
    }

    #[test]
    fn generation_wraps() {
        assert_eq!(Token::new(1, INDEX_MASK + 1), Token::new(1, 0));
    }
}
