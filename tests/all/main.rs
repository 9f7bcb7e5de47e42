//! All tests.

