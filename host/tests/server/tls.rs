//! TLS: who gets in, who does not, and what changes without a restart.

use crate::bundle;
use crate::server::{DEADLINE, PASSWORD, Server, eventually};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate and its key, in files.
struct Identity {
    folder: tempfile::TempDir,
}

/// A certificate of its own making, and its key.
fn made_for(name: &str) -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

impl Identity {
    fn of(name: &str) -> Self {
        let identity = Self { folder: tempfile::tempdir().expect("a folder") };
        let (certificate, key) = made_for(name);
        std::fs::write(identity.certificate(), certificate).expect("a file");
        std::fs::write(identity.key(), key).expect("a file");
        identity
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    async fn server(&self) -> Server {
        let text = |path: PathBuf| path.to_str().expect("text").to_owned();
        let (certificate, key) = (text(self.certificate()), text(self.key()));
        let settings = [("APP__TLS__CERTIFICATE", certificate.as_str()), ("APP__TLS__KEY", key.as_str())];
        let mut server = Server::start_with(&settings).await;
        server.trust(&std::fs::read_to_string(self.certificate()).expect("a file"));
        server
    }
}

/// A handshake with a server that has the certificate of this file, under the name of 127.0.0.1.
async fn connect(server: &Server, certificate: &Path, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(certificate).expect("a file") {
        roots.add(certificate.expect("a certificate")).expect("an issuer");
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let socket = TcpStream::connect(server.address()).await.expect("a connection");
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// Reads until the other side ends; gives what came.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("the server ends it");
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_speaks_tls_is_answered_and_told_to_go_on_doing_so() {
    let identity = Identity::of("127.0.0.1");
    let server = identity.server().await;
    let login = json!({"username": "admin", "password": PASSWORD});
    let answer = server.anonymous().post_json("/api/v1/auth/login", &login).await;
    answer.ok();
    let header = |name: &str| answer.headers[name].to_str().expect("text").to_owned();
    assert!(header("set-cookie").ends_with("; Secure"), "{}", header("set-cookie"));
    assert_eq!(header("strict-transport-security"), "max-age=31536000");
    let announced = std::fs::read_to_string(server.data().join("server.json")).expect("a file");
    assert!(announced.contains("\"url\":\"https://127.0.0.1:"), "{announced}");
    for (protocol, sent, expected) in [
        (
            b"http/1.1" as &[u8],
            b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" as &[u8],
            b"HTTP/1.1 200 " as &[u8],
        ),
        // The preface and empty settings; the server's own settings come back.
        (b"h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", b""),
    ] {
        let mut stream = connect(&server, &identity.certificate(), protocol).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream.write_all(sent).await.expect("sent");
        let mut answer = [0; 13];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(expected) && (protocol != b"h2" || answer[3] == 4), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_speak_tls_gets_nothing_and_disturbs_nobody() {
    let identity = Identity::of("127.0.0.1");
    let server = identity.server().await;
    let began = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address()).await.expect("a connection"));
    }
    let mut half = TcpStream::connect(server.address()).await.expect("a connection");
    // The head of a handshake whose rest never comes.
    half.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).await.expect("sent");
    for sent in
        [b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" as &[u8], b"\0\xff\0\xff rubbish", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut plain = TcpStream::connect(server.address()).await.expect("a connection");
        plain.write_all(sent).await.expect("sent");
        let answer = rest(&mut plain).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    // A client that does not believe the certificate goes away by itself.
    let stranger = Identity::of("127.0.0.1");
    assert!(connect(&server, &stranger.certificate(), b"http/1.1").await.is_err());
    assert!(reqwest::get(format!("https://{}/healthz", server.address())).await.is_err());
    // All of them are still waited for, and nobody waits for them.
    assert_eq!(server.anonymous().get("/healthz").await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    for socket in silent.iter_mut().chain([&mut half]) {
        rest(socket).await;
    }
    assert_eq!(server.anonymous().get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not() {
    let identity = Identity::of("127.0.0.1");
    let mut server = identity.server().await;
    let mut kept = connect(&server, &identity.certificate(), b"http/1.1").await.expect("a handshake");
    std::fs::write(identity.certificate(), "-----BEGIN CERTIFICATE-----\nrubbish").expect("a file");
    eventually("the server tells", async || server.log().contains("the certificate stays as it was")).await;
    assert_eq!(server.anonymous().get("/healthz").await.status, 200);
    let (certificate, key) = made_for("127.0.0.1");
    std::fs::write(identity.certificate(), &certificate).expect("a file");
    std::fs::write(identity.key(), key).expect("a file");
    eventually("the new one is shown", async || connect(&server, &identity.certificate(), b"http/1.1").await.is_ok())
        .await;
    server.trust(&certificate);
    assert_eq!(server.anonymous().get("/healthz").await.status, 200);
    // Whoever came before goes on.
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.expect("sent");
    assert!(rest(&mut kept).await.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plugins_are_swapped_while_connections_stay() {
    let identity = Identity::of("127.0.0.1");
    let server = identity.server().await;
    let admin = server.admin().await;
    admin.install(bundle::of("hello")).await.ok();
    for _ in 0..3 {
        assert_eq!(server.anonymous().get("/api/v1/hello").await.text, "Hello, world!");
        admin.post("/api/v1/plugins/hello/disable").await.ok();
        server.anonymous().get("/api/v1/hello").await.refused(404);
        admin.post("/api/v1/plugins/hello/enable").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_waits_neither_for_idle_connections_nor_for_handshakes() {
    let identity = Identity::of("127.0.0.1");
    let mut server = identity.server().await;
    let mut idle = connect(&server, &identity.certificate(), b"http/1.1").await.expect("a handshake");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.expect("an answer");
    let _silent = TcpStream::connect(server.address()).await.expect("a connection");
    let fresh = connect(&server, &identity.certificate(), b"h2").await.expect("a handshake");
    let began = Instant::now();
    assert!(server.terminate().await.success());
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    drop(fresh);
}

/// A person with a home of their own.
fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backplane"));
    command.args(words).current_dir(home).env("XDG_CONFIG_HOME", home).env_remove("BACKPLANE_URL");
    command
}

fn outcome(mut command: Command) -> Result<String, String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    // A command that asks for no password may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(format!("{PASSWORD}\n").as_bytes());
    let output = child.wait_with_output().expect("ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_know_the_server_by_its_certificate() {
    // Not the name by which it is called here.
    let identity = Identity::of("admin.example");
    let server = identity.server().await;
    let home = tempfile::tempdir().expect("a folder");
    let data = server.data().to_str().expect("text");
    let run = |words: &[&str]| outcome(command(home.path(), words));
    // Found by the data directory, it is known by the certificate that it is configured with.
    run(&["login", "--username", "admin", "--password-stdin", "--data", data]).expect("logged in");
    assert_eq!(run(&["plugin", "list", "--data", data, "--json"]).expect("answered").trim(), "[]");
    // By its address it is one like any other, unless it is said whom to believe.
    let url = format!("https://{}", server.address());
    let login = ["login", "--username", "admin", "--password-stdin", "--url", url.as_str()];
    let refused = run(&login).expect_err("nobody to believe");
    assert!(refused.contains("certificate"), "{refused}");
    let (certificate, stranger) = (identity.certificate(), Identity::of("admin.example"));
    let cacert = |file: &Path| ["--cacert".to_owned(), file.to_str().expect("text").to_owned()];
    let believing = |file: &Path| {
        let mut command = command(home.path(), &login);
        command.args(cacert(file));
        outcome(command)
    };
    believing(&certificate).expect("logged in");
    assert!(believing(&stranger.certificate()).is_err());
    assert!(believing(&stranger.key()).expect_err("no certificate").contains("no certificate"));
    assert!(believing(Path::new("/nowhere.pem")).expect_err("no file").contains("/nowhere.pem"));
}

#[test]
fn files_that_are_no_use_are_named_at_the_start() {
    let (identity, other) = (Identity::of("a.example"), Identity::of("a.example"));
    let missing = identity.folder.path().join("missing.pem");
    let rubbish = identity.folder.path().join("rubbish.pem");
    std::fs::write(&rubbish, "rubbish").expect("a file");
    let nothing = PathBuf::new();
    for (certificate, key, expected) in [
        (&missing, &identity.key(), ["tls.certificate", "missing.pem"]),
        (&identity.certificate(), &missing, ["tls.key", "missing.pem"]),
        (&identity.certificate(), &nothing, ["tls.key", "since tls.certificate is one"]),
        (&nothing, &identity.key(), ["tls.certificate", "since tls.key is one"]),
        (&rubbish, &identity.key(), ["rubbish.pem", "no certificate in PEM form"]),
        (&identity.certificate(), &rubbish, ["rubbish.pem", "no private key in PEM form"]),
        (&identity.certificate(), &other.key(), ["can't be used with tls.key", "key.pem"]),
    ] {
        let data = identity.folder.path().join("data");
        let mut command = command(identity.folder.path(), &["serve", "--port", "0", "--data"]);
        command.arg(&data).env("APP__TLS__CERTIFICATE", certificate).env("APP__TLS__KEY", key);
        let errors = outcome(command).expect_err("it does not start");
        assert!(expected.iter().all(|word| errors.contains(word)), "{expected:?} in {errors}");
    }
}
