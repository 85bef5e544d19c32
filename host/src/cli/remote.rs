//! A running server, spoken to over HTTP.

use std::{io, path::Path, path::PathBuf, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, multipart};
use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::{
    admin::{Admin, Answer, Change, Leavings, Planned, Start},
    error::CliError,
    place::Target,
    progress::Progress,
    trust::{self, TrustError},
};
use crate::{
    http::API_PREFIX,
    plugin::{Acceptance, Dependents, PluginId, Tables, Way},
};

/// How long a server may take to accept a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long one answer may take: an install may upload and migrate.
const ANSWER_DEADLINE: Duration = Duration::from_secs(600);

/// Why a server did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemoteError {
    /// No connection, or it broke.
    #[error("no answer from {url} (is it the right address? `backplane serve` starts a server)")]
    Unreachable {
        /// The server.
        url: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// Nobody can be believed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The server wants a login.
    #[error("{url} says: {message}; run `backplane login --url {url}` first")]
    Login {
        /// The server.
        url: String,
        /// Its words.
        message: String,
    },
    /// The server refuses, and says why.
    #[error("{message} ({status}, request {trace_id})")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// Its words.
        message: String,
        /// To be found in the server's log.
        trace_id: String,
    },
    /// Something answers, but not as this server does.
    #[error("{url} answers {status}, but not as a Backplane server does; check the URL")]
    Strange {
        /// The URL that was asked.
        url: String,
        /// The HTTP status.
        status: StatusCode,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The bundle cannot be read.
    #[error("cannot read {}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The envelope around every answer.
#[derive(Deserialize)]
struct Envelope {
    code: i64,
    msg: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    trace_id: Option<String>,
}

/// A successful login.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    /// The token for the calls that follow.
    pub(super) access_token: String,
    /// When it ends.
    #[serde(default)]
    pub(super) access_token_expire_time: Option<String>,
}

/// A server and the token that it gave.
pub(super) struct Remote {
    url: String,
    token: Option<String>,
    client: Client,
    progress: Progress,
}

impl Remote {
    /// A server that was found.
    ///
    /// # Errors
    /// [`RemoteError::Unreachable`] when this machine cannot make connections at all,
    /// [`RemoteError::Trust`] without usable certificates in the file that is to name the server.
    pub(super) fn new(target: Target, token: Option<String>, progress: Progress) -> Result<Self, RemoteError> {
        let Target { url, certificate } = target;
        // Another part of the process may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(ANSWER_DEADLINE)
            .user_agent(concat!("backplane/", env!("CARGO_PKG_VERSION")));
        let client = match certificate {
            Some(file) => client.use_preconfigured_tls(trust::only(&file)?),
            None => client,
        };
        match client.build() {
            Ok(client) => Ok(Self { url, token, client, progress }),
            Err(source) => Err(RemoteError::Unreachable { url, source }),
        }
    }

    /// Exchanges a name and a password for a token.
    ///
    /// # Errors
    /// Every [`RemoteError`] but [`RemoteError::Bundle`].
    pub(super) async fn login(&self, username: &str, password: &str) -> Result<Session, RemoteError> {
        let words = json!({"username": username, "password": password});
        let request = self.request(Method::POST, "/auth/login").json(&words);
        let what = format!("logging in to {}", self.url);
        let answer = self.send(request, &what).await;
        let answer = answer.map_err(wrong_credentials)?;
        serde_json::from_value(answer)
            .map_err(|_| RemoteError::Strange { url: self.url.clone(), status: StatusCode::OK })
    }

    /// Has the server look for what belongs to no plugin, or take it away.
    ///
    /// # Errors
    /// Every [`RemoteError`] but [`RemoteError::Bundle`].
    pub(super) async fn doctor(&self, repair: bool) -> Result<Value, RemoteError> {
        let (method, path) =
            if repair { (Method::POST, "/plugins/doctor/repair") } else { (Method::GET, "/plugins/doctor") };
        self.send(self.request(method, path), "waiting for the examination").await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request =
            self.client.request(method, format!("{}{API_PREFIX}{path}", self.url)).header("Accept-Language", "en");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder, what: &str) -> Result<Value, RemoteError> {
        let waiting = self.progress.waiting(what);
        let response = request.send().await;
        waiting.finish_and_clear();
        let response = response.map_err(|source| self.unreachable(source))?;
        self.open_envelope(response).await
    }

