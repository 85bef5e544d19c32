//! Futures and streams that cross: a state, a guarded poll, a guarded release.

use super::guard::{Panicked, guard};
use super::{FfiBytes, FfiWakerRef};
use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RResult, RString};
use bytes::Bytes;
use futures_util::Stream;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Keeps a plugin's image mapped while it exists.
pub type Hold = Arc<dyn Any + Send + Sync>;

/// The answer of one poll.
#[repr(u8)]
#[derive(StableAbi)]
pub enum FfiPoll<T> {
    /// Done, or the stream's next item.
    Ready(T),
    /// The waker will be woken.
    Pending,
    /// The code behind it panicked with this text. It must not be polled again.
    Panicked(RString),
}

/// What a stream of a body gives: the next chunk, its end, or why it broke.
pub type FfiChunk = ROption<RResult<FfiBytes, RString>>;

/// A future whose code is on the other side.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiFuture<T> {
    task: FfiTask<T>,
}

/// A body's stream whose code is on the other side.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiStream {
    task: FfiTask<FfiChunk>,
}

#[repr(C)]
#[derive(StableAbi)]
struct FfiTask<T> {
    state: *mut (),
    poll: unsafe extern "C" fn(*mut (), &FfiWakerRef) -> FfiPoll<T>,
    release: unsafe extern "C" fn(*mut ()),
}

// SAFETY: every state made below is `Send`, and it is only reached through `&mut`.
unsafe impl<T> Send for FfiTask<T> {}

impl<T> FfiFuture<T> {
    /// Wraps `future`.
    pub fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { task: FfiTask::new(FutureState(future), None) }
    }

    /// Wraps `future`; the wakers that it keeps hold `hold`.
    pub fn held(future: impl Future<Output = T> + Send + 'static, hold: Hold) -> Self {
        Self { task: FfiTask::new(FutureState(future), Some(hold)) }
    }
}

impl<T> Future for FfiFuture<T> {
    type Output = Result<T, Panicked>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().task.poll(context)
    }
}

impl FfiStream {
    /// Wraps `stream`.
    pub fn new<E: ToString>(stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self {
        Self { task: FfiTask::new(StreamState(stream), None) }
    }

    /// Wraps `stream`; the wakers that it keeps hold `hold`.
    pub fn held<E: ToString>(stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static, hold: Hold) -> Self {
        Self { task: FfiTask::new(StreamState(stream), Some(hold)) }
    }
}

impl Stream for FfiStream {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().task.poll(context).map(|chunk| match chunk {
            Ok(ROption::RSome(RResult::ROk(bytes))) => Some(Ok(bytes.into_bytes())),
            Ok(ROption::RSome(RResult::RErr(text))) => Some(Err(std::io::Error::other(text.into_string()))),
            Ok(ROption::RNone) => None,
            Err(panicked) => Some(Err(std::io::Error::other(panicked))),
        })
    }
}

impl<T> FfiTask<T> {
    fn new<S: State<Output = T>>(state: S, hold: Option<Hold>) -> Self {
        let boxed = Box::new(Held { state, hold });
        Self { state: Box::into_raw(boxed).cast(), poll: poll::<S>, release: release::<S> }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Panicked>> {
        let waker = FfiWakerRef::lend(context.waker());
        // SAFETY: `state` is the one that `poll` was made for; `&mut self` makes the call exclusive.
        match unsafe { (self.poll)(self.state, &waker) } {
            FfiPoll::Ready(value) => Poll::Ready(Ok(value)),
            FfiPoll::Pending => Poll::Pending,
            FfiPoll::Panicked(text) => Poll::Ready(Err(Panicked(text.into_string()))),
        }
    }
}

impl<T> Drop for FfiTask<T> {
    fn drop(&mut self) {
        // SAFETY: `state` belongs to `release`, and this is the only call of it.
        unsafe { (self.release)(self.state) }
    }
}

/// The order of the fields matters: the state goes first, then the hold.
struct Held<S> {
    state: S,
    hold: Option<Hold>,
}

trait State: Send + 'static {
    type Output;
    fn step(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output>;
}

struct FutureState<F>(F);

impl<F: Future + Send + 'static> State for FutureState<F> {
    type Output = F::Output;
    fn step(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the only field is structurally pinned: it is never moved out.
        unsafe { self.map_unchecked_mut(|state| &mut state.0) }.poll(context)
    }
}

struct StreamState<S>(S);

impl<E: ToString, S: Stream<Item = Result<Bytes, E>> + Send + 'static> State for StreamState<S> {
    type Output = FfiChunk;
    fn step(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<FfiChunk> {
        // SAFETY: the only field is structurally pinned: it is never moved out.
        let stream = unsafe { self.map_unchecked_mut(|state| &mut state.0) };
        stream.poll_next(context).map(|item| match item {
            Some(Ok(bytes)) => ROption::RSome(RResult::ROk(FfiBytes::from(bytes))),
            Some(Err(error)) => ROption::RSome(RResult::RErr(error.to_string().into())),
            None => ROption::RNone,
        })
    }
}

unsafe extern "C" fn poll<S: State>(state: *mut (), waker: &FfiWakerRef) -> FfiPoll<S::Output> {
    // SAFETY: `state` is the box made in `FfiTask::new` for this `S`, polled exclusively.
    let held = unsafe { &mut *state.cast::<Held<S>>() };
    // SAFETY: the box never moves, so its contents are pinned until `release`.
    let pinned = unsafe { Pin::new_unchecked(&mut held.state) };
    match guard(|| waker.enter(held.hold.as_ref(), |context| pinned.step(context))) {
        Ok(Poll::Ready(value)) => FfiPoll::Ready(value),
        Ok(Poll::Pending) => FfiPoll::Pending,
        Err(Panicked(text)) => FfiPoll::Panicked(text.into()),
    }
}

unsafe extern "C" fn release<S: State>(state: *mut ()) {
    // SAFETY: `state` is the box made in `FfiTask::new` for this `S`, released once.
    let held = unsafe { Box::from_raw(state.cast::<Held<S>>()) };
    let _ = guard(move || drop(held));
}
