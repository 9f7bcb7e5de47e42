//! The runtime's command line: python3's, with the places of files that it cannot know. Its other
//! half is `options.py` in guests/python.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aio_host::capability::DirGrant;

use super::Words;
use super::args::{InterpreterArgs, ProgramArgs};
use super::places::{Places, text};
use crate::report::Failure;
use crate::run::unicode;

/// Puts it together.
pub(super) fn words(
    program: ProgramArgs,
    interpreter: InterpreterArgs,
    places: &Places,
) -> Result<Words, Failure> {
    let cwd = text(&places.cwd)?;
    let mut words = Words {
        words: vec!["python".to_owned(), format!("--cwd={cwd}")],
        read: Vec::new(),
    };
    words.interpreter(interpreter, places)?;
    words.program(program, places)?;
    Ok(words)
}

impl Words {
    /// Has the guest know its folders by name: it may look at them only, not for them.
    pub(super) fn tell_of(&mut self, folders: &[DirGrant]) {
        let word = |folder: &DirGrant| format!("--dir={}", folder.guest);
        // Behind the name of the program.
        self.words.splice(1..1, folders.iter().map(word));
    }

    fn interpreter(&mut self, args: InterpreterArgs, places: &Places) -> Result<(), Failure> {
        if let Some(venv) = &args.venv {
            let site = site_packages(venv)?;
            self.words.push(format!("--site={}", text(&site)?));
            self.read.push(site);
        }
        if args.letters.minds_variables() {
            self.folders_of_modules(places)?;
        }
        self.words.extend(args.letters.words());
        let options = args.x.into_iter().map(|word| ("-X", word));
        let warnings = args.warnings.into_iter().map(|word| ("-W", word));
        for (flag, word) in options.chain(warnings) {
            self.words.extend([flag.to_owned(), unicode(word)?]);
        }
        Ok(())
    }

    /// Those of `PYTHONPATH` that are there.
    fn folders_of_modules(&mut self, places: &Places) -> Result<(), Failure> {
        // Within a list, what is empty is the working directory; an empty list is none.
        let folders = env::split_paths(&places.modules);
        for folder in folders.filter(|_| !places.modules.is_empty()) {
            // As in python3, what is not there says nothing.
            if let Ok(folder) = places.cwd.join(folder).canonicalize()
                && folder.is_dir()
            {
                self.words.push(format!("--path={}", text(&folder)?));
                self.read.push(folder);
            }
        }
        Ok(())
    }

    fn program(&mut self, args: ProgramArgs, places: &Places) -> Result<(), Failure> {
        if !args.code.is_empty() {
            self.words.push("-c".to_owned());
            return self.rest(args.code);
        }
        if let Some(module) = args.module.first() {
            self.words.push("-m".to_owned());
            if lies_in(&places.cwd, &module.to_string_lossy()) {
                self.read.push(places.cwd.clone());
            }
            return self.rest(args.module);
        }
        if let Some(file) = args.file.first().filter(|file| *file != "-") {
            self.file(Path::new(file))?;
        }
        self.rest(args.file)
    }

    /// Says where the program lies, and has its folder read: itself, if it is one.
    fn file(&mut self, file: &Path) -> Result<(), Failure> {
        let path = file
            .canonicalize()
            .map_err(|error| Failure::Usage(format!("open {}: {error}", file.display())))?;
        let folder = match path.parent() {
            Some(parent) if !path.is_dir() => parent,
            _ => &path,
        };
        // Places come before all options, the working directory first.
        self.words.insert(2, format!("--at={}", text(&path)?));
        self.read.push(folder.to_owned());
        Ok(())
    }

    fn rest(&mut self, words: Vec<OsString>) -> Result<(), Failure> {
        for word in words {
            self.words.push(unicode(word)?);
        }
        Ok(())
    }
}

/// Whether `module`, or the package that it is in, is in `folder`.
fn lies_in(folder: &Path, module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    !top.is_empty() && (folder.join(top).is_dir() || folder.join(format!("{top}.py")).is_file())
}

