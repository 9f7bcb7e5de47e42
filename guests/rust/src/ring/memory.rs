//! The memory of a batch, kept from turn to turn: while `enter` runs, the host is lent the lists of
//! the batch before. What else it asks for comes from the program's allocator.
#![allow(
    unsafe_code,
    reason = "the canonical ABI asks for memory by address and size"
)]

use std::alloc::{Layout, alloc, handle_alloc_error, realloc};
use std::cell::Cell;

use super::layout::{Address, Completion};

thread_local! {
    static KEPT: Kept = const { Kept::new() };
}

struct Kept {
    /// Whether `enter` runs: what is asked for meanwhile is for its batch.
    lending: Cell<bool>,
    completions: Slot<Completion>,
    data: Slot<u8>,
}

impl Kept {
    const fn new() -> Self {
        Self {
            lending: Cell::new(false),
            completions: Slot::new(),
            data: Slot::new(),
        }
    }

    /// Each list is lent once: a batch may ask for more of the same alignment.
    fn lend(&self, align: usize, size: usize) -> Option<*mut u8> {
        if !self.lending.get() {
            return None;
        }
        match align {
            1 => self.data.lend(size),
            8 => self.completions.lend(size),
            _ => None,
        }
    }
}

struct Slot<T> {
    list: Cell<Vec<T>>,
    lent: Cell<bool>,
}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self {
            list: Cell::new(Vec::new()),
            lent: Cell::new(false),
        }
    }

    fn lend(&self, size: usize) -> Option<*mut u8> {
        if self.lent.replace(true) {
            return None;
        }
        let mut list = self.list.take();
        list.clear();
        list.reserve(size.div_ceil(size_of::<T>()));
        let pointer = list.as_mut_ptr();
        self.list.set(list);
        Some(pointer.cast())
    }

    /// Takes the list that was lent at `pointer`; none if that is another one.
    fn claim(&self, pointer: *mut T, length: usize) -> Option<Vec<T>> {
        if !self.lent.get() {
            return None;
        }
        let mut list = self.list.take();
        if list.as_ptr() != pointer || length > list.capacity() {
            self.list.set(list);
            return None;
        }
        self.lent.set(false);
        // SAFETY: the room was lent to the host, which has written `length` elements.
        unsafe { list.set_len(length) };
        Some(list)
    }

    fn keep(&self, list: Vec<T>) {
        let kept = self.list.take();
        let larger = if list.capacity() > kept.capacity() {
            list
        } else {
            kept
        };
        self.list.set(larger);
    }
}

/// An element of a list that the host writes.
pub(super) trait Element: Sized {
    #[doc(hidden)]
    fn claim(_pointer: *mut Self, _length: usize) -> Option<Vec<Self>> {
        None
    }
}

impl Element for Address {}

impl Element for u8 {
    fn claim(pointer: *mut Self, length: usize) -> Option<Vec<Self>> {
        KEPT.with(|kept| kept.data.claim(pointer, length))
    }
}

impl Element for Completion {
    fn claim(pointer: *mut Self, length: usize) -> Option<Vec<Self>> {
        KEPT.with(|kept| kept.completions.claim(pointer, length))
    }
}

/// Runs `enter`, which may write its batch to the lists that are kept.
pub(super) fn lend<R>(enter: impl FnOnce() -> R) -> R {
    KEPT.with(|kept| {
        kept.completions.lent.set(false);
        kept.data.lent.set(false);
        kept.lending.set(true);
        let result = enter();
        kept.lending.set(false);
        result
    })
}

/// Takes back the lists of a batch that is read.
pub(super) fn keep(completions: Vec<Completion>, data: Vec<u8>) {
    KEPT.with(|kept| {
        kept.completions.keep(completions);
        kept.data.keep(data);
    });
}

/// Takes over a list that the host wrote.
///
/// # Safety
///
/// The host wrote `length` elements at `pointer`, into memory that it asked `cabi_realloc` for, and
/// nobody has taken them over.
pub(super) unsafe fn take<T: Element>(pointer: *mut T, length: usize) -> Vec<T> {
    if let Some(list) = T::claim(pointer, length) {
        return list;
    }
    if length == 0 {
        return Vec::new();
    }
    // SAFETY: what is not lent, `cabi_realloc` allocated with the size and alignment of `length`
    // elements.
    unsafe { Vec::from_raw_parts(pointer, length, length) }
}

/// What the host calls for memory: the program's allocator, and during `enter` the kept lists. Here
/// instead of the one of the bindings, which is weak.
///
/// # Safety
///
/// As the canonical ABI has it: `old` is null and `old_size` 0, or both are of an earlier call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_size: usize,
    align: usize,
    size: usize,
) -> *mut u8 {
    if old_size == 0 {
        if let Some(lent) = KEPT.with(|kept| kept.lend(align, size)) {
            return lent;
        }
        if size == 0 {
            return std::ptr::without_provenance_mut(align);
        }
    }
    let layout = |size| {
        Layout::from_size_align(size, align).expect("invariant: what is asked for fits the memory")
    };
    let new = if old_size == 0 {
        // SAFETY: the size is not zero.
        unsafe { alloc(layout(size)) }
    } else {
        // SAFETY: the host names an allocation of this function by its size and alignment.
        unsafe { realloc(old, layout(old_size), size) }
    };
    if new.is_null() {
        handle_alloc_error(layout(size));
    }
    new
}
