//! Where paths may lead: each way out of a directory, and each malformed name, is a code. The test
//! has laid out the directory, and watches what lies beside it.

use aio_guest::ErrorCode;
use aio_guest::ErrorCode::{
    AccessDenied, AddressInUse, ConnectionRefused, InvalidArgument, NameTooLong, NotFound,
    PathEscapes,
};
use aio_guest::unix::{self, DatagramSocket, UnixAddress, UnixListener};
use test_guests::{fails, succeeds};

aio_guest::main!(run);

/// A path, and what connecting and listening there come to.
const CASES: &[(&str, ErrorCode, ErrorCode)] = &[
    ("/data/../out/s", PathEscapes, PathEscapes),
    ("/data/sub/../../out/s", PathEscapes, PathEscapes),
    ("/data/up/s", PathEscapes, PathEscapes),
    ("/data/root/tmp/s", PathEscapes, PathEscapes),
    ("/data/inside/../../out/s", PathEscapes, PathEscapes),
    ("/data/link-out", PathEscapes, AddressInUse),
    ("/data/link-in", PathEscapes, AddressInUse),
    ("/data/dangling", PathEscapes, AddressInUse),
    ("/data/file", ConnectionRefused, AddressInUse),
    ("/data/sub", ConnectionRefused, AddressInUse),
    ("/data/file/s", NotFound, NotFound),
    ("/data/missing/s", NotFound, NotFound),
    ("/data/s/", InvalidArgument, InvalidArgument),
    ("/data/", InvalidArgument, InvalidArgument),
    ("/data/.", InvalidArgument, InvalidArgument),
    ("/data/..", InvalidArgument, InvalidArgument),
    ("/data/a\0b", InvalidArgument, InvalidArgument),
    ("", InvalidArgument, InvalidArgument),
    (".", InvalidArgument, InvalidArgument),
    ("/", InvalidArgument, InvalidArgument),
    ("/read-only/s", AccessDenied, AccessDenied),
    ("/elsewhere/s", AccessDenied, AccessDenied),
    ("/data-not/s", AccessDenied, AccessDenied),
    ("/data", AccessDenied, AccessDenied),
];

async fn run() -> Result<(), String> {
    for (path, connect, listen) in CASES {
        let address = UnixAddress::Path((*path).to_owned());
        refused(address, *connect, *listen, path).await?;
    }
    lengths().await?;
    abstract_names().await?;
    inside().await
}

/// Every way to use an address is judged alike.
async fn refused(
    address: UnixAddress,
    connect: ErrorCode,
    listen: ErrorCode,
    what: &str,
) -> Result<(), String> {
    let what = |how: &str| format!("{how} {what:?}");
    let socket = succeeds(DatagramSocket::bind(&UnixAddress::Unnamed), "unbound")?;
    fails(
        unix::connect(address.clone()).await,
        connect,
        &what("connect"),
    )?;
    fails(
        socket.connect(&address),
        connect,
        &what("connect datagrams"),
    )?;
    let sent = socket.send(b"x".to_vec(), Some(address.clone())).await;
    fails(sent, connect, &what("send to"))?;
    fails(UnixListener::listen(&address, 1), listen, &what("listen"))?;
    fails(DatagramSocket::bind(&address), listen, &what("bind"))
}

async fn lengths() -> Result<(), String> {
    let path = |len| UnixAddress::Path(format!("/data/{}", "n".repeat(len)));
    drop(succeeds(UnixListener::listen(&path(80), 1), "80 bytes")?);
    fails(
        UnixListener::listen(&path(81), 1),
        NameTooLong,
        "a name of 81 bytes",
    )?;
    for len in [107, 108, 255] {
        fails(unix::connect(path(len)).await, NotFound, "a long name")?;
        fails(UnixListener::listen(&path(len), 1), NameTooLong, "listen")?;
    }
    fails(unix::connect(path(256)).await, NameTooLong, "256 bytes")?;
    let slashes = |len: usize| UnixAddress::Path(format!("/data{}s", "/".repeat(len - 6)));
    drop(succeeds(UnixListener::listen(&slashes(4095), 1), "4,095")?);
    refused(slashes(4096), NameTooLong, NameTooLong, "4,096 bytes").await?;
    let huge = UnixAddress::Path("n".repeat(1 << 20));
    refused(huge, NameTooLong, NameTooLong, "a megabyte").await
}

async fn abstract_names() -> Result<(), String> {
    let name = |len| {
        let mut name = b"aio-host-paths\0".to_vec();
        name.resize(len, 0xff);
        UnixAddress::Abstract(name)
    };
    let longest = succeeds(UnixListener::listen(&name(107), 1), "107 bytes")?;
    if longest.local_address() != Ok(name(107)) {
        return Err("an abstract name may have any bytes".to_owned());
    }
    refused(name(108), NameTooLong, NameTooLong, "108 bytes").await?;
    let huge = UnixAddress::Abstract(vec![b'n'; 1 << 20]);
    refused(huge, NameTooLong, NameTooLong, "a megabyte").await?;
    let empty = UnixAddress::Abstract(Vec::new());
    refused(empty, InvalidArgument, InvalidArgument, "nothing").await?;
    let other = UnixAddress::Abstract(b"not-granted".to_vec());
    refused(other, AccessDenied, AccessDenied, "@not-granted").await?;
    fails(
        unix::connect(UnixAddress::Unnamed).await,
        InvalidArgument,
        "connect to nobody",
    )?;
    fails(
        UnixListener::listen(&UnixAddress::Unnamed, 1),
        InvalidArgument,
        "listen nowhere",
    )
}

/// Ways that lead about and do not lead out.
async fn inside() -> Result<(), String> {
    for path in ["data/a", "./data/a", "/data/sub/../a", "/data/inside/../a"] {
        let address = UnixAddress::Path(path.to_owned());
        let listener = succeeds(UnixListener::listen(&address, 1), path)?;
        let told = listener.local_address();
        if told != Ok(UnixAddress::Path("/data/a".to_owned())) {
            return Err(format!("{path} is told as {told:?}"));
        }
        succeeds(unix::connect(address).await, path)?;
    }
    Ok(())
}
