use super::{TestError, TestHost, TestUser};
use crate::db::{DbErrorKind, Transaction};
use crate::descriptor::MigrationSpec;
use crate::prelude::*;
use crate::raw::{Body, Head, Reply, Response};
use crate::services::ServiceErrorKind;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A plugin of raw handlers that use every service.
struct Shelf {
    context: PluginContext,
    kept: Arc<Mutex<Option<Transaction>>>,
}

fn migration(version: i64, up: &str, down: Option<&str>) -> MigrationSpec {
    let down = down.map(str::to_owned);
    MigrationSpec { version, name: "step".to_owned(), up: up.to_owned(), down, up_postgres: None, down_postgres: None }
}

impl Plugin for Shelf {
    fn new(context: PluginContext) -> Self {
        Self { context, kept: Arc::default() }
    }

    fn contributions(&self) -> Contributions {
        let (context, kept) = (self.context.clone(), Arc::clone(&self.kept));
        let (other, third) = (self.context.clone(), self.context.clone());
        Contributions::new()
            .setting(Setting::new("colour", "Colour", "red"))
            .migrations(vec![
                migration(1, "CREATE TABLE book (title TEXT NOT NULL)", Some("DROP TABLE book")),
                migration(
                    2,
                    "INSERT INTO book VALUES ('first'); INSERT INTO book VALUES ('second')",
                    Some("DELETE FROM book"),
                ),
            ])
            .route("GET /shelf/{name}", Access::permission("shelf:read"), move |head: Head<'_>, _: Body| -> Reply {
                let info = head.info();
                let text =
                    format!("{:?} {} {} {}", head.param("name"), head.query(), info.user_name(), info.is_staff());
                Response::text(text).with_header("x-uri", info.original_uri()).into()
            })
            .route("GET /shelf/{name}/settings", Access::Public, move |_: Head<'_>, _: Body| -> Reply {
                let settings = other.settings::<serde_json::Value>().unwrap_or_default();
                Response::text(settings.to_string()).into()
            })
            .route("POST /shelf", Access::Public, move |_: Head<'_>, body: Body| {
                let context = third.clone();
                Reply::later(async move {
                    context.sleep(Duration::from_millis(1)).await;
                    context.log(Level::Info, "slept");
                    Response::bytes(body.bytes().await.unwrap_or_default()).with_status(201)
                })
            })
            .route("POST /shelf/keep", Access::Public, move |_: Head<'_>, _: Body| {
                let (context, kept) = (context.clone(), Arc::clone(&kept));
                Reply::later(async move {
                    let tx = context.database().begin().await.expect("begins");
                    tx.query("DELETE FROM book").execute().await.expect("deletes");
                    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(tx);
                    Response::status(204)
                })
            })
            .route("DELETE /shelf", Access::Public, |_: Head<'_>, _: Body| panic!("no"))
            .route("GET /slow", Access::Public, |_: Head<'_>, _: Body| Reply::later(std::future::pending()))
    }
}

impl crate::abi::export::Identity for Shelf {
    const ID: &'static str = "shelf";
    const VERSION: &'static str = "1.0.0";
}

struct Refusing;

impl Plugin for Refusing {
    fn new(_: PluginContext) -> Self {
        Self
    }
    fn contributions(&self) -> Contributions {
        Contributions::new().migrations(vec![migration(7, "CREATE TABEL x", None)])
    }
}

impl crate::abi::export::Identity for Refusing {
    const ID: &'static str = "refusing";
    const VERSION: &'static str = "1.0.0";
}

struct Stubborn;

impl Plugin for Stubborn {
    fn new(_: PluginContext) -> Self {
        Self
    }
    fn contributions(&self) -> Contributions {
        Contributions::new().migrations(vec![migration(1, "CREATE TABLE x (id BIGINT)", None)])
    }
    async fn start(&self) -> Result<(), PluginError> {
        Err(PluginError::new("not today"))
    }
}

impl crate::abi::export::Identity for Stubborn {
    const ID: &'static str = "stubborn";
    const VERSION: &'static str = "1.0.0";
}

async fn shelf() -> TestHost {
    TestHost::start::<Shelf>().await.expect("starts")
}

async fn books(host: &TestHost) -> i64 {
    host.database().query("SELECT COUNT(*) FROM book").fetch_scalar().await.expect("counts")
}

