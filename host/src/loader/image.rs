//! A library that has been opened and checked, but not started.

use super::report::{Entry, ImageState, Reports};
use super::thread::Work;
use super::{LoadError, Loader, elf};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use plugin_api::abi::abi_stable::library::AbiHeaderRef;
use plugin_api::abi::abi_stable::std_types::RResult;
use plugin_api::abi::{
    AbiTag, FfiInstance, Hold, MAGIC, MAJOR, MINOR, MODULE_SYMBOL, PluginModuleRef, TAG_SYMBOL, check_layout,
};
use plugin_api::descriptor::Descriptor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a library may take to be linked and to describe itself.
pub(super) const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// A library that has been opened and checked. Dropping it gives it to the reaper.
pub struct Image {
    pub(super) module: PluginModuleRef,
    pub(super) descriptor: Arc<Descriptor>,
    pub(super) loader: Arc<Loader>,
    pub(super) remains: RemainsGuard,
}

impl Image {
    /// What the library says of itself.
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    pub(super) fn into_remains(mut self) -> Remains {
        self.remains.0.take().unwrap_or_else(|| unreachable!("an image has its remains until it is dropped"))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Some(remains) = self.remains.0.take() {
            self.loader.reaper().take(remains);
        }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} {})", self.descriptor.id, self.descriptor.version)
    }
}

/// The remains of an image that is alive; always there until the image is dropped.
pub(super) struct RemainsGuard(Option<Remains>);

impl std::ops::Deref for RemainsGuard {
    type Target = Remains;
    fn deref(&self) -> &Remains {
        self.0.as_ref().unwrap_or_else(|| unreachable!("an image has its remains until it is dropped"))
    }
}

impl std::ops::DerefMut for RemainsGuard {
    fn deref_mut(&mut self) -> &mut Remains {
        self.0.as_mut().unwrap_or_else(|| unreachable!("an image has its remains until it is dropped"))
    }
}

/// What the reaper needs to unmap an image. The order of the fields matters: whatever points into
/// the library is declared above it.
pub(super) struct Remains {
    pub(super) instance: Option<Arc<FfiInstance>>,
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) hold: Hold,
    pub(super) base: usize,
    record: Record,
    library: Library,
}

/// What is known of an image from outside; it points nowhere into it.
pub(super) struct Record {
    pub(super) copy: PathBuf,
    number: u64,
    entry: Arc<Entry>,
    reports: Arc<Reports>,
}

impl Record {
    /// The image is gone.
    pub(super) fn forget(&self) {
        self.reports.remove(self.number);
        tracing::debug!(generation = self.number, "plugin image unmapped");
    }

    /// The image stays, for ever.
    pub(super) fn retain(&self, reason: String) {
        tracing::warn!(generation = self.number, %reason, "plugin image retained");
        self.entry.set(ImageState::Retained { reason });
    }
}

impl Remains {
    pub(super) fn number(&self) -> u64 {
        self.record.number
    }

    pub(super) fn hold(&self) -> Hold {
        Arc::clone(&self.hold)
    }

    pub(super) fn set_instance(&mut self, instance: Option<Arc<FfiInstance>>) {
        self.instance = instance;
    }

    pub(super) fn add_thread(&mut self, thread: JoinHandle<()>) {
        self.threads.push(thread);
    }

    pub(super) fn report(&self, state: ImageState) {
        self.record.entry.set(state);
    }

    /// For the reaper, when nothing points into the library any more.
    pub(super) fn into_record(self) -> (Record, Library) {
        (self.record, self.library)
    }
}

/// What crosses from the opening thread.
struct Opened {
    library: Library,
    base: usize,
    checked: Result<(PluginModuleRef, Descriptor), LoadError>,
}

pub(super) fn open(library: &Path, copy: PathBuf, number: u64, loader: Arc<Loader>) -> Result<Image, LoadError> {
    let failed = |source| LoadError::Copy { path: library.to_owned(), source };
    let bytes = std::fs::read(library).map_err(failed)?;
    elf::check(&bytes)?;
    std::fs::write(&copy, &bytes).map_err(failed)?;
    drop(bytes);

    let entry = loader.reports().add(number, copy.clone());
    let path = copy.clone();
    let work = match Work::start("plugin-open", move || link(&path)) {
        Ok(work) => work,
        Err(error) => return Err(gone(&loader, number, &copy, LoadError::Thread(error))),
    };
    let (opened, thread) = work.wait(OPEN_DEADLINE);
    let opened = match opened {
        Some(Ok(opened)) => opened,
        Some(Err(error)) => return Err(gone(&loader, number, &copy, error)),
        None => {
            entry.set(ImageState::Retained { reason: "the library hangs while it is opened".to_owned() });
            return Err(LoadError::TimedOut(OPEN_DEADLINE));
        }
    };
    let remains = Remains {
        instance: None,
        threads: vec![thread],
        hold: Arc::new(()),
        base: opened.base,
        record: Record { copy, number, entry, reports: Arc::clone(loader.reports()) },
        library: opened.library,
    };
    match opened.checked {
        Ok((module, descriptor)) => {
            remains.record.entry.name(&descriptor.id, &descriptor.version);
            Ok(Image { module, descriptor: Arc::new(descriptor), loader, remains: RemainsGuard(Some(remains)) })
        }
        Err(error) => {
            loader.reaper().take(remains);
            Err(error)
        }
    }
}

