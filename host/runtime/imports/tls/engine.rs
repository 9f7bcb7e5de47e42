//! TLS by itself, for guests that move the bytes themselves.

use std::io::ErrorKind;

use aio_loop::tls;
use wasmtime::Result;
use wasmtime::component::Resource;

use super::super::convert::{error_code, tls_code};
use super::super::io::read_max;
use super::super::streams::count;
use super::super::wit::tls::{HostEngine, Session};
use super::super::wit::types::ErrorCode;
use super::{Code, Role, session};
use crate::quota::Permit;
use crate::state::State;

/// One end of a session. It takes the place of a handle, for what it may hold.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Engine {
    engine: tls::Engine,
    _place: Permit,
}

impl State {
    fn push_engine(&mut self, role: &Role<'_>) -> Code<Resource<Engine>> {
        let engine = {
            let io = self.io();
            Engine {
                engine: io.engine(role)?,
                _place: io.handles.permit().ok_or(ErrorCode::QuotaExceeded)?,
            }
        };
        let pushed = self.table.push(engine);
        pushed.map_err(|_full| ErrorCode::QuotaExceeded)
    }

    fn engine_of(&mut self, engine: &Resource<Engine>) -> Result<&mut tls::Engine> {
        Ok(&mut self.table.get_mut(engine)?.engine)
    }
}

impl HostEngine for State {
    fn client(&mut self, config: u64, server_name: String) -> Result<Code<Resource<Engine>>> {
        Ok(self.push_engine(&Role::Client(config, &server_name)))
    }

    fn server(&mut self, config: u64) -> Result<Code<Resource<Engine>>> {
        Ok(self.push_engine(&Role::Server(config)))
    }

    fn incoming(&mut self, engine: Resource<Engine>, data: Vec<u8>) -> Result<Code<u32>> {
        let engine = self.engine_of(&engine)?;
        if data.is_empty() {
            engine.end_tls();
            return Ok(Ok(0));
        }
        let taken = engine.read_tls(&data);
        Ok(taken.map(count).map_err(|error| tls_code("TLS", &error)))
    }

    fn outgoing(&mut self, engine: Resource<Engine>, max: u32) -> Result<Vec<u8>> {
        let engine = self.engine_of(&engine)?;
        if !engine.wants_write() {
            return Ok(Vec::new());
        }
        let mut data = vec![0; read_max(max)];
        let length = engine.write_tls(&mut data);
        data.truncate(length);
        Ok(data)
    }

    fn read(&mut self, engine: Resource<Engine>, max: u32) -> Result<Code<Option<Vec<u8>>>> {
        let engine = self.engine_of(&engine)?;
        let mut data = vec![0; read_max(max)];
        Ok(match engine.read_plain(&mut data) {
            Ok(length) => {
                data.truncate(length);
                Ok(Some(data))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error_code("TLS", &error)),
        })
    }

    fn write(&mut self, engine: Resource<Engine>, data: Vec<u8>) -> Result<Code<u32>> {
        let engine = self.engine_of(&engine)?;
        if engine.is_handshaking() {
            return Ok(Ok(0));
        }
        Ok(match engine.write_plain(&data) {
            Ok(taken) => Ok(count(taken)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error_code("TLS", &error)),
        })
    }

    fn close(&mut self, engine: Resource<Engine>) -> Result<()> {
        self.engine_of(&engine)?.close_notify();
        Ok(())
    }

    fn is_handshaking(&mut self, engine: Resource<Engine>) -> Result<bool> {
        Ok(self.engine_of(&engine)?.is_handshaking())
    }

    fn alert(&mut self, engine: Resource<Engine>) -> Result<Option<u8>> {
        Ok(self.engine_of(&engine)?.alert().map(u8::from))
    }

    fn session(&mut self, engine: Resource<Engine>) -> Result<Code<Session>> {
        let engine = self.engine_of(&engine)?;
        Ok(match engine.is_handshaking() {
            true => Err(ErrorCode::InvalidState),
            false => session(engine.negotiated()),
        })
    }

    fn drop(&mut self, engine: Resource<Engine>) -> Result<()> {
        self.table.delete(engine)?;
        Ok(())
    }
}
