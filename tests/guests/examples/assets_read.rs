//! What travels with the program, by the names that the arguments give; none is a dash.

use aio_guest::bindings::aio::host::assets;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for name in std::env::args().skip(1) {
        let data = assets::read_asset(&name).unwrap_or_else(|| b"-".to_vec());
        println!("{}", String::from_utf8_lossy(&data));
    }
    Ok(())
}
