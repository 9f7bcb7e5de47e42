//! WASI 0.1, 0.2 and 0.3 as a guest meets them: standard streams over pipes, clocks, files,
//! arguments, exit codes, and what is refused. Guests are text, here or in `wasi/`.

mod guests;
mod sockets;

use std::fs;
use std::future::{Future, poll_fn};
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use aio_host::{Captured, Guest, GuestOptions, Host, Input, Policy};
use tempfile::TempDir;

use guests::{FLOOD, echo, exit, files, flood, flooded, hello, module, sleeper};

fn written(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest.wat");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn command(flags: &[&str], guest: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aio-host"));
    command.arg("run").arg("--no-cache").args(flags).arg(guest);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a guest with its standard input at its end.
fn run(flags: &[&str], guest: &Path, args: &[&str]) -> Output {
    command(flags, guest)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn run_text(text: &str) -> Output {
    let (_folder, path) = written(text);
    run(&[], &path, &[])
}

#[track_caller]
fn assert_printed(output: &Output, stdout: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout, "{stderr}");
}

#[test]
fn a_command_of_wasi_0_1_prints() {
    assert_printed(&run_text(&hello()), "hello from WASI 0.1\n");
}

#[test]
fn a_command_of_wasi_0_3_prints_and_waits() {
    let output = run(&[], &in_repository("examples/wasi-p3/hello.wat"), &[]);
    assert_printed(&output, "hello from WASI 0.3\nand good-bye, 20 ms later\n");
}

#[test]
fn poll_oneoff_waits_for_the_first_timer_and_never_wakes_early() {
    assert_printed(&run_text(&sleeper()), "2");
}

#[test]
fn endless_waits_of_wasi_0_3_can_be_given_up() {
    let output = run(&[], &in_repository("tests/all/wasi/waits.wat"), &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(42), ""));
}

