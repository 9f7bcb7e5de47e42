//! Programs that cannot be run: each says why, and nothing is left.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aio_loop::process::{Command, ExitStatus, Run};
use aio_loop::testing::virtual_loop;

use super::shell;

/// The number that the system answers to running `command`.
fn refused(command: &Command) -> i32 {
    let event_loop = virtual_loop().unwrap();
    let spawned = command.spawn(event_loop.handle(), &Run::default());
    spawned.unwrap_err().raw_os_error().unwrap()
}

fn program(path: &Path) -> Command {
    Command::new(path).unwrap()
}

#[test]
fn what_is_no_program_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let plain = write("plain", "#!/bin/sh\n", 0o644);
    let bare = write("bare", "echo no shebang\n", 0o755);
    let orphan = write("orphan", "#!/nonexistent/shell\n", 0o755);
    assert_eq!(
        refused(&program(&folder.path().join("missing"))),
        2,
        "ENOENT"
    );
    assert_eq!(refused(&program(&plain.join("below"))), 20, "ENOTDIR");
    assert_eq!(refused(&program(folder.path())), 13, "EACCES");
    assert_eq!(refused(&program(&plain)), 13, "EACCES");
    assert_eq!(refused(&program(&bare)), 8, "ENOEXEC");
    assert_eq!(refused(&program(&orphan)), 2, "ENOENT");
    let long = program(Path::new("/bin/true"));
    let long = long.arguments(["x", &"x".repeat(1 << 18)]).unwrap();
    assert_eq!(refused(&long), 7, "E2BIG");
}

#[test]
fn a_text_with_nul_is_refused_before_anything_is_done() {
    let nul = |result: std::io::Result<Command>| {
        assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    };
    nul(Command::new(Path::new("/bin/\0true")));
    nul(shell("").arguments(["a\0b"]));
    nul(shell("").environment([("A", "\0")]));
}

#[test]
fn a_confinement_that_fails_leaves_no_child() {
    #[derive(Debug)]
    struct Refuses;
    impl aio_loop::process::Confine for Refuses {
        fn apply(&self) -> Result<(), rustix::io::Errno> {
            Err(rustix::io::Errno::NOSYS)
        }
    }
    #[derive(Debug)]
    struct Accepts;
    impl aio_loop::process::Confine for Accepts {
        fn apply(&self) -> Result<(), rustix::io::Errno> {
            Ok(())
        }
    }
    let refuses = shell("exit 0").confine(std::sync::Arc::new(Refuses));
    assert_eq!(refused(&refuses), 38, "ENOSYS");
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let accepts = shell("exit 4").confine(std::sync::Arc::new(Accepts));
    event_loop.block_on(async {
        let child = accepts.spawn(&handle, &Run::default()).unwrap();
        assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(4));
    });
}
