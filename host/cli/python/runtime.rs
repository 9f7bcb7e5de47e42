//! Where the runtime is: named, or beside this very program, or where developers build it.

use std::env;
use std::path::{Path, PathBuf};

use crate::report::Failure;

const VARIABLE: &str = "AIO_HOST_PYTHON";

/// The path of the runtime. One that was named is not looked at.
pub(crate) fn find(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let named = named.or_else(|| env::var_os(VARIABLE).map(PathBuf::from));
    if let Some(path) = named {
        return Ok(path);
    }
    let own = env::current_exe()
        .map_err(|error| Failure::System(format!("find the path of aio-host: {error}")))?;
    let mut places = places(&own).into_iter();
    places.find(|path| path.is_file()).ok_or_else(|| {
        Failure::NotFound(format!(
            "the Python runtime is missing: `cargo xtask guests python` builds python.wasm, which \
             is looked for beside aio-host, or named by --runtime or ${VARIABLE}"
        ))
    })
}

/// In a checkout, `own` is in target/debug or target/release.
fn places(own: &Path) -> Vec<PathBuf> {
    let folders = own.ancestors().skip(1);
    let names = ["python.wasm", "guests/python/python.wasm"];
    folders
        .zip(names)
        .map(|(folder, name)| folder.join(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_beside_the_program_or_where_it_is_built() {
        let found = places(Path::new("/t/target/debug/aio-host"));
        let expected = [
            "/t/target/debug/python.wasm",
            "/t/target/guests/python/python.wasm",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn what_is_named_is_taken() {
        let named = PathBuf::from("/no/such");
        assert_eq!(find(Some(named.clone())).unwrap(), named);
    }
}
