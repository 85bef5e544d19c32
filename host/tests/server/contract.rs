//! Every recorded request of the contract gets an answer of the recorded status and shape.
//!
//! `tests/contract/*.json` hold what a client sends, as whom, and the status, the keys and the JSON
//! types that it reads in the answer; never a text. They are replayed in order, area by area, on one
//! server. Where we answer otherwise on purpose, [`DIFFERENCES`] says how and why.

use crate::bundle::{self, Parts};
use crate::server::{Answer, PASSWORD, Role, Server};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The areas, in the order in which they build on each other.
const AREAS: [(&str, &str); 11] = [
    ("auth", include_str!("../contract/auth.json")),
    ("depts", include_str!("../contract/depts.json")),
    ("menus", include_str!("../contract/menus.json")),
    ("roles", include_str!("../contract/roles.json")),
    ("data", include_str!("../contract/data.json")),
    ("users", include_str!("../contract/users.json")),
    ("logs", include_str!("../contract/logs.json")),
    ("files", include_str!("../contract/files.json")),
    ("plugins", include_str!("../contract/plugins.json")),
    ("config", include_str!("../contract/config.json")),
    ("dict", include_str!("../contract/dict.json")),
];

/// What we answer otherwise: the request, our status and body code, and why.
const DIFFERENCES: &[(&str, u16, i64, &str)] = &[
    ("auth.login.nouser", 403, 403, "an unknown user and a wrong password can't be told apart"),
    ("auth.login.badjson", 422, 422, "malformed JSON is the sender's fault"),
    ("auth.logout.again", 200, 200, "who is logged out already has nothing to mend"),
    ("users.me.badtoken", 401, 401, "every refusal names its request, also that of a token"),
    ("me.afterpw", 401, 401, "every refusal names its request, also that of a token"),
    ("depts.create.dup", 409, 409, "names of departments are unique"),
    ("roles.menus.put.empty", 200, 200, "replacing a set succeeds, whatever it held before"),
    ("users.create.weakpw", 400, 400, "the rules about passwords hold for administrators, too"),
    ("users.pw.reset", 400, 400, "the password that somebody has is no new one"),
    ("plugins.install.git.unreachable", 400, 400, "plugins come as bundles, not from repositories"),
    ("plugins.disabled.call", 404, 404, "a plugin that is off is no fault of the server"),
    ("configs.all", 200, 200, "without a group all of them are listed"),
    ("configs.bulk.int", 200, 200, "a number is taken as its text"),
    ("configs.delete.pks", 200, 400, "both forms of a list of ids are understood; the row is gone already"),
    ("dictdata.typecode.afterdel", 404, 404, "the entries of a deleted dictionary go with it"),
];

/// One recorded request and what its answer looked like.
#[derive(Debug, Clone, Deserialize)]
struct Step {
    name: String,
    #[serde(rename = "as")]
    role: String,
    method: String,
    path: String,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    file: Option<String>,
    status: u16,
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    body: Option<Value>,
}

/// The rows whose ids later requests name: a list that finds the row, by the name in the fixtures.
const ROWS: [(&str, &str); 6] = [
    ("{bob}", "/api/v1/sys/users?username=bob"),
    ("{empty}", "/api/v1/sys/roles?name=empty"),
    ("{t1}", "/api/v1/sys/menus?title=T1"),
    ("{s9}", "/api/v1/sys/data-scopes?name=S9"),
    ("{n1}", "/api/v1/sys/dict-types?code=n1"),
    ("{k}", "/api/v1/sys/configs?name=n"),
];

/// Who acts: the administrator, an ordinary user and nobody, with what they look up.
struct Cast {
    admin: Role,
    anonymous: Role,
    bob: Option<Role>,
    ids: BTreeMap<&'static str, Value>,
}

impl Cast {
    async fn on(server: &Server) -> Self {
        let admin = server.admin().await;
        for name in ["notice", "dict", "config"] {
            admin.install(bundle::of(name)).await.ok();
        }
        // The recordings name department 1 and role 1, which are there to begin with, and role 2.
        admin.post_json("/api/v1/sys/roles", &json!({"name": "second", "status": 1})).await.ok();
        Self { admin, anonymous: server.anonymous(), bob: None, ids: BTreeMap::new() }
    }

