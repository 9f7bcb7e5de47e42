//! The imports `enter` and `enter-async`, called without the bindings' copies. Everything unsafe of
//! this crate is here and in `memory.rs`.
#![allow(
    unsafe_code,
    reason = "the canonical ABI is memory that the host reads and writes"
)]

use std::alloc::Layout;

use wit_bindgen::rt::async_support::Subtask;

use super::batch::{Batch, List};
use super::layout::{Completion, Submission};
use super::memory::{self, Element};
use super::submissions::Submissions;
use crate::bindings::aio::host::types::ErrorCode;

#[link(wasm_import_module = "aio:host/ring@0.1.0")]
#[cfg(target_arch = "wasm32")]
unsafe extern "C" {
    #[link_name = "enter"]
    fn import_enter(
        submissions: *const Submission,
        submissions_length: usize,
        data: *const u8,
        data_length: usize,
        has_timeout: i32,
        timeout: i64,
        result: *mut Answer,
    );

    #[link_name = "[async-lower]enter-async"]
    fn import_enter_async(parameters: *const Parameters, result: *mut Answer) -> u32;
}

#[cfg(not(target_arch = "wasm32"))]
unsafe fn import_enter(
    _: *const Submission,
    _: usize,
    _: *const u8,
    _: usize,
    _: i32,
    _: i64,
    _: *mut Answer,
) {
    unreachable!("a guest runs as wasm")
}

#[cfg(not(target_arch = "wasm32"))]
unsafe fn import_enter_async(_: *const Parameters, _: *mut Answer) -> u32 {
    unreachable!("a guest runs as wasm")
}

/// The parameters of `enter-async`, which are too many to be passed as numbers.
#[repr(C)]
struct Parameters {
    submissions: *const Submission,
    submissions_length: usize,
    data: *const u8,
    data_length: usize,
    has_timeout: u8,
    timeout: u64,
}

impl Parameters {
    fn new(submissions: &Submissions, timeout: Option<u64>) -> Self {
        Self {
            submissions: submissions.entries.as_ptr(),
            submissions_length: submissions.entries.len(),
            data: submissions.data.as_ptr(),
            data_length: submissions.data.len(),
            has_timeout: timeout.is_some().into(),
            timeout: timeout.unwrap_or_default(),
        }
    }
}

/// `result<batch, error-code>`. An error's code is the first byte after the case.
#[repr(C)]
struct Answer {
    case: u8,
    completions: Foreign<Completion>,
    data: Foreign<u8>,
    stop: u8,
}

impl Answer {
    const EMPTY: Self = Self {
        case: 1,
        completions: Foreign::EMPTY,
        data: Foreign::EMPTY,
        stop: 0,
    };

    /// # Safety
    ///
    /// The host has written the answer, and it is lifted once.
    unsafe fn lift(self) -> Result<Batch, ErrorCode> {
        if self.case != 0 {
            return Err(error_code(self.completions.pointer.addr() as u8));
        }
        // SAFETY: the host made the lists, and the caller lifts them once.
        let (completions, data) = unsafe { (self.completions.lift(), self.data.lift()) };
        let lists = completions
            .iter()
            // SAFETY: the host wrote the completions, and the lists in each are taken here alone.
            .filter_map(|completion| unsafe { lists_of(completion) })
            .collect();
        Ok(Batch::new(completions, lists, data, self.stop != 0))
    }
}

/// A list that the host wrote into memory that it asked this program's allocator for.
#[repr(C)]
struct Foreign<T> {
    pointer: *mut T,
    length: usize,
}

impl<T: Element> Foreign<T> {
    const EMPTY: Self = Self {
        pointer: std::ptr::null_mut(),
        length: 0,
    };

    /// # Safety
    ///
    /// The host made the list, and it is lifted once.
    unsafe fn lift(self) -> Vec<T> {
        // SAFETY: as the caller promises.
        unsafe { memory::take(self.pointer, self.length) }
    }
}

/// # Safety
///
/// The host wrote `completion`, and nobody took the lists in it.
unsafe fn lists_of(completion: &Completion) -> Option<List> {
    let [first, second] = [completion.list(0), completion.list(1)];
    // SAFETY: these cases have these lists, and the caller promises that they are there.
    unsafe {
        match completion.case() {
            6 => Some(List::Addresses(list_of(first))),
            11 => Some(List::Names(list_of(first), list_of(second))),
            // One that was refused has a code instead.
            15 if completion.byte() != 0 => Some(List::Reason(list_of(completion.reason()))),
            _ => None,
        }
    }
}

