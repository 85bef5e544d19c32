//! Bytes that cross without a copy.

use abi_stable::StableAbi;
use bytes::Bytes;

/// A block of bytes with the function that frees it.
///
/// Whoever holds it may read it on any thread; dropping it calls back into the side that made it.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiBytes {
    ptr: *const u8,
    len: usize,
    owner: *mut (),
    release: unsafe extern "C" fn(*mut ()),
}

// SAFETY: the block is immutable while it exists, and every owner made below is `Send + Sync`.
unsafe impl Send for FfiBytes {}
// SAFETY: as above; only shared reads are offered.
unsafe impl Sync for FfiBytes {}

impl FfiBytes {
    /// Bytes that live as long as the image they are compiled into.
    pub fn from_static(bytes: &'static [u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len(), owner: std::ptr::null_mut(), release: release_nothing }
    }

    /// The bytes as [`Bytes`], without a copy.
    pub fn into_bytes(self) -> Bytes {
        if self.len == 0 { Bytes::new() } else { Bytes::from_owner(self) }
    }
}

impl From<Bytes> for FfiBytes {
    fn from(bytes: Bytes) -> Self {
        let (ptr, len) = (bytes.as_ptr(), bytes.len());
        Self { ptr, len, owner: Box::into_raw(Box::new(bytes)).cast(), release: release_box::<Bytes> }
    }
}

impl From<Vec<u8>> for FfiBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl AsRef<[u8]> for FfiBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `ptr` and `len` describe the block that `owner` keeps alive until `release`.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

impl Drop for FfiBytes {
    fn drop(&mut self) {
        // SAFETY: `owner` belongs to `release`, and this is the only call of it.
        unsafe { (self.release)(self.owner) }
    }
}

impl std::fmt::Debug for FfiBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FfiBytes({} bytes)", self.len)
    }
}

unsafe extern "C" fn release_nothing(_: *mut ()) {}

unsafe extern "C" fn release_box<T>(owner: *mut ()) {
    // SAFETY: `owner` came from `Box::into_raw` of a `Box<T>` and is released once.
    let owner = unsafe { Box::from_raw(owner.cast::<T>()) };
    let _ = super::guard(move || drop(owner));
}
