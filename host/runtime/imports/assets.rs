//! `aio:host/assets`: what travels with the program.

use wasmtime::Result;

use super::wit::assets::Host;
use crate::state::State;

impl Host for State {
    fn read_asset(&mut self, name: String) -> Result<Option<Vec<u8>>> {
        Ok(self.assets.get(&name).map(<[u8]>::to_vec))
    }
}
