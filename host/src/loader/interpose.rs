//! What makes unloading real on glibc: four functions of the C library, interposed.
//!
//! The executable exports them (see `build.rs`), so that a plugin's calls bind here first:
//!
//! * `__cxa_thread_atexit_impl`: glibc pins a library that registers a thread-local destructor. Ours
//!   are recorded here instead, run when their thread exits or before their image is unmapped.
//! * `pthread_key_create`, `pthread_key_delete`: the key that the standard library makes for
//!   `thread::current` would call into unmapped code when its thread exits. Keys that are left are
//!   deleted before the image is unmapped.
//! * `pthread_create`: a thread whose code is in an image keeps it mapped until the kernel knows the
//!   thread no more.
//!
//! Code that is not in a private copy of the loader's is passed on untouched.

use super::maps::COPY_SUFFIX;
use libc::{c_char, c_int, c_void, pthread_attr_t, pthread_key_t, pthread_t};
use std::collections::HashMap;
use std::ffi::CStr;
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

type Destructor = unsafe extern "C" fn(*mut c_void);
type KeyDestructor = Option<Destructor>;
type StartRoutine = extern "C" fn(*mut c_void) -> *mut c_void;

/// What an image left behind, by its base address.
#[derive(Default)]
struct Leftovers {
    destructors: Vec<Registered>,
    keys: Vec<pthread_key_t>,
    threads: Vec<Arc<AtomicI32>>,
    /// Threads that are running a destructor of the image right now.
    running: usize,
}

struct Registered {
    thread: u64,
    destructor: Destructor,
    object: *mut c_void,
}

// SAFETY: the pointers are only used by calling the destructor, once, as glibc would have done.
unsafe impl Send for Registered {}

static IMAGES: Mutex<Option<HashMap<usize, Leftovers>>> = Mutex::new(None);
static RAN: Condvar = Condvar::new();

fn images() -> MutexGuard<'static, Option<HashMap<usize, Leftovers>>> {
    IMAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_image<T>(base: usize, work: impl FnOnce(&mut Leftovers) -> T) -> T {
    work(images().get_or_insert_default().entry(base).or_default())
}

/// The base address of the private copy whose code contains `address`.
pub(super) fn image_of(address: *const c_void) -> Option<usize> {
    let mut found = mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `found` is writable; `dladdr` accepts any address.
    if unsafe { libc::dladdr(address, found.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: `dladdr` succeeded, and all-zero is a valid `Dl_info` besides.
    let found = unsafe { found.assume_init() };
    if found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the name is a C string of the dynamic linker, alive while the object is open.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    name.to_bytes().ends_with(COPY_SUFFIX.as_bytes()).then_some(found.dli_fbase as usize)
}

/// The threads of the image that the kernel still knows.
pub(super) fn living_threads(base: usize) -> Vec<i32> {
    let alive = |thread: &i32| *thread == 0 || PathBuf::from(format!("/proc/self/task/{thread}")).exists();
    with_image(base, |image| {
        image.threads.retain(|thread| alive(&thread.load(Ordering::Acquire)));
        image.threads.iter().map(|thread| thread.load(Ordering::Acquire)).collect()
    })
}

/// Runs what the image left behind: destructors of living threads, keys. Nothing of the image may
/// be running or be called afterwards.
pub(super) fn release(base: usize) {
    let mut guard = images();
    while guard.as_ref().and_then(|all| all.get(&base)).is_some_and(|image| image.running > 0) {
        guard = RAN.wait_timeout(guard, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
    }
    let left = guard.as_mut().and_then(|all| all.remove(&base)).unwrap_or_default();
    drop(guard);
    for registered in left.destructors.into_iter().rev() {
        // SAFETY: registered by the image for this object; its thread has not run it, and its code is
        // still mapped.
        unsafe { (registered.destructor)(registered.object) }
    }
    for key in left.keys {
        let delete = REAL_KEY_DELETE.get::<unsafe extern "C" fn(pthread_key_t) -> c_int>();
        // SAFETY: the key was made by this image and not deleted since.
        unsafe { delete(key) };
    }
}

/// Runs the destructors that images registered on this thread. Called when the thread exits.
fn thread_exits(thread: u64) {
    loop {
        let mut guard = images();
        let next = guard.as_mut().and_then(|all| {
            all.iter_mut().find_map(|(base, image)| {
                let at = image.destructors.iter().rposition(|registered| registered.thread == thread)?;
                image.running += 1;
                Some((*base, image.destructors.remove(at)))
            })
        });
        drop(guard);
        let Some((base, registered)) = next else { return };
        // SAFETY: registered by the image on this thread for this object; `running` keeps it mapped.
        unsafe { (registered.destructor)(registered.object) }
        with_image(base, |image| image.running -= 1);
        RAN.notify_all();
    }
}

/// Gives each thread a number and runs what images registered on it at its end.
struct ThreadGuard(u64);

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        thread_exits(self.0);
    }
}

thread_local! {
    static GUARD: ThreadGuard = ThreadGuard({
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed) as u64
    });
}

