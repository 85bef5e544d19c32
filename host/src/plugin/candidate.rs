//! A bundle that has passed every check outside the server: it may be installed.

use super::contribution::Contribution;
use super::error::OperationError;
use super::id::PluginId;
use super::manifest::Manifest;
use super::pages;
use super::release::Release;
use super::schema;
use super::services::now_ms;
use crate::db::migrate::Owners;
use crate::loader::preflight;
use crate::store::{Bundle, BundleFile, BundleLimits, Staged, StagedLibrary};
use plugin_api::db::Dialect;
use plugin_api::descriptor::Descriptor;
use semver::Version;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A checked bundle with its library, both still in staging: dropping it leaves nothing.
#[derive(Debug)]
pub struct Candidate {
    /// What it would be once it is stored.
    pub release: Arc<Release>,
    /// The targets for which the bundle brings a library.
    pub targets: Vec<String>,
    /// Everything in the bundle, by name.
    pub files: Vec<BundleFile>,
    pub(super) bundle: Staged,
    pub(super) library: StagedLibrary,
}

/// What a bundle is checked against.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The program that opens the library in a process of its own: this one.
    pub executable: PathBuf,
    /// How long that may take.
    pub deadline: Duration,
    /// The folder under `lib/` that this host loads from.
    pub target: String,
    /// The bounds of a bundle.
    pub limits: BundleLimits,
    /// This host's database.
    pub dialect: Dialect,
    /// What goes before every route.
    pub prefix: String,
}

impl Inspection {
    /// Checks a staged bundle: archive, manifest, library (in a child process), descriptor, migrations. Whether
    /// they touch what belongs to another plugin, only the database can tell: see [`schema::owners`].
    ///
    /// # Errors
    /// [`OperationError`] for the first fault; nothing is left in staging then.
    pub async fn of(&self, staged: Staged, staging: &Path) -> Result<Candidate, OperationError> {
        let (staged, bundle) = self.unpack(staged, staging.to_path_buf()).await?;
        let manifest = Manifest::parse(&bundle.manifest)?;
        self.refuse_other_database(&manifest)?;
        let descriptor = self.preflight(&manifest, bundle.library.path()).await?;
        refuse_disagreement(&manifest, &descriptor)?;
        refuse_unasked(&manifest, &descriptor)?;
        let contribution = Contribution::of(&manifest.id, &descriptor, &self.prefix).map_err(|source| {
            OperationError::Contribution {
                id: manifest.id.clone(),
                version: manifest.version.clone(),
                source: source.into(),
            }
        })?;
        pages::refuse_faults(&manifest, &descriptor, bundle.files.iter().map(|file| file.name.as_str()))?;
        schema::refuse_faults(&manifest, &descriptor, &Owners::default())?;
        let release = Release {
            manifest,
            descriptor: Arc::new(descriptor),
            bundle: staged.sha256(),
            library: bundle.library.sha256(),
            installed_at_ms: now_ms(),
            contribution,
        };
        let (targets, files) = (bundle.targets.into_iter().collect(), bundle.files);
        Ok(Candidate { release: Arc::new(release), targets, files, bundle: staged, library: bundle.library })
    }

    async fn unpack(&self, staged: Staged, staging: PathBuf) -> Result<(Staged, Bundle), OperationError> {
        let (target, limits) = (self.target.clone(), self.limits);
        let work = move || {
            let bundle = Bundle::read(staged.path(), &staging, &target, &limits)?;
            Ok((staged, bundle))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| OperationError::ShuttingDown)?
    }

    fn refuse_other_database(&self, manifest: &Manifest) -> Result<(), OperationError> {
        let database = match self.dialect {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
        };
        if manifest.database.iter().any(|supported| supported == database) {
            return Ok(());
        }
        let (id, supported) = (manifest.id.clone(), manifest.database.clone());
        Err(OperationError::WrongDatabase { id, supported, database })
    }

    async fn preflight(&self, manifest: &Manifest, library: &Path) -> Result<Descriptor, OperationError> {
        preflight::check(&self.executable, library, self.deadline).await.map_err(|source| OperationError::Preflight {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            source: source.into(),
        })
    }
}

impl Candidate {
    /// The plugin.
    #[must_use]
    pub fn id(&self) -> &PluginId {
        self.release.id()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.release.version()
    }
}

/// Whoever grants capabilities sees them in the manifest.
fn refuse_unasked(manifest: &Manifest, descriptor: &Descriptor) -> Result<(), OperationError> {
    let asked = &manifest.capabilities;
    let wanted = [
        ("jobs", "jobs", !descriptor.jobs.is_empty() && !asked.jobs),
        ("handlers of events", "events", !descriptor.events.is_empty() && !asked.events),
    ];
    match wanted.into_iter().find(|(.., is_unasked)| *is_unasked) {
        None => Ok(()),
        Some((what, capability, _)) => {
            let (id, version) = (manifest.id.clone(), manifest.version.clone());
            Err(OperationError::Unasked { id, version, what, capability })
        }
    }
}

fn refuse_disagreement(manifest: &Manifest, descriptor: &Descriptor) -> Result<(), OperationError> {
    let disagree = |what, declared: &str, found: &str| {
        Err(OperationError::Disagree { what, declared: declared.to_owned(), found: found.to_owned() })
    };
    if descriptor.id != manifest.id.as_str() {
        return disagree("id", manifest.id.as_str(), &descriptor.id);
    }
    let version = manifest.version.to_string();
    if descriptor.version != version {
        return disagree("version", &version, &descriptor.version);
    }
    Ok(())
}
