//! Vectored writes: the pieces arrive as one, and their number is bounded.

use aio_guest::{ByteStream, ErrorCode};
use test_guests::{equal, fails, pair, read_exactly, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    let near = succeeds(ByteStream::by_handle(near.as_handle()), "by handle")?;
    let pieces = vec![b"one".to_vec(), Vec::new(), b", two".to_vec()];
    let written = succeeds(near.write_vectored(pieces).await, "write")?;
    equal(written, 8, "written")?;
    equal(read_exactly(&far, 8).await?, b"one, two".to_vec(), "read")?;
    for none in [Vec::new(), vec![Vec::new(); 1024]] {
        let written = succeeds(near.write_vectored(none).await, "write nothing")?;
        equal(written, 0, "written of nothing")?;
    }
    let most = near.write_vectored(vec![vec![7]; 1024]).await;
    equal(succeeds(most, "1,024 pieces")?, 1024, "written")?;
    let more = near.write_vectored(vec![vec![7]; 1025]).await;
    fails(more, ErrorCode::OutOfRange, "1,025 pieces")
}