    /// The id of the row that a placeholder stands for, found when it is first needed.
    async fn id(&mut self, placeholder: &'static str, list: &str) -> Value {
        if let Some(id) = self.ids.get(placeholder) {
            return id.clone();
        }
        let found = self.admin.get(list).await.ok();
        let data = &found["data"];
        let row = if data.is_array() { &data[0] } else { &data["items"][0] };
        let id = row["id"].clone();
        assert!(id.is_i64(), "{placeholder}: {found}");
        self.ids.insert(placeholder, id.clone());
        id
    }

    async fn filled(&mut self, text: String) -> String {
        let mut text = text;
        for (placeholder, list) in ROWS {
            if text.contains(placeholder) {
                let id = self.id(placeholder, list).await;
                text = text.replace(&format!("\"{placeholder}\""), &id.to_string());
                text = text.replace(placeholder, &id.to_string());
            }
        }
        text
    }

    async fn role(&mut self, server: &Server, step: &Step) -> Role {
        match step.role.as_str() {
            // Of a session of its own: the others go on.
            "admin" if step.name == "auth.logout" => server.admin().await,
            "admin" => self.admin.clone(),
            "bob" => {
                if self.bob.is_none() {
                    self.bob = Some(server.user("bob", BOBS_PASSWORD).await);
                }
                self.bob.clone().expect("bob is logged in")
            }
            _ => self.anonymous.clone(),
        }
    }
}

/// Set by the recording itself.
const BOBS_PASSWORD: &str = "abc12345";

async fn replay(server: &Server, cast: &mut Cast, step: &Step) -> Answer {
    let role = cast.role(server, step).await;
    let path = cast.filled(step.path.clone()).await.replace("password=123456", &format!("password={PASSWORD}"));
    let method: Method = step.method.parse().expect("a method");
    let mut request = role.request(method, &path);
    for (name, value) in headers_of(&step.name) {
        request = request.header(name, value);
    }
    if step.name == "auth.refresh" {
        request = request.header("cookie", refresh_cookie(server).await);
    }
    if let Some(body) = &step.json {
        // The recordings were made with another administrator's password.
        let text = cast.filled(body.to_string()).await.replace("\"123456\"", &format!("\"{PASSWORD}\""));
        request = request.header("content-type", "application/json").body(text);
    }
    if let Some(text) = &step.text {
        request = request.header("content-type", "application/json").body(text.clone());
    }
    if let Some((name, bytes)) = step.file.as_deref().and_then(file_of) {
        request = request.multipart(Form::new().part("file", Part::bytes(bytes).file_name(name)));
    }
    Answer::of(request).await
}

/// The cookie of a login that has just happened.
async fn refresh_cookie(server: &Server) -> String {
    let body = json!({"username": "admin", "password": PASSWORD});
    let login = server.anonymous().post_json("/api/v1/auth/login", &body).await;
    let cookie = login.headers["set-cookie"].to_str().expect("text");
    cookie.split(';').next().expect("a cookie").to_owned()
}

/// What a recording sent beside its body.
fn headers_of(step: &str) -> Vec<(&'static str, &'static str)> {
    match step {
        "auth.login.validation.en" | "i18n.en" => vec![("accept-language", "en-US")],
        "i18n.fr" => vec![("accept-language", "fr")],
        "reqid.bad" => vec![("x-request-id", "nonsense")],
        "reqid.good" => vec![("x-request-id", "9c6fb351-e005-4622-957f-25506dded629")],
        "users.me.basic" => vec![("authorization", "Basic YTpi")],
        "users.me.badtoken" => vec![("authorization", "Bearer x.y.z")],
        "auth.logout.again" | "me.afterpw" => vec![("authorization", "Bearer x.y.z")],
        "auth.refresh.badcookie" => vec![("cookie", "backplane_refresh_token=x.y.z")],
        "cors.get" => vec![("origin", "http://localhost:5173")],
        "cors.preflight" => {
            vec![("origin", "http://localhost:5173"), ("access-control-request-method", "POST")]
        }
        _ => vec![],
    }
}