#[test]
fn exit_codes_are_the_guests_own() {
    for (text, code) in [
        (exit("exit-with-code", r#""status-code" u8"#, 0), 0),
        (exit("exit-with-code", r#""status-code" u8"#, 7), 7),
        (exit("exit-with-code", r#""status-code" u8"#, 255), 255),
        (exit("exit", r#""status" (result)"#, 0), 0),
        (exit("exit", r#""status" (result)"#, 1), 1),
    ] {
        let output = run_text(&text);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn arguments_and_granted_variables_arrive() {
    let (_folder, guest) = written(&module(
        r#"(func (export "_start")
          (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
          (drop (call $args_get (i32.const 1024) (i32.const 4096)))
          (drop (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))
          (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
          (drop (call $environ_get (i32.const 1024) (i32.const 4096)))
          (if (i32.load (i32.const 20)) (then
            (drop (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))))))"#,
    ));
    let mut command = command(&["--allow-env=GRANTED", "--env", "SET=1"], &guest);
    command
        .env("GRANTED", "yes")
        .env("KEPT", "no")
        .args(["one", "--two"]);
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.ends_with("one\0--two\0GRANTED=yes\0SET=1\0"),
        "{stdout:?}"
    );
}

#[test]
fn input_is_passed_on_while_the_pipe_is_open() {
    let (_folder, guest) = written(&echo());
    assert_passed_on(&guest);
    assert_passed_on(&in_repository("tests/all/wasi/pass.wat"));
}

#[track_caller]
fn assert_passed_on(guest: &Path) {
    let mut child = command(&[], guest).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for line in [b"one\n", b"two\n"] {
        stdin.write_all(line).unwrap();
        let mut echoed = [0; 4];
        stdout.read_exact(&mut echoed).unwrap();
        assert_eq!(&echoed, line);
    }
    drop(stdin);
    assert_ended(child);
}

#[track_caller]
fn assert_ended(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn input_from_a_file_is_read_to_its_end() {
    let (folder, guest) = written(&echo());
    let path = folder.path().join("input");
    fs::write(&path, flooded()).unwrap();
    for guest in [guest, in_repository("tests/all/wasi/pass.wat")] {
        let input = fs::File::open(&path).unwrap();
        let output = command(&[], &guest).stdin(input).output().unwrap();
        assert!(output.stdout == flooded());
    }
}

/// A pipe that nobody reads.
fn broken_pipe() -> PipeWriter {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn output_whose_reader_has_gone_is_an_error_to_wasi_0_1() {
    // Prints on standard error the number of the error, as two digits.
    let (_folder, guest) = written(&module(
        r#"(func (export "_start")
          (local $failed i32)
          (local.set $failed (call $write (i32.const 1) (i32.const 1024) (i32.const 1)))
          (i32.store8 (i32.const 1024) (i32.add (i32.const 48) (i32.div_u (local.get $failed) (i32.const 10))))
          (i32.store8 (i32.const 1025) (i32.add (i32.const 48) (i32.rem_u (local.get $failed) (i32.const 10))))
          (drop (call $write (i32.const 2) (i32.const 1024) (i32.const 2))))"#,
    ));
    let mut command = command(&[], &guest);
    let output = command.stdout(broken_pipe()).output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    // `io`: what the adapter makes of a stream that is closed.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "29");
}

#[test]
fn output_whose_reader_has_gone_is_an_error_to_wasi_0_3() {
    let mut command = command(&[], &in_repository("examples/wasi-p3/hello.wat"));
    let output = command.stdout(broken_pipe()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
fn a_mebibyte_arrives_at_a_reader_of_small_pieces() {
    let (_folder, guest) = written(&flood());
    let mut child = command(&[], &guest).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut all, mut piece) = (Vec::new(), [0; 777]);
    loop {
        let count = stdout.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        all.extend_from_slice(&piece[..count]);
    }
    assert_ended(child);
    assert!(all == flooded());
}

#[test]
fn what_was_not_flushed_arrives_after_the_guests_end() {
    let output = run(&[], &in_repository("tests/all/wasi/unflushed.wat"), &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stdout == [b'x'; 131_072]);
}

#[test]
fn the_streams_are_left_in_the_mode_they_were_in() {
    let (_folder, guest) = written(&hello());
    let (reader, writer) = pipe().unwrap();
    let shared = writer.try_clone().unwrap();
    let status = command(&[], &guest).stdout(writer).status().unwrap();
    assert!(status.success());
    let flags = rustix::fs::fcntl_getfl(&shared).unwrap();
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    drop((reader, shared));
}

fn grant(folder: &TempDir, rest: &str) -> String {
    format!("{}::{rest}", folder.path().display())
}

#[test]
fn a_granted_directory_is_read_and_written() {
    let (_guest_folder, guest) = written(&files());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.txt"), "content").unwrap();
    assert_printed(
        &run(&["--dir", &grant(&folder, "/data")], &guest, &[]),
        "content",
    );
    assert_eq!(fs::read(folder.path().join("out.txt")).unwrap(), b"written");
}

#[test]
fn a_directory_granted_read_only_is_not_written() {
    let (_guest_folder, guest) = written(&files());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.txt"), "content").unwrap();
    assert_printed(
        &run(&["--dir", &grant(&folder, "/data:ro")], &guest, &[]),
        "content, denied",
    );
    assert!(!folder.path().join("out.txt").exists());
}

#[test]
fn a_directory_that_cannot_be_opened_is_named() {
    let (folder, guest) = written(&hello());
    let missing = folder.path().join("missing");
    let output = run(&["--dir", missing.to_str().unwrap()], &guest, &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(missing.to_str().unwrap()), "{stderr}");
    assert_eq!(output.stdout, b"");
}

/// A guest that has been everywhere and now waits for its input.
struct Tour {
    folder: TempDir,
    child: Child,
}

impl Tour {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in"), "some more").unwrap();
        fs::write(folder.path().join("out"), "before, ").unwrap();
        let flags = ["--dir", &grant(&folder, "/data")];
        let mut child = command(&flags, &in_repository("tests/all/wasi/tour.wat"))
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        let read = child.stdout.as_mut().unwrap().read_exact(&mut ready);
        if read.is_err() {
            panic!("{:?}", child.wait_with_output());
        }
        assert_eq!(&ready, b"ready\n");
        Self { folder, child }
    }

    /// The standard error, once the input has ended.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{}: {stderr}", output.status);
        stderr
    }
}

#[test]
fn streams_of_files_read_write_and_append() {
    let tour = Tour::begin();
    assert_eq!(
        fs::read_to_string(tour.folder.path().join("out")).unwrap(),
        "sefore, some more"
    );
    tour.end();
}

#[test]
fn a_name_query_of_wasi_0_2_needs_a_grant_and_a_socket_none() {
    let stderr = Tour::begin().end();
    assert_eq!(stderr.matches("socket").count(), 0, "{stderr}");
    assert_eq!(stderr.matches("--allow-net=nowhere.example").count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_of_tokio_exists() {
    let tour = Tour::begin();
    let threads = fs::read_dir(format!("/proc/{}/task", tour.child.id())).unwrap();
    let names: Vec<String> = threads
        .map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).unwrap())
        .collect();
    assert!(!names.is_empty());
    assert!(
        names.iter().all(|name| !name.contains("tokio")),
        "{names:?}"
    );
    tour.end();
}

fn host() -> Host {
    Host::builder().cache(None).build().unwrap()
}

fn instantiate(host: &mut Host, text: &str, stdio: aio_host::Stdio) -> Guest {
    let program = host.load_bytes("guest", text.as_bytes()).unwrap();
    let mut options = GuestOptions::new(Policy::default());
    options.stdio = stdio;
    let guest = host.instantiate(&program, options);
    host.block_on(guest).unwrap()
}

fn printing_to(stdout: aio_host::Output) -> aio_host::Stdio {
    aio_host::Stdio::Streams {
        stdin: Input::Empty,
        stdout,
        stderr: aio_host::Output::Null,
    }
}

fn printing_into(pipe: PipeWriter) -> aio_host::Stdio {
    printing_to(aio_host::Output::Descriptor(Arc::new(pipe.into())))
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody_else() {
    let mut host = host();
    let (reader, writer) = pipe().unwrap();
    let mut stuck = instantiate(&mut host, &flood(), printing_into(writer));
    let mut other = instantiate(&mut host, &sleeper(), aio_host::Stdio::Null);
    let mut stuck_run = pin!(stuck.run());
    let mut other_run = pin!(other.run());
    let code = host.block_on(poll_fn(|cx| {
        assert!(stuck_run.as_mut().poll(cx).is_pending());
        other_run.as_mut().poll(cx)
    }));
    assert_eq!(code.unwrap(), 0);

    let reading = std::thread::spawn(move || read_all(reader, FLOOD));
    assert_eq!(host.block_on(stuck_run).unwrap(), 0);
    assert!(reading.join().unwrap() == flooded());
}

fn read_all(mut reader: PipeReader, count: usize) -> Vec<u8> {
    let mut all = vec![0; count];
    reader.read_exact(&mut all).unwrap();
    all
}

#[test]
fn output_is_captured_up_to_its_maximum() {
    let mut host = host();
    for (max, code) in [(FLOOD, Some(0)), (FLOOD - 1, None)] {
        let captured = Captured::new(max);
        let stdout = aio_host::Output::Captured(captured.clone());
        let mut guest = instantiate(&mut host, &flood(), printing_to(stdout));
        assert_eq!(host.block_on(guest.run()).ok(), code);
        assert!(captured.take() == flooded()[..max]);
    }
}

#[test]
fn input_can_be_bytes() {
    let mut host = host();
    let captured = Captured::new(100);
    let stdio = aio_host::Stdio::Streams {
        stdin: Input::Bytes(b"some input".to_vec()),
        stdout: aio_host::Output::Captured(captured.clone()),
        stderr: aio_host::Output::Null,
    };
    let mut guest = instantiate(&mut host, &echo(), stdio);
    assert_eq!(host.block_on(guest.run()).unwrap(), 0);
    assert_eq!(captured.take(), b"some input");
}