    async fn open_envelope(&self, response: Response) -> Result<Value, RemoteError> {
        let status = response.status();
        let bytes = response.bytes().await.map_err(|source| self.unreachable(source))?;
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&bytes) else {
            return Err(RemoteError::Strange { url: self.url.clone(), status });
        };
        if status.is_success() && envelope.code == 200 {
            return Ok(envelope.data);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(RemoteError::Login { url: self.url.clone(), message: envelope.msg });
        }
        Err(RemoteError::Refused {
            status,
            message: envelope.msg,
            trace_id: envelope.trace_id.unwrap_or_else(|| "unknown".to_owned()),
        })
    }

    fn unreachable(&self, source: reqwest::Error) -> RemoteError {
        RemoteError::Unreachable { url: self.url.clone(), source: source.without_url() }
    }

    async fn upload(&self, path: &str, bundle: &Path) -> Result<Value, CliError> {
        let form = self.form(bundle).await?;
        let request = self.request(Method::POST, path).multipart(form);
        Ok(self.send(request, "waiting for the server").await?)
    }

    /// Writes an answer that is no envelope to a file.
    async fn download(&self, path: &str, file: &Path) -> Result<(), RemoteError> {
        let response = self.request(Method::GET, path).send().await.map_err(|source| self.unreachable(source))?;
        if !response.status().is_success() {
            return self.open_envelope(response).await.map(drop);
        }
        let unwritable = |source| RemoteError::File { path: file.to_owned(), source };
        let mut target = tokio::fs::File::create(file).await.map_err(unwritable)?;
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|source| self.unreachable(source))?;
            target.write_all(&piece).await.map_err(unwritable)?;
        }
        target.sync_all().await.map_err(unwritable)
    }

    async fn form(&self, bundle: &Path) -> Result<multipart::Form, RemoteError> {
        let unreadable = |source| RemoteError::Bundle { path: bundle.to_owned(), source };
        let file = tokio::fs::File::open(bundle).await.map_err(unreadable)?;
        let length = file.metadata().await.map_err(unreadable)?.len();
        let bar = self.progress.bytes("uploading", length);
        let moved = bar.clone();
        let stream = ReaderStream::new(file)
            .map(move |chunk| chunk.inspect(|bytes| moved.inc(u64::try_from(bytes.len()).unwrap_or(u64::MAX))));
        let finished = stream.chain(futures_util::stream::poll_fn(move |_| {
            bar.finish_and_clear();
            std::task::Poll::Ready(None)
        }));
        let name =
            bundle.file_name().map_or_else(|| "bundle.zip".to_owned(), |name| name.to_string_lossy().into_owned());
        let body = reqwest::Body::wrap_stream(finished);
        let part = multipart::Part::stream_with_length(body, length).file_name(name);
        Ok(multipart::Form::new().part("file", part))
    }

    fn plain<'a>(&'a self, method: Method, path: String, what: String) -> Answer<'a> {
        async move { Ok(self.send(self.request(method, &path), &what).await?) }.boxed()
    }
}

/// The login itself refuses with the server's words; "log in first" would mislead.
fn wrong_credentials(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Login { message, .. } => {
            RemoteError::Refused { status: StatusCode::UNAUTHORIZED, message, trace_id: "unknown".to_owned() }
        }
        other => other,
    }
}

impl Admin for Remote {
    fn place(&self) -> String {
        self.url.clone()
    }