/// The folder of packages of a virtual environment; of several the last by name. A link does not
/// lead out of it, or an environment from elsewhere would say what is read.
fn site_packages(venv: &Path) -> Result<PathBuf, Failure> {
    let whole = venv.canonicalize();
    let versions = fs::read_dir(venv.join("lib")).into_iter().flatten();
    let folders = versions.filter_map(|entry| {
        // What cannot be read is not used.
        let folder = entry.ok()?.path().join("site-packages");
        let folder = folder.canonicalize().ok()?;
        let whole = whole.as_ref().ok()?;
        folder.starts_with(whole).then_some(folder)
    });
    folders.max().ok_or_else(|| {
        let venv = venv.display();
        Failure::Usage(format!(
            "open {venv}: no virtual environment, it has no lib/python3.*/site-packages"
        ))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    fn made(args: &[&str], cwd: &Path) -> Result<Words, Failure> {
        let args = [&["aio-host", "python"], args].concat();
        let Command::Python(args) = Args::try_parse_from(args).unwrap().command else {
            panic!("not python");
        };
        let places = Places {
            cwd: cwd.into(),
            modules: if cwd.ends_with("other") {
                ""
            } else {
                "src:/no"
            }
            .into(),
        };
        words(args.program, args.interpreter, &places)
    }

    fn after_cwd(args: &[&str]) -> Vec<String> {
        made(args, Path::new("/no")).unwrap().words.split_off(2)
    }

    #[test]
    fn all_after_the_program_is_the_programs() {
        for flag in ["-c", "-m"] {
            let args = [flag, "x", "-c", "-A", "--dir=.", "--help", "--", "-"];
            assert_eq!(after_cwd(&args), args);
        }
        assert_eq!(after_cwd(&["-", "-c", "--help"]), ["-", "-c", "--help"]);
        assert!(after_cwd(&[]).is_empty());
    }

    #[test]
    fn options_of_the_interpreter_come_first() {
        let args = ["-W", "error", "-A", "-X", "dev", "-Xa=b", "-uOO", "-c", "1"];
        let letters = ["-O", "-O", "-u"];
        let expected = [
            &letters[..],
            &["-X", "dev", "-X", "a=b", "-W", "error", "-c", "1"],
        ];
        let expected = expected.concat();
        assert_eq!(after_cwd(&args), expected);
    }

    #[test]
    fn the_folder_of_the_program_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let file = folder.join("a.py");
        fs::write(&file, "").unwrap();
        let name = file.to_str().unwrap();
        let words = made(&[name, "-x"], Path::new("/no")).unwrap();
        assert_eq!(
            words.words[1..],
            ["--cwd=/no", &format!("--at={name}"), name, "-x"]
        );
        assert_eq!(words.read, [&*folder]);
        let words = made(&[folder.to_str().unwrap()], Path::new("/no")).unwrap();
        assert_eq!(words.read, [&*folder]);
        let missing = made(&["/no/such.py"], &folder);
        assert!(matches!(missing, Err(Failure::Usage(_))));
    }

    #[test]
    fn the_working_directory_is_read_if_the_module_lies_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("package")).unwrap();
        fs::write(folder.path().join("module.py"), "").unwrap();
        let read = |module| made(&["-m", module], folder.path()).unwrap().read;
        assert_eq!(read("package.inner"), [folder.path()]);
        assert_eq!(read("module"), [folder.path()]);
        assert!(read("json").is_empty() && read("").is_empty());
    }

    #[test]
    fn folders_of_modules_are_read_unless_variables_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let cwd = folder.path().canonicalize().unwrap();
        let source = cwd.join("src");
        fs::create_dir(&source).unwrap();
        let words = made(&["-c", ""], &cwd).unwrap();
        assert_eq!(words.words[2], format!("--path={}", source.display()));
        assert_eq!(words.read, [source]);
        for flag in ["-E", "-I"] {
            assert!(made(&[flag, "-c", ""], &cwd).unwrap().read.is_empty());
        }
        let other = cwd.join("other");
        fs::create_dir(&other).unwrap();
        assert!(made(&["-c", ""], &other).unwrap().read.is_empty());
    }

    #[test]
    fn packages_of_a_virtual_environment_are_read() {
        let venv = tempfile::tempdir().unwrap();
        let path = venv.path().canonicalize().unwrap();
        let args = ["--venv", path.to_str().unwrap(), "-c", ""];
        assert!(matches!(made(&args, &path), Err(Failure::Usage(_))));
        let site = path.join("lib/python3.14/site-packages");
        fs::create_dir_all(site.parent().unwrap()).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/", &site).unwrap();
            assert!(matches!(made(&args, &path), Err(Failure::Usage(_))));
            fs::remove_file(&site).unwrap();
        }
        fs::create_dir(&site).unwrap();
        let words = made(&args, &path).unwrap();
        assert_eq!(words.words[2], format!("--site={}", site.display()));
        assert_eq!(words.read, [site]);
    }
}
