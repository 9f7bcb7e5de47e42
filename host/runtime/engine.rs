//! The one place where wasmtime is configured. What is set here is part of the compile cache's key.

use wasmtime::{Config, Engine};

use crate::error::{Error, Result};

/// Makes the engine of a host; `fuel` compiles fuel counting into all code.
pub(crate) fn engine(fuel: bool) -> Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        // Lets a guest that has stacks of its own (C, Go) lift its exports without a callback.
        .wasm_component_model_async_stackful(true)
        .epoch_interruption(true)
        .consume_fuel(fuel);
    Engine::new(&config).map_err(|error| Error::host("configure wasmtime", error))
}
