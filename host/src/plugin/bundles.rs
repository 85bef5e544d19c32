//! Bundles in the database, from which a process gets those that its store lacks.

use super::error::OperationError;
use crate::store::{Sha256, Staged, Store};
use plugin_api::db::{Database, DbError, Statements, Transaction};
use std::path::Path;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Of one piece: a bundle may be larger than what one wants in memory at once.
const PIECE_BYTES: u64 = 1 << 20;

/// Whether the bundle is there.
pub(super) async fn has(db: &impl Statements, sha256: &Sha256) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM plugin_bundle_piece WHERE sha256 = $1 AND position = 0";
    let first: i64 = db.query(sql).bind(sha256.to_string()).fetch_scalar().await?;
    Ok(first > 0)
}

/// Puts the bundle in the file at `path` there, if it is not.
pub(super) async fn put(tx: &Transaction, sha256: &Sha256, path: &Path) -> Result<(), OperationError> {
    if has(tx, sha256).await? {
        return Ok(());
    }
    let unreadable = |source| crate::store::StoreError::Io { step: "read", path: path.to_path_buf(), source };
    let mut file = File::open(path).await.map_err(unreadable)?;
    for position in 0_i64.. {
        let mut piece = Vec::new();
        (&mut file).take(PIECE_BYTES).read_to_end(&mut piece).await.map_err(unreadable)?;
        if piece.is_empty() {
            break;
        }
        let sql = "INSERT INTO plugin_bundle_piece (sha256, position, bytes) VALUES ($1, $2, $3)";
        tx.query(sql).bind(sha256.to_string()).bind(position).bind(piece).execute().await?;
    }
    Ok(())
}

/// The bundle, in staging; None if it is not there.
///
/// # Errors
/// [`OperationError::Staging`] if it is larger than `bytes_max`, or the database's.
pub(super) async fn fetch(
    db: &Database,
    sha256: &Sha256,
    store: &Store,
    bytes_max: u64,
) -> Result<Option<Staged>, OperationError> {
    let mut writer = store.stage(bytes_max).await?;
    let sql = "SELECT bytes FROM plugin_bundle_piece WHERE sha256 = $1 AND position = $2";
    for position in 0_i64.. {
        let query = db.query(sql).bind(sha256.to_string()).bind(position);
        match query.fetch_optional::<(Vec<u8>,)>().await? {
            Some((bytes,)) => writer.write(&bytes).await?,
            None if position == 0 => return Ok(None),
            None => break,
        }
    }
    Ok(Some(writer.finish().await?))
}

/// Removes the bundles that neither an installed version nor a plan needs.
pub(super) async fn forget_others(tx: &Transaction) -> Result<(), DbError> {
    let sql = "DELETE FROM plugin_bundle_piece WHERE sha256 NOT IN (SELECT sha256 FROM plugin_version) \
               AND sha256 NOT IN (SELECT bundle_sha256 FROM plugin_plan WHERE bundle_sha256 IS NOT NULL)";
    tx.query(sql).execute().await.map(drop)
}
