//! The standard library's sockets on WASI 0.2: an echo server, a client, datagrams, names.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        ["talk", address] => talk(address),
        ["udp"] => datagrams(),
        ["answer"] => answer(),
        ["lookup", name] => look_up(name),
        _ => Err("serve, talk, udp, answer or lookup".into()),
    }
}

/// One connection after the other.
fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut buf = vec![0; 65_536];
        loop {
            match stream.read(&mut buf)? {
                0 => break,
                count => stream.write_all(&buf[..count])?,
            }
        }
    }
    Ok(())
}

fn talk(address: &str) -> Result<(), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    assert_eq!(stream.peer_addr()?.to_string(), address);
    assert_ne!(stream.local_addr()?.port(), 0);
    let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
    let mut writer = stream.try_clone();
    match &mut writer {
        Ok(writer) => writer.write_all(&sent)?,
        // Descriptors are not duplicated by this libc.
        Err(_) => stream.write_all(&sent)?,
    }
    stream.shutdown(Shutdown::Write)?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    println!("{}", back == sent);
    Ok(())
}

fn datagrams() -> Result<(), Box<dyn Error>> {
    let near = UdpSocket::bind("127.0.0.1:0")?;
    let far = UdpSocket::bind("127.0.0.1:0")?;
    near.send_to(b"ping", far.local_addr()?)?;
    let mut buf = [0; 16];
    let (count, from) = far.recv_from(&mut buf)?;
    assert_eq!((&buf[..count], from), (&b"ping"[..], near.local_addr()?));
    near.connect(far.local_addr()?)?;
    far.send_to(b"pong", from)?;
    let count = near.recv(&mut buf)?;
    println!("{}", String::from_utf8_lossy(&buf[..count]));
    Ok(())
}

/// Answers one datagram.
fn answer() -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("listening on {}", socket.local_addr()?);
    let mut buf = [0; 16];
    let (count, from) = socket.recv_from(&mut buf)?;
    socket.send_to(&buf[..count], from)?;
    Ok(())
}

fn look_up(name: &str) -> Result<(), Box<dyn Error>> {
    let addresses = (name, 80).to_socket_addrs()?;
    let addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
    println!("{}", addresses.join(" "));
    Ok(())
}
