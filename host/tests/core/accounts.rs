//! Accounts by the command line, for whoever has no login.

use crate::server::{PASSWORD, Server};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

pub(crate) fn backplane(server: &Server, words: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backplane"));
    command.args(words).arg("--data").arg(server.data()).envs(server.settings().iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // A command that reads nothing may have closed it.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    child.wait_with_output().expect("the program ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_and_passwords_are_made_while_the_server_rests() {
    let mut server = Server::start().await;
    server.admin().await;
    let running = backplane(&server, &["user", "reset-password", "admin"], "");
    assert_eq!(running.status.code(), Some(1), "a running server holds the directory");
    assert!(server.terminate().await.success());

    let reset = backplane(&server, &["user", "reset-password", "admin", "--json"], "");
    let reset: Value = serde_json::from_slice(&reset.stdout).expect("JSON");
    let generated = reset["generated_password"].as_str().expect("a password").to_owned();
    let created = backplane(&server, &["user", "create-admin", "root", "--password-stdin"], "given123\n");
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    assert!(!String::from_utf8_lossy(&created.stdout).contains("given123"));

    let refused = [
        (vec!["user", "create-admin", "root", "--password-stdin"], "given123\n", 1),
        (vec!["user", "create-admin", "weak", "--password-stdin"], "short\n", 1),
        (vec!["user", "reset-password", "nobody"], "", 1),
        (vec!["user", "create-admin", ""], "", 2),
        (vec!["user", "create-admin"], "", 2),
    ];
    for (words, stdin, code) in refused {
        let output = backplane(&server, &words, stdin);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    server.start_again().await;
    let pool = server.pool().await;
    let sessions: i64 =
        pool.database().query("SELECT COUNT(*) FROM sys_session").fetch_scalar().await.expect("a count");
    pool.close().await;
    assert_eq!(sessions, 0, "the reset ended them");
    let old = serde_json::json!({"username": "admin", "password": PASSWORD});
    server.anonymous().post_json("/api/v1/auth/login", &old).await.refused(403);
    server.user("admin", &generated).await;
    let root = server.user("root", "given123").await;
    assert_eq!(root.get("/api/v1/sys/users").await.ok()["data"]["total"], 2);
}