    fn list(&self) -> Answer<'_> {
        self.plain(Method::GET, "/plugins".into(), "asking for the plugins".into())
    }

    fn detail<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        let path = format!("/plugins/{id}");
        self.plain(Method::GET, path, format!("asking for {id}"))
    }

    fn install<'a>(&'a self, bundle: &'a Path, start: Start) -> Answer<'a> {
        let path = match start {
            Start::Enabled => "/plugins?enable=true",
            Start::Disabled => "/plugins?enable=false",
        };
        self.upload(path, bundle).boxed()
    }

    fn upgrade<'a>(&'a self, id: &'a PluginId, bundle: &'a Path, way: Way, acceptance: Acceptance) -> Answer<'a> {
        let (drain, accept) = (way == Way::DrainFirst, acceptance == Acceptance::Accept);
        let path = format!("/plugins/{id}/upgrade?drain={drain}&accept_capabilities={accept}");
        async move { self.upload(&path, bundle).await }.boxed()
    }

    fn change<'a>(&'a self, id: &'a PluginId, change: Change) -> Answer<'a> {
        let query = if change == Change::Disable(Dependents::SwitchOff) { "?cascade=true" } else { "" };
        let path = format!("/plugins/{id}/{}{query}", change.verb());
        let what = format!("waiting for {} of {id}", change.verb());
        self.plain(Method::POST, path, what)
    }

    fn rollback<'a>(&'a self, id: &'a PluginId, version: Option<&'a Version>, tables: Tables) -> Answer<'a> {
        // A `+` would be a blank.
        let version = version.map_or_else(String::new, |version| format!("&version={version}").replace('+', "%2B"));
        let path = format!("/plugins/{id}/rollback?revert={}{version}", tables == Tables::Revert);
        self.plain(Method::POST, path, format!("waiting for rollback of {id}"))
    }

    fn settings<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        self.plain(Method::GET, format!("/plugins/{id}/settings"), format!("asking for the settings of {id}"))
    }

    fn configure<'a>(&'a self, id: &'a PluginId, changes: Map<String, Value>) -> Answer<'a> {
        let request = self.request(Method::PUT, &format!("/plugins/{id}/settings")).json(&changes);
        async move { Ok(self.send(request, "waiting for the plugin").await?) }.boxed()
    }

    fn uninstall<'a>(&'a self, id: &'a PluginId, leavings: Leavings, dependents: Dependents) -> Answer<'a> {
        let path = format!("/plugins/{id}?data={}&cascade={}", leavings.word(), cascades(dependents));
        self.plain(Method::DELETE, path, format!("removing {id}"))
    }

    fn keeps_plans(&self) -> bool {
        true
    }

    fn plan_bundle<'a>(&'a self, bundle: &'a Path, start: Start, way: Way) -> Answer<'a> {
        let (enable, drain) = (start == Start::Enabled, way == Way::DrainFirst);
        let path = format!("/plugins/plans?enable={enable}&drain={drain}");
        async move { self.upload(&path, bundle).await }.boxed()
    }

    fn plan_change<'a>(&'a self, id: &'a PluginId, change: Planned) -> Answer<'a> {
        let asked = match change {
            Planned::Enable => json!({"id": id, "action": "enable"}),
            Planned::Disable(dependents) => json!({"id": id, "action": "disable", "cascade": cascades(dependents)}),
            Planned::Rollback(version, tables) => {
                json!({"id": id, "action": "rollback", "version": version, "revert": tables == Tables::Revert})
            }
            Planned::Uninstall(leavings, dependents) => json!({
                "id": id, "action": "uninstall", "data": leavings.word(), "cascade": cascades(dependents),
            }),
        };
        async move {
            let request = self.request(Method::POST, "/plugins/plans").json(&asked);
            Ok(self.send(request, "waiting for the plan").await?)
        }
        .boxed()
    }

    fn jobs<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        self.plain(Method::GET, format!("/plugins/{id}/jobs"), format!("asking for the jobs of {id}"))
    }

    fn run_job<'a>(&'a self, id: &'a PluginId, job: &'a str) -> Answer<'a> {
        let path =
            format!("/plugins/{id}/jobs/{}/run", form_urlencoded::byte_serialize(job.as_bytes()).collect::<String>());
        self.plain(Method::POST, path, format!("starting job {job} of {id}"))
    }

    fn snapshots<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        self.plain(Method::GET, format!("/plugins/{id}/snapshots"), format!("asking for snapshots of {id}"))
    }

    fn take_snapshot<'a>(&'a self, id: &'a PluginId, reason: &'a str) -> Answer<'a> {
        let request = self.request(Method::POST, &format!("/plugins/{id}/snapshots")).query(&[("reason", reason)]);
        async move { Ok(self.send(request, &format!("copying the tables of {id}")).await?) }.boxed()
    }

    fn restore_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a> {
        let path = format!("/plugins/{id}/snapshots/{number}/restore");
        self.plain(Method::POST, path, format!("bringing back the tables of {id}"))
    }

    fn delete_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a> {
        let path = format!("/plugins/{id}/snapshots/{number}");
        self.plain(Method::DELETE, path, format!("deleting snapshot {number} of {id}"))
    }

    fn export<'a>(&'a self, id: &'a PluginId, file: &'a Path) -> Answer<'a> {
        async move {
            self.download(&format!("/plugins/{id}/export"), file).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn plan<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        self.plain(Method::GET, format!("/plugins/plans/{plan}"), "asking for the plan".to_owned())
    }

    fn apply<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        self.plain(Method::POST, format!("/plugins/plans/{plan}/apply"), "applying the plan".to_owned())
    }

    fn withdraw<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        self.plain(Method::DELETE, format!("/plugins/plans/{plan}"), "withdrawing the plan".to_owned())
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

/// As the API asks for it.
fn cascades(dependents: Dependents) -> bool {
    dependents == Dependents::SwitchOff
}
