//! What is to be run, in the form in which the system takes it, so that it can be run many times.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, io, ptr};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Resource;

use super::{Child, Watch};
use crate::Handle;
use crate::sys::{self, Descriptor, Group, Plan};

/// A program with its arguments and its environment.
#[derive(Clone, Debug)]
pub struct Command {
    program: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    group: Group,
    limits: Limits,
    grace: Duration,
    confine: Option<Arc<dyn Confine>>,
}

/// What one child may use, as limits of the system; none is what this process may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Time on a CPU, of which whole seconds count.
    pub cpu: Option<Duration>,
    /// Bytes of address space.
    pub memory: Option<u64>,
    /// Open descriptors.
    pub files: Option<u64>,
}

/// Restrains a child before it has its program.
pub trait Confine: fmt::Debug + Send + Sync {
    /// Restrains the calling process. It is called in the child, in which nothing may allocate,
    /// take a lock or panic; system calls are all there is.
    ///
    /// # Errors
    ///
    /// What the OS answers; then there will be no child.
    fn apply(&self) -> Result<(), Errno>;
}

/// What a child is given for one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run<'a> {
    /// Its working directory; none is that of this process.
    pub directory: Option<BorrowedFd<'a>>,
    /// Its descriptors by number, each number once. It gets no others, but the three standard ones
    /// always: those that are not named lead to `/dev/null`.
    pub descriptors: &'a [(u32, BorrowedFd<'a>)],
}

impl Command {
    /// Names a program by its absolute path. Its only argument is the path itself, and it has no
    /// environment.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for a NUL, here and below.
    pub fn new(program: &Path) -> io::Result<Self> {
        let program = text(program)?;
        Ok(Self {
            arguments: vec![program.clone()],
            program,
            environment: Vec::new(),
            group: Group::Inherit,
            limits: Limits::default(),
            grace: Duration::from_secs(5),
            confine: None,
        })
    }

    /// Sets the arguments, beginning with what the program is called.
    ///
    /// # Errors
    ///
    /// Those of [`Command::new`].
    pub fn arguments<S: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Self> {
        let arguments = arguments.into_iter();
        self.arguments = arguments.map(text).collect::<io::Result<_>>()?;
        Ok(self)
    }

    /// Sets all of the environment.
    ///
    /// # Errors
    ///
    /// Those of [`Command::new`].
    pub fn environment<S: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (S, S)>,
    ) -> io::Result<Self> {
        let pairs = variables.into_iter().map(|(name, value)| {
            let mut pair = name.as_ref().to_owned();
            pair.push("=");
            pair.push(value);
            text(pair)
        });
        self.environment = pairs.collect::<io::Result<_>>()?;
        Ok(self)
    }

    /// Says whose signals the child shares.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    /// Bounds what the child may use. More than this process may is not to be had.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how long a child that is to end may take before it is killed; 5 seconds else.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Restrains the child.
    #[must_use]
    pub fn confine(mut self, confine: Arc<dyn Confine>) -> Self {
        self.confine = Some(confine);
        self
    }

    /// Starts a child. This thread stands still until the system has loaded the program.
    ///
    /// On Linux the child is killed when this thread ends, so it is for the thread of the loop to
    /// call. Elsewhere it goes on if this process is killed.
    ///
    /// # Errors
    ///
    /// What the OS answers, to this process or to the child: also why there is no such program.
    /// Then nothing is left of the child. [`io::ErrorKind::InvalidInput`] for a number of a
    /// descriptor that comes twice or is beyond what systems count.
    pub fn spawn(&self, handle: &Handle, run: &Run<'_>) -> io::Result<Child> {
        let limits = self.limits.each();
        let apply = self.confine.as_ref().map(|confine| move || confine.apply());
        let mut plan = Plan {
            program: &self.program,
            arguments: &pointers(&self.arguments),
            environment: &pointers(&self.environment),
            directory: run.directory,
            descriptors: &mut run.sorted()?,
            group: self.group,
            limits: &limits,
            confine: apply.as_ref().map(|apply| apply as _),
        };
        sys::keep_ends_of_children()?;
        let watch = Watch::spawn(&mut plan)?;
        let leads = self.group != Group::Inherit;
        Child::new(handle, watch, leads, self.grace)
    }
}

impl Run<'_> {
    /// The descriptors as the child takes them, lowest first.
    fn sorted(&self) -> io::Result<Vec<Descriptor<'_>>> {
        let null = null()?;
        let named = |number| self.descriptors.iter().any(|given| given.0 == number);
        let missing = (0..3).filter(|&number| !named(number));
        let missing = missing.map(|number| (number, null));
        let given = self.descriptors.iter().copied().chain(missing);
        let mut all = given
            .map(|(number, source)| {
                let number = i32::try_from(number).map_err(|_| invalid("out of range"))?;
                Ok(Descriptor { number, source })
            })
            .collect::<io::Result<Vec<_>>>()?;
        all.sort_unstable_by_key(|descriptor| descriptor.number);
        match all.is_sorted_by(|one, next| one.number < next.number) {
            true => Ok(all),
            false => Err(invalid("given twice")),
        }
    }
}

impl Limits {
    fn each(self) -> Vec<(Resource, u64)> {
        let cpu = self.cpu.map(|cpu| (Resource::Cpu, cpu.as_secs()));
        let memory = self.memory.map(|bytes| (Resource::As, bytes));
        let files = self.files.map(|files| (Resource::Nofile, files));
        [cpu, memory, files].into_iter().flatten().collect()
    }
}

/// `/dev/null`, to read and to write, opened once.
///
/// # Errors
///
/// What the OS answers.
pub fn null() -> io::Result<BorrowedFd<'static>> {
    static NULL: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(null) = NULL.get() {
        return Ok(null.as_fd());
    }
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let null = rustix::fs::open("/dev/null", flags, Mode::empty())?;
    Ok(NULL.get_or_init(|| null).as_fd())
}

fn text(text: impl AsRef<OsStr>) -> io::Result<CString> {
    Ok(CString::new(text.as_ref().as_bytes())?)
}

fn pointers(texts: &[CString]) -> Vec<*const libc::c_char> {
    let texts = texts.iter().map(|text| text.as_ptr());
    texts.chain([ptr::null()]).collect()
}

fn invalid(why: &str) -> io::Error {
    let what = format!("a descriptor of a child is {why}");
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