/// A function of the C library, looked up behind our own of the same name.
struct Real {
    name: &'static CStr,
    address: AtomicUsize,
}

impl Real {
    const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicUsize::new(0) }
    }

    fn get<F: Copy>(&self) -> F {
        const { assert!(mem::size_of::<F>() == mem::size_of::<usize>()) }
        let mut address = self.address.load(Ordering::Relaxed);
        if address == 0 {
            // SAFETY: the name is a C string; RTLD_NEXT looks behind the executable.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr().cast::<c_char>()) } as usize;
            if address == 0 {
                std::process::abort();
            }
            self.address.store(address, Ordering::Relaxed);
        }
        // SAFETY: `F` is the type of the C function of that name, and the address is not null.
        unsafe { mem::transmute_copy(&address) }
    }
}

static REAL_ATEXIT: Real = Real::new(c"__cxa_thread_atexit_impl");
static REAL_KEY_CREATE: Real = Real::new(c"pthread_key_create");
static REAL_KEY_DELETE: Real = Real::new(c"pthread_key_delete");
static REAL_CREATE: Real = Real::new(c"pthread_create");

/// # Safety
/// As glibc's: `destructor` may be called with `object` when the thread exits.
#[unsafe(no_mangle)]
unsafe extern "C" fn __cxa_thread_atexit_impl(destructor: Destructor, object: *mut c_void, dso: *mut c_void) -> c_int {
    let Some(base) = image_of(destructor as *const c_void) else {
        let real = REAL_ATEXIT.get::<unsafe extern "C" fn(Destructor, *mut c_void, *mut c_void) -> c_int>();
        // SAFETY: passed on as it came.
        return unsafe { real(destructor, object, dso) };
    };
    // At the very end of a thread its guard is gone; then nobody will run the destructor.
    if let Ok(thread) = GUARD.try_with(|guard| guard.0) {
        with_image(base, |image| image.destructors.push(Registered { thread, destructor, object }));
    }
    0
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_key_create(key: *mut pthread_key_t, destructor: KeyDestructor) -> c_int {
    let real = REAL_KEY_CREATE.get::<unsafe extern "C" fn(*mut pthread_key_t, KeyDestructor) -> c_int>();
    // SAFETY: passed on as it came.
    let result = unsafe { real(key, destructor) };
    if result == 0
        && let Some(base) = destructor.and_then(|destructor| image_of(destructor as *const c_void))
    {
        // SAFETY: the call succeeded, so `key` is readable and set.
        let key = unsafe { *key };
        with_image(base, |image| image.keys.push(key));
    }
    result
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_key_delete(key: pthread_key_t) -> c_int {
    // The number may be given out again at once, so it is forgotten before it is free.
    if let Some(all) = images().as_mut() {
        all.values_mut().for_each(|image| image.keys.retain(|known| *known != key));
    }
    let real = REAL_KEY_DELETE.get::<unsafe extern "C" fn(pthread_key_t) -> c_int>();
    // SAFETY: passed on as it came.
    unsafe { real(key) }
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: StartRoutine,
    argument: *mut c_void,
) -> c_int {
    type Create = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, StartRoutine, *mut c_void) -> c_int;
    let real = REAL_CREATE.get::<Create>();
    let Some(base) = image_of(start as *const c_void) else {
        // SAFETY: passed on as it came.
        return unsafe { real(thread, attributes, start, argument) };
    };
    let id = Arc::new(AtomicI32::new(0));
    with_image(base, |image| image.threads.push(Arc::clone(&id)));
    let wrapped = Box::into_raw(Box::new(Started { start, argument, id: Arc::clone(&id) }));
    // SAFETY: passed on with our own routine, which takes the box.
    let result = unsafe { real(thread, attributes, run_started, wrapped.cast()) };
    if result != 0 {
        with_image(base, |image| image.threads.retain(|known| !Arc::ptr_eq(known, &id)));
        // SAFETY: the thread was not made, so the box is still ours.
        drop(unsafe { Box::from_raw(wrapped) });
    }
    result
}

struct Started {
    start: StartRoutine,
    argument: *mut c_void,
    id: Arc<AtomicI32>,
}

extern "C" fn run_started(started: *mut c_void) -> *mut c_void {
    // SAFETY: the box made in `pthread_create`, given to this thread alone.
    let started = *unsafe { Box::from_raw(started.cast::<Started>()) };
    // SAFETY: no preconditions.
    started.id.store(unsafe { libc::gettid() }, Ordering::Release);
    (started.start)(started.argument)
}
