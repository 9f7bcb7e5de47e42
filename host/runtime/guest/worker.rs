//! The crew of a guest's workers: each thread drives an instance of the same component, made before
//! a job needs it and made anew after a job that was cut off or has trapped.

use aio_loop::{Handle, Loop};
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

use super::{Guest, Origin};
use crate::error::{Error, Result};
use crate::imports::wit::types::ErrorCode;
use crate::imports::wit::workers::JobError;
use crate::options::GuestOptions;
use crate::state::Common;
use crate::workers::{self, Job, Outcome, Seat, Signature, Workers};

/// What every worker of one guest is made from.
pub(super) struct Crew {
    origin: Origin,
    options: GuestOptions,
    common: Common,
}

impl Crew {
    /// A worker has what its guest has, but no time of its own: it ends with the guest.
    pub(super) fn new(origin: &Origin, options: &GuestOptions, common: &Common) -> Self {
        let mut options = options.clone();
        options.policy.limits.timeout = None;
        Self {
            origin: origin.clone(),
            options,
            common: common.of_worker(),
        }
    }

    async fn serve(&self, handle: &Handle, seat: Seat) {
        let mut instance = None;
        loop {
            let made = seat.while_wanted(self.ready(handle, &mut instance)).await;
            // Why there is none is told to the job that needs one.
            drop(made);
            let Some(job) = seat.next().await else {
                return;
            };
            self.serve_one(handle, &seat, &mut instance, job).await;
        }
    }

    async fn serve_one(
        &self,
        handle: &Handle,
        seat: &Seat,
        instance: &mut Option<Guest>,
        mut job: Job,
    ) {
        let outcome = seat
            .while_wanted(async {
                let guest = self.ready(handle, instance).await.map_err(refused)?;
                call(guest, &mut job).await
            })
            .await;
        if instance.as_ref().is_none_or(|guest| guest.ended) {
            *instance = None;
        }
        seat.done(job, outcome);
    }

    /// The instance, which is made if there is none.
    async fn ready<'a>(
        &self,
        handle: &Handle,
        instance: &'a mut Option<Guest>,
    ) -> Result<&'a mut Guest> {
        let guest = match instance.take() {
            Some(guest) => guest,
            None => self.instantiate(handle).await?,
        };
        Ok(instance.insert(guest))
    }

    async fn instantiate(&self, handle: &Handle) -> Result<Guest> {
        let (options, common) = (self.options.clone(), self.common.clone());
        Guest::start(&self.origin, handle, options, common, Workers::default()).await
    }
}

impl workers::Crew for Crew {
    fn signature(&self, job: &str) -> Option<Signature> {
        let component = self.origin.program.component();
        let (interface, name) = match job.split_once('#') {
            Some((interface, name)) => (Some(component.get_export_index(None, interface)?), name),
            None => (None, job),
        };
        match component.get_export(interface.as_ref(), name)? {
            (ComponentItem::ComponentFunc(function), _) => signature(&function),
            _ => None,
        }
    }

    fn work(&self, mut event_loop: Loop, seat: Seat) {
        let handle = event_loop.handle().clone();
        event_loop.block_on(self.serve(&handle, seat));
    }

    fn interrupt(&self) {
        // Not by the ticker: it ends with the host, which may be over already.
        let component = self.origin.program.component();
        component.engine().increment_epoch();
    }
}

/// Which kind of job a function is, if any.
fn signature(function: &ComponentFunc) -> Option<Signature> {
    let (mut parameters, mut results) = (function.params(), function.results());
    let (Some((_, input)), None) = (parameters.next(), parameters.next()) else {
        return None;
    };
    let (Some(output), None) = (results.next(), results.next()) else {
        return None;
    };
    if !is_bytes(&input) {
        return None;
    }
    match output {
        Type::Result(result) => {
            let fits =
                result.ok().is_some_and(|ok| is_bytes(&ok)) && result.err() == Some(Type::String);
            fits.then_some(Signature::Fallible)
        }
        output => is_bytes(&output).then_some(Signature::Plain),
    }
}

fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::List(list) if list.ty() == Type::U8)
}

async fn call(guest: &mut Guest, job: &mut Job) -> Outcome {
    let parameters = (job.begin(),);
    let called = match job.signature {
        Signature::Plain => {
            let called = guest.call::<_, (Vec<u8>,)>(&job.name, parameters).await;
            called.map(|(bytes,)| Ok(bytes))
        }
        Signature::Fallible => {
            let called = guest.call::<_, (Result<Vec<u8>, String>,)>(&job.name, parameters);
            called
                .await
                .map(|(result,)| result.map_err(JobError::Failed))
        }
    };
    called.unwrap_or_else(|error| Err(JobError::Trapped(error.to_string())))
}

/// Says why there is no instance.
fn refused(error: Error) -> JobError {
    match error {
        Error::Trap { .. } | Error::OutOfFuel { .. } => JobError::Trapped(error.to_string()),
        error => {
            tracing::error!("make a worker: {error}");
            JobError::Refused(ErrorCode::InsufficientResources)
        }
    }
}
