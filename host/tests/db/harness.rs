//! A fresh database for each test.

use backplane::db::Pool;
use futures_util::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};

const ADMIN_URL: &str = "BACKPLANE_TEST_POSTGRES";

/// Runs a test on both databases.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($pool:ident: Pool) $body:block)*) => {
        $($(#[$doc])* mod $name {
            #[allow(unused_imports, reason = "not every test needs every name of its file")]
            use super::*;

            async fn check($pool: Pool) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::harness::with_sqlite(check).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::harness::with_postgres(check).await;
            }
        })*
    };
}

/// Runs a test on a file in a folder of its own.
pub(crate) async fn with_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Pool) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/deep/test.db", folder.path().display());
    let pool = Pool::open(&url).await.expect("opens");
    test(pool.clone()).await;
    pool.close().await;
}

/// Runs a test on a database of its own.
pub(crate) async fn with_postgres<F: Future<Output = ()>>(test: impl FnOnce(Pool) -> F) {
    let admin_url = std::env::var(ADMIN_URL).unwrap_or_else(|_| {
        panic!("{ADMIN_URL} is not set: give the URL of a PostgreSQL server, as postgres://postgres@127.0.0.1:5432/postgres")
    });
    let name = format!("backplane_test_{}", uuid::Uuid::new_v4().simple());
    let admin = Pool::open(&admin_url).await.expect("the server of BACKPLANE_TEST_POSTGRES answers");
    admin.database().query(format!("CREATE DATABASE {name}")).execute().await.expect("creates");
    let (server, _) = admin_url.rsplit_once('/').expect("a URL with a database");
    let pool = Pool::open(&format!("{server}/{name}")).await.expect("opens");
    let outcome = AssertUnwindSafe(test(pool.clone())).catch_unwind().await;
    pool.close().await;
    admin.database().query(format!("DROP DATABASE {name} WITH (FORCE)")).execute().await.expect("drops");
    admin.close().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Waits until `condition` holds; fails after five seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if condition().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not within five seconds: {what}");
}
