//! Core modules of WASI 0.1 become components: the adapter of wasmtime translates what they import
//! into WASI 0.2. A module that imports anything else is refused.

use wasi_preview1_component_adapter_provider as adapters;
use wasmparser::{Import, Parser, Payload};
use wit_component::ComponentEncoder;

/// Wraps a core module: a command if it exports `_start`, else a reactor, which exports nothing
/// unless it carries the types of a world.
///
/// # Errors
///
/// One line that says why the module cannot become a component.
pub(crate) fn component_from_core(module: &[u8]) -> Result<Vec<u8>, String> {
    let shape =
        Shape::of(module).map_err(|error| error.message().lines().collect::<Vec<_>>().join(" "))?;
    shape.check()?;
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| {
            encoder.adapter(
                adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                shape.adapter(),
            )
        })
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| error.root_cause().to_string())
}

/// What decides how a module is adapted.
#[derive(Default)]
struct Shape {
    /// Whether it exports `_start`.
    command: bool,
    memory: bool,
    /// Whether it says itself, in a section of its own, what its imports mean.
    typed: bool,
    /// The first import that is none of WASI 0.1.
    foreign: Option<String>,
    wasi: bool,
}

impl Shape {
    fn of(module: &[u8]) -> wasmparser::Result<Self> {
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::CustomSection(section) => {
                    shape.typed |= section.name().starts_with("component-type")
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        shape.import(&import?);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        shape.export(export?.name);
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    fn import(&mut self, import: &Import<'_>) {
        if import.module == adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME {
            self.wasi = true;
        } else if self.foreign.is_none() {
            self.foreign = Some(format!("{}.{}", import.module, import.name));
        }
    }

    fn export(&mut self, name: &str) {
        self.command |= name == "_start";
        self.memory |= name == "memory";
    }

    fn check(&self) -> Result<(), String> {
        match &self.foreign {
            Some(import) if !self.typed => {
                let import = import.escape_default();
                Err(format!(
                    "core module imports {import}, and only WASI 0.1 is provided to core modules"
                ))
            }
            _ if self.wasi && !self.memory => {
                Err("core module of WASI 0.1 exports no `memory`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn adapter(&self) -> &'static [u8] {
        if self.command {
            adapters::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
        } else {
            adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FD_WRITE: &str = r#"(import "wasi_snapshot_preview1" "fd_write"
        (func (param i32 i32 i32 i32) (result i32)))"#;

    fn adapt(fields: &str) -> Result<Vec<u8>, String> {
        component_from_core(&wat::parse_str(format!("(module {fields})")).unwrap())
    }

    #[test]
    fn a_command_exports_run() {
        let module = format!(r#"{FD_WRITE} (memory (export "memory") 1) (func (export "_start"))"#);
        let component = adapt(&module).unwrap();
        let exports_run =
            Parser::new(0)
                .parse_all(&component)
                .any(|payload| match payload.unwrap() {
                    Payload::ComponentExportSection(exports) => exports
                        .into_iter()
                        .any(|export| export.unwrap().name.name.starts_with("wasi:cli/run@0.2")),
                    _ => false,
                });
        assert!(exports_run);
    }

    #[test]
    fn a_reactor_is_adapted() {
        let module =
            format!(r#"{FD_WRITE} (memory (export "memory") 1) (func (export "_initialize"))"#);
        assert!(Parser::is_component(&adapt(&module).unwrap()));
    }

    #[test]
    fn a_foreign_import_is_named() {
        let reason = adapt(r#"(import "env" "a\nb" (func)) (func (export "_start"))"#).unwrap_err();
        assert_eq!(
            reason,
            "core module imports env.a\\nb, and only WASI 0.1 is provided to core modules"
        );
    }

    #[test]
    fn a_function_that_wasi_does_not_have_is_named() {
        let module =
            r#"(import "wasi_snapshot_preview1" "nope" (func)) (memory (export "memory") 1)"#;
        assert!(adapt(module).unwrap_err().contains("nope"));
    }

    #[test]
    fn a_function_of_another_type_is_named() {
        let module =
            r#"(import "wasi_snapshot_preview1" "fd_write" (func)) (memory (export "memory") 1)"#;
        assert!(adapt(module).unwrap_err().contains("fd_write"));
    }

    #[test]
    fn a_module_without_a_memory_is_refused() {
        let reason = adapt(FD_WRITE).unwrap_err();
        assert_eq!(reason, "core module of WASI 0.1 exports no `memory`");
    }

    #[test]
    fn a_damaged_module_is_refused_in_one_line() {
        for bytes in [&b"hello"[..], b"\0asm\x01\0\0\0\x01\xff"] {
            let reason = component_from_core(bytes).unwrap_err();
            assert_eq!(reason.lines().count(), 1);
        }
    }
}
