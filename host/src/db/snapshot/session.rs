//! A connection in a transaction, for the statements of copies.

use crate::db::lease::{Bounds, Lease};
use crate::db::pool::Shared;
use plugin_api::db::{DbError, Dialect, Rows, Value};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A page of rows is far smaller; one row may be this large.
const BYTES_MAX: usize = 1 << 30;
/// Below the bound that PostgreSQL's connections have.
const DEADLINE: Duration = Duration::from_secs(110);

/// The statements of one copy.
pub(super) struct Session<'a> {
    pub(super) shared: &'a Shared,
    pub(super) lease: &'a mut Lease,
}

impl Session<'_> {
    pub(super) fn dialect(&self) -> Dialect {
        self.shared.dialect()
    }

    pub(super) async fn rows(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Rows, DbError> {
        let tagged = self.shared.tagged(sql, &parameters).into_owned();
        let bounds = Bounds { bytes_max: BYTES_MAX, deadline: DEADLINE };
        let buffer = self.lease.query(&tagged, parameters, bounds).await?;
        Rows::decode(buffer).map_err(DbError::from)
    }

    pub(super) async fn all<T: DeserializeOwned>(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<T>, DbError> {
        self.rows(sql, values).await?.deserialize()
    }

    pub(super) async fn execute(&mut self, sql: &str, parameters: Vec<Value>) -> Result<(), DbError> {
        self.lease.execute(sql, parameters, DEADLINE).await.map(drop)
    }

    pub(super) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.lease.script(sql).await
    }
}
