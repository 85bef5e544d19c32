//! What the tests of jobs, events and services have in common: the plugin that does all of it, and its twin.

use crate::bundle::Parts;
use crate::server::{Answer, Role, eventually};
use serde_json::{Value, json};

/// Everything that the fixture can ask for.
pub(crate) const ALL: &str = "jobs = true\nevents = true\nservices = [\"errands\", \"partner\"]";

/// The fixture with these lines in `[capabilities]`, and behind.
pub(crate) fn errands(version: &str, lines: &str) -> Vec<u8> {
    built("errands", version, lines)
}

/// The same plugin under another name; it handles the same events.
pub(crate) fn partner(version: &str, lines: &str) -> Vec<u8> {
    built("partner", version, lines)
}

fn built(name: &str, version: &str, lines: &str) -> Vec<u8> {
    let mut parts = Parts::of("errands").replaced("1.0.0", version).replaced("errands", name);
    let manifest = parts.manifest();
    let library = format!("/{name}.so");
    for (entry, _) in &mut parts.entries {
        *entry = entry.replace("/errands.so", &library);
    }
    parts.with_manifest(&format!("{manifest}{lines}\n")).zip()
}

/// Tells the plugin what to do.
pub(crate) async fn tell(role: &Role, plugin: &str, what: &str, order: &Value) -> Answer {
    role.post_json(&format!("/api/v1/{plugin}/{what}"), order).await
}

/// What the plugin answers that it could not do.
pub(crate) async fn refused(role: &Role, plugin: &str, what: &str, order: &Value) -> String {
    let answer = tell(role, plugin, what, order).await;
    assert_eq!(answer.status, 409, "{what} {order}: {}", answer.text);
    answer.text
}

/// Everything that the plugin has done.
pub(crate) async fn all_done(role: &Role, plugin: &str) -> Vec<String> {
    let done = tell(role, plugin, "done", &json!(null)).await.ok();
    serde_json::from_value(done).expect("a list of texts")
}

/// The same without what it does each minute.
pub(crate) async fn done(role: &Role, plugin: &str) -> Vec<String> {
    let mut done = all_done(role, plugin).await;
    done.retain(|what| what != "job often");
    done
}

/// Waits until the plugin has done just this.
pub(crate) async fn until_done(role: &Role, plugin: &str, expected: &[&str]) {
    eventually(&format!("{plugin} has done {expected:?}"), async || done(role, plugin).await == expected).await;
}

/// A job, as the API tells of it.
pub(crate) async fn job(role: &Role, plugin: &str, name: &str) -> Value {
    let jobs = role.get(&format!("/api/v1/plugins/{plugin}/jobs")).await.ok();
    let jobs = jobs["data"].as_array().expect("jobs");
    jobs.iter().find(|job| job["name"] == name).expect("the job").clone()
}

/// Starts a job.
pub(crate) async fn start(role: &Role, plugin: &str, name: &str) -> Answer {
    role.post(&format!("/api/v1/plugins/{plugin}/jobs/{name}/run")).await
}

/// Waits for the end of the run that was started last; gives what came of it.
pub(crate) async fn ended(role: &Role, plugin: &str, name: &str) -> Value {
    let told = async || job(role, plugin, name).await;
    eventually(&format!("{name} ends"), async || told().await["running_since"].is_null()).await;
    told().await["last_run"].take()
}