/// A library that never got mapped leaves nothing.
fn gone(loader: &Loader, number: u64, copy: &Path, error: LoadError) -> LoadError {
    loader.reports().remove(number);
    if let Err(error) = std::fs::remove_file(copy) {
        tracing::warn!(%error, "a library's private copy could not be removed");
    }
    error
}

fn link(copy: &Path) -> Result<Opened, LoadError> {
    // SAFETY: running a stranger's constructors is what a plugin host does; the same bytes ran in a
    // preflight child before.
    let library = unsafe { Library::open(Some(copy), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| LoadError::Link { reason: error.to_string() })?;
    let (library, base) = base_of(library);
    let checked = check(&library).and_then(|module| Ok((module, describe(module)?)));
    Ok(Opened { library, base, checked })
}

/// Where the library is mapped; 0 where that is not known.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn base_of(library: Library) -> (Library, usize) {
    let handle = library.into_raw();
    let mut map: *const usize = std::ptr::null();
    // SAFETY: the handle is open, and RTLD_DI_LINKMAP writes a pointer to a link map.
    let result = unsafe { libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, (&raw mut map).cast()) };
    // SAFETY: on success `map` points to a `link_map`, whose first field is the base address.
    let base = if result == 0 && !map.is_null() { unsafe { *map } } else { 0 };
    // SAFETY: the handle came from `into_raw` just above.
    (unsafe { Library::from_raw(handle) }, base)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn base_of(library: Library) -> (Library, usize) {
    (library, 0)
}

/// The checks in the order of what they rely on: our own tag, `abi_stable`'s header, the layout.
fn check(library: &Library) -> Result<PluginModuleRef, LoadError> {
    // SAFETY: the tag is plain numbers; a library that exports something else there is told by the magic.
    let tag = unsafe { library.get::<*const AbiTag>(TAG_SYMBOL.as_bytes()) };
    let tag = tag.map_err(|_| LoadError::NoPlugin { symbol: TAG_SYMBOL })?;
    // SAFETY: the symbol's address is inside the mapped image, which is at least a page.
    let tag = unsafe { tag.read_unaligned() };
    check_tag(tag)?;

    // SAFETY: a tag of ours promises `abi_stable`'s header under this symbol.
    let header = unsafe { library.get::<AbiHeaderRef>(MODULE_SYMBOL.as_bytes()) };
    let header = *header.map_err(|_| LoadError::NoPlugin { symbol: MODULE_SYMBOL })?;
    let header = header.upgrade().map_err(|error| LoadError::Layout { difference: first_lines(&error) })?;
    let layout = header.layout().ok_or_else(|| LoadError::Layout { difference: "it exports no layout".to_owned() })?;
    check_layout(layout, tag.minor).map_err(|errors| LoadError::Layout { difference: first_lines(&errors) })?;
    // SAFETY: the layout has just been compared.
    unsafe { header.unchecked_layout::<PluginModuleRef>() }
        .map_err(|error| LoadError::Layout { difference: first_lines(&error) })
}

fn check_tag(tag: AbiTag) -> Result<(), LoadError> {
    if tag.magic != MAGIC {
        return Err(LoadError::WrongMagic);
    }
    if tag.major != MAJOR || tag.minor > MINOR {
        let newer = (tag.major, tag.minor) > (MAJOR, MINOR);
        return Err(LoadError::AbiVersion {
            plugin_major: tag.major,
            plugin_minor: tag.minor,
            host_major: MAJOR,
            host_minor: MINOR,
            advice: if newer { "upgrade the host" } else { "rebuild the plugin with the current plugin-api" },
        });
    }
    if tag.unwinds != 1 {
        return Err(LoadError::PanicAborts);
    }
    Ok(())
}

fn describe(module: PluginModuleRef) -> Result<Descriptor, LoadError> {
    match module.describe()() {
        RResult::ROk(json) => serde_json::from_slice(json.as_slice())
            .map_err(|error| LoadError::Describe { reason: format!("its descriptor is malformed: {error}") }),
        RResult::RErr(reason) => Err(LoadError::Describe { reason: reason.into_string() }),
    }
}

/// Errors of `abi_stable` may point into the image, and run over pages: only text leaves, and little.
fn first_lines(error: &impl std::fmt::Display) -> String {
    const LINES_MAX: usize = 12;
    error
        .to_string()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(LINES_MAX)
        .collect::<Vec<_>>()
        .join("; ")
}
