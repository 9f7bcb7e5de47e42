//! One thread, one event loop.