/// # Safety
///
/// The address and the length are of a list of `T` that the host wrote and nobody took.
unsafe fn list_of<T: Element>((pointer, length): (usize, usize)) -> Vec<T> {
    let list = Foreign {
        pointer: std::ptr::with_exposed_provenance_mut(pointer),
        length,
    };
    // SAFETY: as the caller promises.
    unsafe { list.lift() }
}

/// Reads an `error-code`.
pub(super) fn error_code(number: u8) -> ErrorCode {
    // SAFETY: the number comes from the host, which knows no others than the WIT file does.
    unsafe { ErrorCode::_lift(number) }
}

/// Calls `enter`.
pub(super) fn enter(submissions: &Submissions, timeout: Option<u64>) -> Result<Batch, ErrorCode> {
    let mut answer = Answer::EMPTY;
    let parameters = Parameters::new(submissions, timeout);
    // SAFETY: the lists live until the call returns, and the answer has the layout of the result.
    memory::lend(|| unsafe {
        import_enter(
            parameters.submissions,
            parameters.submissions_length,
            parameters.data,
            parameters.data_length,
            parameters.has_timeout.into(),
            parameters.timeout.cast_signed(),
            &raw mut answer,
        );
    });
    // SAFETY: the host has written the answer, and it is lifted here.
    unsafe { answer.lift() }
}

/// Calls `enter-async`, and gives the buffers back.
pub(super) async fn enter_async(
    submissions: Submissions,
    timeout: Option<u64>,
) -> (Result<Batch, ErrorCode>, Submissions) {
    let mut call = EnterAsync::default();
    let result = call.call((submissions, timeout)).await;
    (result, call.reused)
}

/// One call of `enter-async`.
#[derive(Default)]
struct EnterAsync {
    /// What the host may read until the call has started.
    lowered: Option<Submissions>,
    /// The buffers, empty again.
    reused: Submissions,
}

/// Where the parameters and the answer of an asynchronous call are.
#[repr(C)]
struct Frame {
    parameters: Parameters,
    answer: Answer,
}

// SAFETY: the layout is that of `Frame`, into which parameters are lowered and from which the
// answer is lifted; `lowered` keeps the lists of the parameters alive until the runtime says they
// were read.
unsafe impl Subtask for EnterAsync {
    type Params = (Submissions, Option<u64>);
    type ParamsLower = *mut u8;
    type Results = Result<Batch, ErrorCode>;

    fn abi_layout(&mut self) -> Layout {
        Layout::new::<Frame>()
    }

    fn results_offset(&mut self) -> usize {
        std::mem::offset_of!(Frame, answer)
    }

    unsafe fn call_import(&mut self, parameters: *mut u8, results: *mut u8) -> u32 {
        // SAFETY: both point into one allocation with the layout of `Frame`.
        unsafe { import_enter_async(parameters.cast(), results.cast()) }
    }

    unsafe fn params_lower(&mut self, params: Self::Params, frame: *mut u8) -> *mut u8 {
        let (submissions, timeout) = params;
        let parameters = Parameters::new(&submissions, timeout);
        self.lowered = Some(submissions);
        // SAFETY: `frame` is an allocation with the layout of `Frame`.
        unsafe {
            frame.cast::<Frame>().write(Frame {
                parameters,
                answer: Answer::EMPTY,
            });
        }
        frame
    }

    unsafe fn params_dealloc_lists(&mut self, _: *mut u8) {
        let mut submissions = self.lowered.take().unwrap_or_default();
        submissions.clear();
        self.reused = submissions;
    }

    unsafe fn params_dealloc_lists_and_own(&mut self, parameters: *mut u8) {
        // SAFETY: as the caller promises.
        unsafe { self.params_dealloc_lists(parameters) };
    }

    unsafe fn results_lift(&mut self, answer: *mut u8) -> Self::Results {
        // SAFETY: the host has written the answer there, and the runtime lifts it once.
        unsafe { answer.cast::<Answer>().read().lift() }
    }
}
