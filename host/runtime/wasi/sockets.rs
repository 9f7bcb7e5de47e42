//! `wasi:sockets` of 0.2 and 0.3: there, so that guests which merely import it can start, and
//! refused. Those of wasmtime-wasi live on a tokio reactor, so none is ever made; what only an
//! existing socket can reach is linked from there.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets as p2;
use wasmtime_wasi::p3::bindings::sockets as p3;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

use crate::capability::Denial;
use crate::state::State;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::network::add_to_linker::<State, WasiSockets>(
        linker,
        &p2::network::LinkOptions::default(),
        State::sockets,
    )?;
    link_all!(
        linker,
        WasiSockets,
        State::sockets,
        p2::instance_network,
        p2::tcp,
        p2::tcp_create_socket,
        p2::udp,
        p2::udp_create_socket,
        p2::ip_name_lookup,
        p3::types,
        p3::ip_name_lookup,
    );
    // What begins anything is defined anew. The versions are those of wasmtime-wasi; the test that
    // a guest is refused would tell of another one.
    linker.allow_shadowing(true);
    refuse_p2(linker)?;
    refuse_p3(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn refuse_p2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use p2::network::{ErrorCode, IpAddressFamily, Network};

    linker
        .instance("wasi:sockets/tcp-create-socket@0.2.12")?
        .func_wrap(
            "create-tcp-socket",
            |store: StoreContextMut<'_, State>, _: (IpAddressFamily,)| {
                refuse(&store, &tcp());
                Ok((Err::<Resource<p2::tcp::TcpSocket>, _>(
                    ErrorCode::NotSupported,
                ),))
            },
        )?;
    linker
        .instance("wasi:sockets/udp-create-socket@0.2.12")?
        .func_wrap(
            "create-udp-socket",
            |store: StoreContextMut<'_, State>, _: (IpAddressFamily,)| {
                refuse(&store, &udp());
                Ok((Err::<Resource<p2::udp::UdpSocket>, _>(
                    ErrorCode::NotSupported,
                ),))
            },
        )?;
    linker
        .instance("wasi:sockets/ip-name-lookup@0.2.12")?
        .func_wrap(
            "resolve-addresses",
            |store: StoreContextMut<'_, State>, (_, name): (Resource<Network>, String)| {
                refuse(&store, &lookup(&name));
                type Lookup = Resource<p2::ip_name_lookup::ResolveAddressStream>;
                Ok((Err::<Lookup, _>(ErrorCode::PermanentResolverFailure),))
            },
        )
}

fn refuse_p3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use p3::types::{ErrorCode, IpAddress, IpAddressFamily, TcpSocket, UdpSocket};

    let mut types = linker.instance("wasi:sockets/types@0.3.0")?;
    types.func_wrap(
        "[static]tcp-socket.create",
        |store: StoreContextMut<'_, State>, _: (IpAddressFamily,)| {
            refuse(&store, &tcp());
            Ok((Err::<Resource<TcpSocket>, _>(ErrorCode::NotSupported),))
        },
    )?;
    types.func_wrap(
        "[static]udp-socket.create",
        |store: StoreContextMut<'_, State>, _: (IpAddressFamily,)| {
            refuse(&store, &udp());
            Ok((Err::<Resource<UdpSocket>, _>(ErrorCode::NotSupported),))
        },
    )?;
    linker
        .instance("wasi:sockets/ip-name-lookup@0.3.0")?
        .func_wrap_concurrent("resolve-addresses", |accessor, (name,): (String,)| {
            accessor.with(|mut access| access.data_mut().deny(&lookup(&name)));
            let failure = p3::ip_name_lookup::ErrorCode::PermanentResolverFailure;
            Box::pin(async { Ok((Err::<Vec<IpAddress>, _>(failure),)) })
        })
}

fn refuse(store: &StoreContextMut<'_, State>, denial: &Denial) {
    store.data().deny(denial);
}

fn tcp() -> Denial {
    instead("create a TCP socket of wasi:sockets", "aio:host/tcp")
}

fn udp() -> Denial {
    Denial::not_granted(
        "create a UDP socket of wasi:sockets, which is not served yet",
        None,
    )
}

fn lookup(name: &str) -> Denial {
    instead(&format!("look up {name} by wasi:sockets"), "aio:host/dns")
}

fn instead(operation: &str, interface: &str) -> Denial {
    let remedy = format!("{interface}, in place of wasi:sockets, which is not served yet,");
    Denial::not_granted(operation, Some(remedy))
}
