//! The one place where wasmtime is configured. What is set here is part of the compile cache's key.

use wasmtime::{Config, Engine};

use crate::error::{Error, Result};

/// What calls of the host have beyond a guest's own stack.
const HOST_STACK: usize = 1536 << 10;

/// Makes the engine of a host; `fuel` compiles fuel counting into all code, `stack_max` is how many
/// bytes of the machine's stack a guest's calls may take if wasmtime's default is not enough.
pub(crate) fn engine(fuel: bool, stack_max: Option<usize>) -> Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        // Lets a guest that has stacks of its own (C, Go) lift its exports without a callback.
        .wasm_component_model_async_stackful(true)
        .epoch_interruption(true)
        .consume_fuel(fuel);
    if let Some(stack) = stack_max {
        config
            .max_wasm_stack(stack)
            .async_stack_size(stack.saturating_add(HOST_STACK));
    }
    Engine::new(&config).map_err(|error| Error::host("configure wasmtime", error))
}
