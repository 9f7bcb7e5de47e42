//! `aio-host python --build`: a program, its folder and its packages into one component with the
//! runtime. The runtime itself packs them: it knows what it will compile them to.

use std::fs;
use std::path::{Path, PathBuf};

use aio_host::{Captured, Inherited, Input, Output, Policy, Stdio, append_asset};

use super::args::{ProgramArgs, PythonArgs};
use super::places::Places;
use super::{STACK_MAX, runtime, words};
use crate::compile::{refuse_same_file, write_whole};
use crate::report::Failure;
use crate::run::Work;

/// The name that the runtime looks for.
const ASSET: &str = "python";
const PACKED_MAX: usize = 256 << 20;

/// Builds the component; the number is the exit code of the packing.
pub(super) fn build(args: PythonArgs, program: &Path, places: &Places) -> Result<u8, Failure> {
    let output = args.output.map_or_else(|| named_after(program), Ok)?;
    refuse_same_file(program, &output)?;
    let runtime = runtime::find(args.runtime)?;
    refuse_same_file(&runtime, &output)?;
    let files = ProgramArgs {
        file: vec![program.into()],
        code: Vec::new(),
        module: Vec::new(),
    };
    let mut words = words::words(files, args.interpreter, places)?;
    words.words.insert(1, "--pack".to_owned());
    let packed = Captured::new(PACKED_MAX);
    let work = Work {
        guest: runtime.clone(),
        args: words.words,
        stdio: into_memory(&packed),
        policy: places.with_reading(Policy::default(), words.read)?,
        inherited: Inherited::default(),
        allow_precompiled: false,
        park_in_place: true,
        stack_max: STACK_MAX,
    };
    let code = work.run(&args.running)?;
    if code == 0 {
        write(&runtime, &packed.take(), &output)?;
    }
    Ok(code)
}

/// As in `cc app.c`, but where the user is.
fn named_after(program: &Path) -> Result<PathBuf, Failure> {
    let name = program.file_stem().map(PathBuf::from);
    let name = name.map(|name| name.with_extension("wasm"));
    name.ok_or_else(|| Failure::Usage("the component needs a name: say -o OUT.wasm".to_owned()))
}

fn into_memory(packed: &Captured) -> Stdio {
    Stdio::Streams {
        stdin: Input::Empty,
        stdout: Output::Captured(packed.clone()),
        stderr: Output::Inherit,
    }
}

fn write(runtime: &Path, packed: &[u8], output: &Path) -> Result<(), Failure> {
    let failed = |operation: &str, path: &Path, error| {
        Failure::System(format!("{operation} {}: {error}", path.display()))
    };
    let component = fs::read(runtime);
    let mut component = component.map_err(|error| failed("read", runtime, error))?;
    append_asset(&mut component, ASSET, packed);
    write_whole(output, &component).map_err(|error| failed("write", output, error))
}