#[tokio::test]
async fn a_request_reaches_its_route_with_all_that_was_said() {
    let host = shelf().await;
    let answer = host.get("/shelf/a%20b?x=1").user(TestUser::named("alice").staff()).send().await;
    assert_eq!((answer.status(), answer.text()), (200, "Some(\"a%20b\") x=1 alice true"));
    assert_eq!(answer.header("x-uri"), Some("/api/v1/shelf/a%20b?x=1"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(host.access("GET", "/shelf/x"), Some(&Access::permission("shelf:read")));
    host.stop().await.expect("stops");
}

#[tokio::test]
async fn without_a_route_it_answers_as_the_host_does() {
    let host = shelf().await;
    assert_eq!(host.get("/absent").send().await.status(), 404);
    assert_eq!(host.put("/shelf/x").send().await.status(), 405);
    assert_eq!(host.access("GET", "/absent"), None);
}

#[tokio::test]
async fn bodies_and_logs_come_through() {
    let host = shelf().await;
    let answer = host.post("/shelf").body("abc").send().await;
    assert_eq!((answer.status(), answer.text()), (201, "abc"));
    let lines: Vec<_> = host.logs().into_iter().map(|line| (line.level, line.target, line.message)).collect();
    assert_eq!(lines, [(Level::Info, "shelf".to_owned(), "slept".to_owned())]);
}

#[tokio::test]
async fn settings_go_over_their_defaults() {
    let host = shelf().await;
    assert_eq!(host.get("/shelf/x/settings").send().await.json(), json!({ "colour": "red" }));
    let host = TestHost::builder().setting("colour", "blue").start::<Shelf>().await.expect("starts");
    assert_eq!(host.get("/shelf/x/settings").send().await.json(), json!({ "colour": "blue" }));
    let refused = TestHost::builder().setting("color", "blue").start::<Shelf>().await.err().expect("no such setting");
    assert_eq!(refused.to_string(), "setting \"color\" is not contributed; there are: colour");
}

#[tokio::test]
async fn migrations_go_up_and_down() {
    let host = shelf().await;
    assert_eq!(books(&host).await, 2);
    host.revert_migrations().await.expect("goes down");
    assert!(host.database().query("SELECT COUNT(*) FROM book").fetch_scalar::<i64>().await.is_err());
}

#[tokio::test]
async fn a_transaction_that_is_kept_open_is_noticed_and_rolled_back_at_the_end() {
    let host = shelf().await;
    assert_eq!(host.post("/shelf/keep").send().await.status(), 204);
    let waited = host.database().query("SELECT COUNT(*) FROM book").fetch_scalar::<i64>().await;
    assert_eq!(waited.expect_err("waits for the transaction").kind, DbErrorKind::Timeout);
    let database = host.database();
    host.stop().await.expect("stops");
    let left: i64 = database.query("SELECT COUNT(*) FROM book").fetch_scalar().await.expect("counts");
    assert_eq!(left, 2);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_answered() {
    let host = shelf().await;
    let answer = host.delete("/shelf").send().await;
    assert_eq!((answer.status(), answer.json()["msg"].as_str()), (500, Some("panicked: no")));
    assert_eq!(host.post("/shelf").send().await.status(), 201);
}

#[tokio::test]
async fn a_request_can_be_given_up() {
    let host = shelf().await;
    let given_up = tokio::time::timeout(Duration::from_millis(20), host.get("/slow").send()).await;
    assert!(given_up.is_err());
    host.stop().await.expect("stops");
}

#[tokio::test]
async fn what_the_host_would_refuse_does_not_start() {
    match TestHost::start::<Refusing>().await {
        Err(TestError::Migration { version, name, .. }) => assert_eq!((version, name.as_str()), (7, "step")),
        other => panic!("the migration should fail: {:?}", other.err()),
    }
    let stubborn = TestHost::start::<Stubborn>().await.err().expect("does not start");
    assert_eq!(stubborn.to_string(), "the plugin does not start: not today");
}

struct Courier {
    context: PluginContext,
}

impl Plugin for Courier {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }
    fn contributions(&self) -> Contributions {
        let context = self.context.clone();
        Contributions::new().route("POST /fetch", Access::Public, move |_: Head<'_>, _: Body| {
            let context = context.clone();
            Reply::later(async move {
                let asked =
                    context.http().post("https://a.example/?q").header("x-a", "1").json(&json!({"b": 2})).send();
                match asked.await {
                    Ok(answer) => {
                        let files = context.files();
                        files.write("answers/last", answer.body.clone()).await.expect("written");
                        files.append("answers/last", "!").await.expect("written");
                        let listed = files.list().await.expect("a list");
                        let names: Vec<_> = listed.iter().map(|entry| (entry.name.as_str(), entry.bytes)).collect();
                        assert_eq!(names, [("answers/last", 6)]);
                        Response::bytes(files.read("answers/last").await.expect("read"))
                    }
                    Err(error) => Response::text(error.to_string()).with_status(502),
                }
            })
        })
    }
}

impl crate::abi::export::Identity for Courier {
    const ID: &'static str = "courier";
    const VERSION: &'static str = "1.0.0";
}

#[tokio::test]
async fn other_servers_and_files_are_the_tests() {
    let host = TestHost::start::<Courier>().await.unwrap();
    let answer = host.post("/fetch").send().await;
    assert_eq!((answer.status(), answer.text()), (502, "the test does not answer requests"));
    host.on_request(|request| {
        assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://a.example/?q"));
        assert_eq!(request.headers[0], ("x-a".to_owned(), "1".to_owned()));
        assert_eq!(request.body.as_ref(), br#"{"b":2}"#);
        let headers = vec![("x-b".to_owned(), "2".to_owned())];
        Ok(crate::http::Response { status: 200, url: request.url, headers, body: "hello".into() })
    });
    let answer = host.post("/fetch").send().await;
    assert_eq!((answer.status(), answer.text()), (200, "hello!"));
    assert_eq!(host.file("answers/last").as_deref(), Some(b"hello!".as_slice()));
    assert_eq!(host.file("answers/first"), None);
    host.stop().await.unwrap();
}

struct Shop {
    context: PluginContext,
}

impl Shop {
    /// Publishes one event that holds, and one that does not.
    async fn count_stock(context: PluginContext) -> Result<(), crate::PluginError> {
        let (database, events) = (context.database(), context.events());
        let undone = database.begin().await?;
        events.publish_in(&undone, "counted", &json!(1)).await?;
        undone.rollback().await?;
        let done = database.begin().await?;
        events.publish_in(&done, "counted", &json!(2)).await?;
        done.commit().await?;
        events.publish("closed", &json!({"by": "job"})).await?;
        let missing = context.jobs().run("count").await.expect_err("there is no such job");
        assert_eq!(missing.kind, ServiceErrorKind::NotFound);
        Ok(context.jobs().run("count_stock").await?)
    }
}

impl Plugin for Shop {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }
    fn contributions(&self) -> Contributions {
        let (context, asking) = (self.context.clone(), self.context.clone());
        Contributions::new()
            .job("count_stock", "0 3 * * *", "Counts", move || Self::count_stock(context.clone()))
            .job("fall", "0 3 * * *", "Panics", || async { panic!("off the shelf") })
            .on("farm.harvested", |event| async move {
                let tons: u32 = event.read()?;
                if tons == 0 { Err(crate::PluginError::new("nothing came")) } else { Ok(()) }
            })
            .service("price", move |call: crate::peer::Call<String>| {
                let farm = asking.peer("farm");
                async move {
                    let cost: u32 = farm.call("cost", &json!({ "of": call.input })).await?;
                    Ok(format!("{} for {}", cost * 2, call.caller))
                }
            })
    }
}

impl crate::abi::export::Identity for Shop {
    const ID: &'static str = "shop";
    const VERSION: &'static str = "1.0.0";
}

#[tokio::test]
async fn jobs_events_and_services_are_the_tests() {
    let host = TestHost::start::<Shop>().await.unwrap();
    host.run_job("count_stock").await.unwrap();
    let published: Vec<_> = host.published().into_iter().map(|event| (event.name, event.data)).collect();
    assert_eq!(published, [("counted".to_owned(), json!(2)), ("closed".to_owned(), json!({"by": "job"}))]);
    assert_eq!(host.asked_jobs(), ["count_stock"]);
    assert!(host.run_job("fall").await.unwrap_err().to_string().contains("off the shelf"));

    host.deliver("farm.harvested", &7).await.unwrap();
    assert_eq!(host.deliver("farm.harvested", &0).await.unwrap_err().to_string(), "nothing came");
    let unread = host.deliver("farm.harvested", &"much").await.unwrap_err().to_string();
    assert!(unread.starts_with("event farm.harvested is not what was expected"), "{unread}");

    let alone = host.call::<String>("price", &"tea").await.unwrap_err();
    assert_eq!(alone.kind, ServiceErrorKind::Unavailable);
    host.on_call(|plugin, service, input| {
        assert_eq!((plugin, service, input), ("farm", "cost", json!({"of": "tea"})));
        Ok(json!(125))
    });
    assert_eq!(host.call::<String>("price", &"tea").await.unwrap(), "250 for test");
    assert_eq!(host.call::<String>("price", &7).await.unwrap_err().kind, ServiceErrorKind::Invalid);
    host.stop().await.unwrap();
}
