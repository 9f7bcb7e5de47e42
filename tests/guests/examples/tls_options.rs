//! Configurations: what is refused, every bound at its maximum and one beyond, identities of the
//! host by name, and the quota. The argument says whether the identity `web` is granted.

use aio_guest::ErrorCode;
use aio_guest::tls::{
    ClientAuthentication, ClientConfig, ClientOptions, Identity, Roots, ServerConfig,
    ServerOptions, Verification, Version,
};
use test_guests::secure::{
    NAME, Secure, client_options, identity, pki, roots, server_options, session,
};
use test_guests::{argument, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    clients()?;
    servers()?;
    quota()?;
    named().await
}

fn client(change: impl FnOnce(&mut ClientOptions)) -> Result<Result<(), ErrorCode>, String> {
    let mut options = client_options()?;
    change(&mut options);
    Ok(ClientConfig::create(&options).map(drop))
}

fn server(change: impl FnOnce(&mut ServerOptions)) -> Result<Result<(), ErrorCode>, String> {
    let mut options = server_options()?;
    change(&mut options);
    Ok(ServerConfig::create(&options).map(drop))
}

fn padded(mut pem: Vec<u8>, length: usize) -> Vec<Roots> {
    pem.resize(length, b'\n');
    vec![Roots::Pem(pem)]
}

fn clients() -> Result<(), String> {
    use ErrorCode::{InvalidArgument, OutOfRange, TlsBadIdentity};
    let ca = pki("ca.pem")?;
    succeeds(client(|_| ())?, "a client")?;
    let none = client(|options| options.roots.clear())?;
    fails(none, InvalidArgument, "nobody to trust")?;
    let lax = client(|options| {
        options.roots.clear();
        options.verification = Verification::None;
    })?;
    succeeds(lax, "nobody to trust, and nothing to verify")?;
    let backwards = client(|options| {
        options.min_version = Version::Tls13;
        options.max_version = Version::Tls12;
    })?;
    fails(backwards, InvalidArgument, "versions")?;
    let garbage = client(|options| options.roots = vec![Roots::Pem(b"garbage".to_vec())])?;
    fails(garbage, TlsBadIdentity, "garbage for roots")?;
    let longest = client(|options| options.roots = padded(ca.clone(), 1 << 20))?;
    succeeds(longest, "1 MiB of roots")?;
    let longer = client(|options| options.roots = padded(ca.clone(), (1 << 20) + 1))?;
    fails(longer, OutOfRange, "more than 1 MiB of roots")?;
    let most = client(|options| options.roots = vec![Roots::Pem(ca.clone()); 32])?;
    succeeds(most, "32 sources of roots")?;
    let more = client(|options| options.roots = vec![Roots::Pem(ca.clone()); 33])?;
    fails(more, OutOfRange, "33 sources of roots")?;
    for (count, length, fits) in [
        (32, 255, true),
        (33, 1, false),
        (1, 256, false),
        (1, 0, false),
    ] {
        let made = client(|options| options.protocols = vec![vec![b'a'; length]; count])?;
        match fits {
            true => succeeds(made, "protocols")?,
            false => fails(made, OutOfRange, "protocols")?,
        }
    }
    Ok(())
}

fn servers() -> Result<(), String> {
    use ErrorCode::{InvalidArgument, OutOfRange, TlsBadIdentity};
    succeeds(server(|_| ())?, "a server")?;
    let nobody = server(|options| options.identities.clear())?;
    fails(nobody, InvalidArgument, "no identity")?;
    let own = identity("server")?;
    let most = server(|options| options.identities = vec![own.clone(); 32])?;
    succeeds(most, "32 identities")?;
    let more = server(|options| options.identities = vec![own.clone(); 33])?;
    fails(more, OutOfRange, "33 identities")?;
    let required = ClientAuthentication::Required(Vec::new());
    let nobody = server(|options| options.clients = required)?;
    fails(nobody, InvalidArgument, "no client can come")?;
    let others = ClientAuthentication::Optional(roots()?);
    succeeds(server(|options| options.clients = others)?, "clients")?;
    let Identity::Pem(own) = own else {
        return Err("not PEM".to_owned());
    };
    let with = |change: &dyn Fn(&mut aio_guest::tls::PemIdentity)| {
        let mut changed = own.clone();
        change(&mut changed);
        server(|options| options.identities = vec![Identity::Pem(changed)])
    };
    let other = pki("client.key")?;
    let mismatch = with(&|own| own.key.clone_from(&other))?;
    fails(mismatch, TlsBadIdentity, "the key of another")?;
    fails(with(&|own| own.key.clear())?, TlsBadIdentity, "no key")?;
    let none = with(&|own| own.certificates = own.key.clone())?;
    fails(none, TlsBadIdentity, "no certificate")?;
    let longest = with(&|own| own.key.resize(1 << 20, b'\n'))?;
    succeeds(longest, "a key of 1 MiB")?;
    let longer = with(&|own| own.key.resize((1 << 20) + 1, b'\n'))?;
    fails(longer, OutOfRange, "a key of more than 1 MiB")
}

/// An identity of the host serves like one's own, and only if it is granted.
async fn named() -> Result<(), String> {
    let mut options = server_options()?;
    options.identities = vec![Identity::Named("web".to_owned())];
    if argument(1)? != "granted" {
        let denied = ServerConfig::create(&options).map(drop);
        return fails(denied, ErrorCode::AccessDenied, "an identity of the host");
    }
    let secure = Secure::open(&client_options()?, &options).await?;
    let session = session(secure.near.as_handle())?;
    let names = session.peer_certificates[0].alternative_names.clone();
    equal(names, vec![NAME.to_owned()], "the names of `web`")?;
    options.identities = vec![Identity::Named("other".to_owned())];
    let denied = ServerConfig::create(&options).map(drop);
    fails(denied, ErrorCode::AccessDenied, "another identity")
}

/// Configurations and engines count as handles, of which there are 20.
fn quota() -> Result<(), String> {
    let options = client_options()?;
    let mut configs = Vec::new();
    while configs.len() < 10 {
        configs.push(succeeds(ClientConfig::create(&options), "config")?);
    }
    let config = configs[0].as_handle();
    let mut engines = Vec::new();
    while engines.len() < 10 {
        engines.push(succeeds(
            aio_guest::tls::Engine::client(config, NAME),
            "engine",
        )?);
    }
    let full = ErrorCode::QuotaExceeded;
    fails(ClientConfig::create(&options).map(drop), full, "config 11")?;
    let engine = aio_guest::tls::Engine::client(config, NAME).map(drop);
    fails(engine, full, "engine 11")?;
    engines.pop();
    configs.push(succeeds(ClientConfig::create(&options), "after an engine")?);
    configs.pop();
    succeeds(
        aio_guest::tls::Engine::client(config, NAME),
        "after a config",
    )
    .map(drop)
}
