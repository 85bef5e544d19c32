//! Wakers that cross.
//!
//! A waker made on one side may be stored by the other for long. The clone made for storing
//! carries a [`Hold`], released only after the foreign wake function has returned: without it the
//! image could be unmapped between the wake and its return, which crashes.

use super::task::Hold;
use abi_stable::StableAbi;
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

/// A waker lent for the time of one poll.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiWakerRef {
    data: *const (),
    clone: unsafe extern "C" fn(*const ()) -> FfiWaker,
    wake: unsafe extern "C" fn(*const ()),
}

/// A waker that may be kept.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiWaker {
    data: *const (),
    wake: unsafe extern "C" fn(*const ()),
    release: unsafe extern "C" fn(*const ()),
}

// SAFETY: `data` is a boxed `Waker`, which is `Send + Sync`.
unsafe impl Send for FfiWaker {}
// SAFETY: as above.
unsafe impl Sync for FfiWaker {}

impl FfiWakerRef {
    /// Lends `waker`, which must outlive the value: it is used within one call only.
    pub fn lend(waker: &Waker) -> Self {
        Self { data: std::ptr::from_ref(waker).cast(), clone: clone_lent, wake: wake_waker }
    }

    /// Runs `work` in a context whose waker wakes the lender. Clones of it hold `hold`.
    pub fn enter<T>(&self, hold: Option<&Hold>, work: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let lent = Lent { waker: self, hold };
        let raw = RawWaker::new(std::ptr::from_ref(&lent).cast(), &LENT);
        // SAFETY: the functions of `LENT` keep the contract of `RawWaker`; `lent` outlives `waker`,
        // since clones do not refer to it.
        let waker = unsafe { Waker::from_raw(raw) };
        work(&mut Context::from_waker(&waker))
    }
}

impl Drop for FfiWaker {
    fn drop(&mut self) {
        // SAFETY: `data` belongs to `release`, and this is the only call of it.
        unsafe { (self.release)(self.data) }
    }
}

struct Lent<'a> {
    waker: &'a FfiWakerRef,
    hold: Option<&'a Hold>,
}

/// A kept waker. The order of the fields matters: the foreign waker goes first, then the hold.
struct Kept {
    waker: FfiWaker,
    _hold: Option<Hold>,
}

impl Wake for Kept {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // SAFETY: `data` is alive until `waker` is dropped.
        unsafe { (self.waker.wake)(self.waker.data) }
    }
}

static LENT: RawWakerVTable = RawWakerVTable::new(lent_clone, lent_wake, lent_wake, lent_drop);

unsafe fn lent_clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` is the `Lent` of `enter`, which outlives the lent waker.
    let lent = unsafe { &*data.cast::<Lent<'_>>() };
    // SAFETY: the lender's data lives as long as the loan.
    let waker = unsafe { (lent.waker.clone)(lent.waker.data) };
    let kept = Waker::from(Arc::new(Kept { waker, _hold: lent.hold.cloned() }));
    let raw = RawWaker::new(kept.data(), kept.vtable());
    std::mem::forget(kept);
    raw
}

unsafe fn lent_wake(data: *const ()) {
    // SAFETY: `data` is the `Lent` of `enter`, which outlives the lent waker.
    let lent = unsafe { &*data.cast::<Lent<'_>>() };
    // SAFETY: the lender's data lives as long as the loan.
    unsafe { (lent.waker.wake)(lent.waker.data) }
}

unsafe fn lent_drop(_: *const ()) {}

unsafe extern "C" fn clone_lent(data: *const ()) -> FfiWaker {
    // SAFETY: `data` is the `Waker` given to `lend`, alive during the loan.
    let waker = unsafe { &*data.cast::<Waker>() };
    FfiWaker {
        data: Box::into_raw(Box::new(waker.clone())).cast_const().cast(),
        wake: wake_waker,
        release: release_waker,
    }
}

unsafe extern "C" fn wake_waker(data: *const ()) {
    // SAFETY: `data` is a `Waker`, lent or boxed, that is alive.
    let waker = unsafe { &*data.cast::<Waker>() };
    let _ = super::guard(|| waker.wake_by_ref());
}

unsafe extern "C" fn release_waker(data: *const ()) {
    // SAFETY: `data` is the box made in `clone_lent`, released once.
    let waker = unsafe { Box::from_raw(data.cast_mut().cast::<Waker>()) };
    let _ = super::guard(move || drop(waker));
}
