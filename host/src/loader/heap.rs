//! Giving freed memory back to the system.

/// Blocks larger than this, in bytes, are the system's own pages: freeing one gives it back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_PAGES_FROM: libc::c_int = 128 * 1024;

/// Has glibc give large blocks back as soon as they are freed.
///
/// It raises its threshold to the largest block that was ever freed, up to 32 MiB. After the first
/// check of a password, which takes 19 MiB, every thread's arena would keep as much (mallopt(3)).
pub fn give_back_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: sets a number of the allocator, which may be done at any time.
        let set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_PAGES_FROM) };
        if set == 0 {
            tracing::debug!("the allocator keeps its threshold");
        }
    }
}