/// A file that a recording sent.
fn file_of(step: &str) -> Option<(&'static str, Vec<u8>)> {
    Some(match step {
        "files.upload.ok" => ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec()),
        "files.upload.badext" => ("a.exe", b"MZ".to_vec()),
        "files.upload.big" => ("a.png", [b"\x89PNG\r\n\x1a\n".to_vec(), vec![b'0'; 6 << 20]].concat()),
        "plugins.install.again" => ("notice.zip", bundle::of("notice")),
        "plugins.install.noreadme" => ("hello.zip", Parts::of("hello").without("README.md").zip()),
        "plugins.install.notzip" => ("hello.zip", b"not a zip".to_vec()),
        _ => return None,
    })
}

/// What of `found` is not as recorded; null has no type, on either side.
fn mismatch(at: &str, recorded: &Value, found: &Value) -> Option<String> {
    let kind = match found {
        Value::Null => return None,
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match (recorded, found) {
        (Value::String(recorded), _) if recorded == "null" || recorded == kind => None,
        // A whole number of seconds is a number as well.
        (Value::String(recorded), Value::Number(_)) if recorded == "number" => None,
        (Value::Array(recorded), Value::Array(found)) => {
            let each = recorded.first()?;
            found.iter().find_map(|item| mismatch(&format!("{at}[]"), each, item))
        }
        (Value::Object(recorded), Value::Object(found)) => {
            // A key with a question mark is not always there.
            let missing = recorded.keys().find(|key| !key.ends_with('?') && !found.contains_key(*key));
            let shape = |key: &str| recorded.get(key).or_else(|| recorded.get(&format!("{key}?")));
            // What a plugin can be set to is its own.
            let open = at.ends_with(".settings");
            let stray = found.keys().find(|key| !open && shape(key).is_none());
            if missing.is_some() || stray.is_some() {
                return Some(format!("{at}: missing {missing:?}, beyond the contract {stray:?}"));
            }
            found.iter().find_map(|(key, found)| mismatch(&format!("{at}.{key}"), shape(key)?, found))
        }
        (recorded, found) => Some(format!("{at}: {recorded} was recorded, {found} is answered")),
    }
}

fn judge(step: &Step, answer: &Answer) -> Result<(), String> {
    let difference = DIFFERENCES.iter().find(|(name, ..)| *name == step.name);
    let (status, code) = match difference {
        Some((_, status, code, _)) => (*status, Some(*code)),
        None => (step.status, step.code),
    };
    let told = || format!("{} {} {}: {}", step.name, step.method, step.path, answer.text);
    if answer.status != status {
        return Err(format!("{status} was expected, {} is answered: {}", answer.status, told()));
    }
    if step.keys.is_empty() {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&answer.text).map_err(|error| format!("{error}: {}", told()))?;
    if let Some(code) = code
        && body["code"] != code
    {
        return Err(format!("code {code} was expected: {}", told()));
    }
    if difference.is_some() {
        return Ok(());
    }
    let keys: Vec<&String> = body.as_object().into_iter().flat_map(|body| body.keys()).collect();
    if keys != step.keys.iter().collect::<Vec<_>>() {
        return Err(format!("keys {:?} were recorded, {keys:?} are answered: {}", step.keys, told()));
    }
    let shapes = [("data", &step.data, &body["data"]), ("body", &step.body, &body)];
    let mismatched = shapes.into_iter().find_map(|(at, recorded, found)| mismatch(at, recorded.as_ref()?, found));
    mismatched.map_or(Ok(()), |mismatch| Err(format!("{mismatch}: {}", told())))
}

async fn every_recording_is_answered_alike(server: &Server) {
    let mut cast = Cast::on(server).await;
    let (mut faults, mut replayed) = (Vec::new(), 0);
    for (area, text) in AREAS {
        let steps: Vec<Step> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{area}: {error}"));
        for step in steps {
            let answer = replay(server, &mut cast, &step).await;
            faults.extend(judge(&step, &answer).err());
            replayed += 1;
        }
    }
    println!("{replayed} recordings replayed, {} differ on purpose:", DIFFERENCES.len());
    for (name, status, code, reason) in DIFFERENCES {
        println!("  {name}: {status}, code {code}: {reason}");
    }
    assert!(faults.is_empty(), "{} of {replayed} differ:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_on_sqlite() {
    every_recording_is_answered_alike(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_on_postgres() {
    crate::server::with_postgres(async |server| every_recording_is_answered_alike(server).await).await;
}
