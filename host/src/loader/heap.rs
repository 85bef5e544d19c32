//! The allocator of this process, and how it gives memory back to the system.

use mimalloc::MiMalloc;

/// Serves everybody in the process, SQLite and plugins included (its feature `override`): a row is
/// many small blocks, made on the database's thread and freed on another, for which glibc's
/// allocator has threads wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc 2 (mimalloc.h), which the crate does not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Has the allocator give pages back as soon as nothing on them is in use.
///
/// A check of a password takes 19 MiB. By default they stay until somebody allocates much again.
pub fn give_back_at_once() {
    // SAFETY: sets a number of the allocator, which may be done at any time.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) };
}
