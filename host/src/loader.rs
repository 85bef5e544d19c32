//! Signatures of the loader, over a file of JSON in place of a library. Dropped at merge.
#![allow(missing_docs, clippy::unwrap_used, dead_code, reason = "dropped at merge")]

use parking_lot::Mutex;
use plugin_api::descriptor::Descriptor;
use plugin_api::services::HostServices;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

pub mod preflight {
    use super::*;
    #[derive(Debug, thiserror::Error)]
    pub enum PreflightError {
        #[error("the library crashed (signal {signal})")]
        Crashed { signal: i32 },
        #[error("the library did not answer in time")]
        TimedOut,
        #[error("{message}")]
        Refused { message: String },
        #[error("the plugin panicked: {message}")]
        Panicked { message: String },
        #[error("the library can't be read")]
        Unreadable,
    }
    pub async fn check(_executable: &Path, library: &Path, _deadline: Duration) -> Result<Descriptor, PreflightError> {
        let text = std::fs::read(library).map_err(|_| PreflightError::Unreadable)?;
        if text.starts_with(b"crash") {
            return Err(PreflightError::Crashed { signal: 11 });
        }
        serde_json::from_slice(&text).map_err(|error| PreflightError::Refused { message: error.to_string() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnloadPolicy {
    Verified,
    Never,
}
#[derive(Debug, Clone)]
pub struct LoaderSettings {
    pub copies_dir: PathBuf,
    pub unload: UnloadPolicy,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageState {
    Active,
    Draining,
    Retained { reason: String },
}
#[derive(Debug, Clone)]
pub struct ImageReport {
    pub plugin: String,
    pub version: String,
    pub generation: u64,
    pub state: ImageState,
    pub mapped_bytes: u64,
}
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(String);
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StopError(String);
#[derive(Debug, thiserror::Error)]
#[error("{running} calls are still running")]
pub struct DrainTimeout {
    pub running: usize,
}

#[derive(Debug)]
pub struct Loader {
    counter: AtomicU64,
    images: Arc<Mutex<Vec<ImageReport>>>,
}
pub struct Image {
    descriptor: Arc<Descriptor>,
    number: u64,
    images: Arc<Mutex<Vec<ImageReport>>>,
}
pub struct Generation {
    descriptor: Arc<Descriptor>,
    number: u64,
    draining: AtomicBool,
    running: AtomicUsize,
    images: Arc<Mutex<Vec<ImageReport>>>,
    services: Arc<dyn HostServices>,
}
pub struct Lease(Arc<Generation>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Loader {
    pub fn new(_settings: LoaderSettings) -> io::Result<Arc<Loader>> {
        Ok(Arc::new(Self { counter: AtomicU64::new(0), images: Arc::default() }))
    }
    pub fn open(self: &Arc<Self>, library: &Path) -> Result<Image, LoadError> {
        let text = std::fs::read(library).map_err(|error| LoadError(error.to_string()))?;
        let descriptor: Descriptor = serde_json::from_slice(&text).map_err(|error| LoadError(error.to_string()))?;
        let number = self.counter.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Image { descriptor: Arc::new(descriptor), number, images: self.images.clone() })
    }
    pub fn images(&self) -> Vec<ImageReport> {
        self.images.lock().clone()
    }
}

impl Image {
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }
    pub async fn start(self, services: Arc<dyn HostServices>, _deadline: Duration) -> Result<Arc<Generation>, StartError> {
        if self.descriptor.routes.iter().any(|route| route.summary == "panic in start") {
            return Err(StartError("the plugin panicked in start".to_owned()));
        }
        self.images.lock().push(ImageReport {
            plugin: self.descriptor.id.clone(),
            version: self.descriptor.version.clone(),
            generation: self.number,
            state: ImageState::Active,
            mapped_bytes: 1,
        });
        Ok(Arc::new(Generation {
            descriptor: self.descriptor,
            number: self.number,
            draining: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            images: self.images,
            services,
        }))
    }
}

impl Generation {
    pub fn number(&self) -> u64 {
        self.number
    }
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }
    pub fn lease(self: &Arc<Self>) -> Option<Lease> {
        if self.draining.load(Ordering::SeqCst) {
            return None;
        }
        self.running.fetch_add(1, Ordering::SeqCst);
        Some(Lease(self.clone()))
    }
    pub fn in_flight(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
    pub async fn drain(&self, deadline: Duration) -> Result<(), DrainTimeout> {
        self.draining.store(true, Ordering::SeqCst);
        let until = tokio::time::Instant::now() + deadline;
        while self.in_flight() > 0 {
            if tokio::time::Instant::now() > until {
                return Err(DrainTimeout { running: self.in_flight() });
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
    pub async fn stop(&self, _deadline: Duration) -> Result<(), StopError> {
        Ok(())
    }
    pub fn retire(self: Arc<Self>) {
        let number = self.number;
        self.images.lock().retain(|image| image.generation != number);
    }
}
