//! The Redis that processes share.

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSub};
use redis::{Client, Cmd, FromRedisValue, Pipeline, RedisError};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long an answer may take, with a connection if there is none. A Redis that takes longer is as
/// good as none.
const DEADLINE: Duration = Duration::from_millis(500);

/// A Redis with the keys of one product in it. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    connection: Arc<ArcSwap<ConnectionManager>>,
    prefix: Arc<str>,
    away: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<Instant>>>,
}

/// Why the Redis did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Its address can't be understood.
    #[error("failed to understand redis.url")]
    Address(#[source] RedisError),
    /// It is away, or it refuses.
    #[error("failed to ask Redis")]
    Command(#[source] RedisError),
    /// It did not answer in time.
    #[error("Redis did not answer within {} ms", DEADLINE.as_millis())]
    Silent,
    /// Others change the value faster than this process.
    #[error("others change it all the time")]
    Contended,
}

impl Redis {
    /// The Redis at `url`. Keys and channels begin with the product's `name`. Connections come
    /// about when they are used. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`CacheError::Address`].
    pub fn open(url: &str, name: &str) -> Result<Self, CacheError> {
        let client = Client::open(url).map_err(CacheError::Address)?;
        let connection = Arc::new(ArcSwap::from_pointee(connect(&client)?));
        Ok(Self { client, connection, prefix: prefix(name).into(), away: Arc::default(), trouble: Arc::default() })
    }

    /// Whether it is known to be away. Heartbeats find out.
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    /// Notes that it is away, or not; gives whether that is news.
    pub(super) fn note_away(&self, away: bool) -> bool {
        self.away.swap(away, Ordering::AcqRel) != away
    }

    /// Whether a command has failed lately: what was connected may be connected no more, without
    /// knowing it yet.
    pub(super) fn had_trouble_within(&self, time: Duration) -> bool {
        self.trouble.lock().is_some_and(|last| last.elapsed() < time)
    }

    /// The full name of a key.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// The full name of a channel. Those of Redis are the same for all of its databases.
    pub(super) fn channel(&self, name: &str) -> String {
        format!("{}:{}:{name}", self.prefix, self.client.get_connection_info().redis_settings().db())
    }

    /// Asks once.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let mut connection = ConnectionManager::clone(&self.connection.load());
        self.watched(in_time(command.query_async(&mut connection)).await)
    }

    /// Asks several things at once.
    pub(super) async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, CacheError> {
        let mut connection = ConnectionManager::clone(&self.connection.load());
        self.watched(in_time(commands.query_async(&mut connection)).await)
    }

    fn watched<T>(&self, answer: Result<T, CacheError>) -> Result<T, CacheError> {
        if answer.is_err() {
            *self.trouble.lock() = Some(Instant::now());
        }
        answer
    }

    /// A connection that listens.
    pub(super) async fn subscribe(&self, channels: &[String]) -> Result<PubSub, CacheError> {
        in_time(async {
            let mut connection = self.client.get_async_pubsub().await?;
            connection.subscribe(channels).await?;
            Ok(connection)
        })
        .await
    }

    /// Takes another connection for commands: the one there is looks alive and is not.
    pub(super) fn reconnect(&self) {
        match connect(&self.client) {
            Ok(connection) => self.connection.store(Arc::new(connection)),
            Err(error) => tracing::debug!(%error, "no other connection"),
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its address may hold a password.
        formatter.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn connect(client: &Client) -> Result<ConnectionManager, CacheError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    client.get_connection_manager_lazy(config).map_err(CacheError::Address)
}

async fn in_time<T>(asked: impl Future<Output = Result<T, RedisError>>) -> Result<T, CacheError> {
    match tokio::time::timeout(DEADLINE, asked).await {
        Ok(answer) => answer.map_err(CacheError::Command),
        Err(_elapsed) => Err(CacheError::Silent),
    }
}

/// The product's name as it stands before keys: without the characters that have a meaning there or in
/// patterns of keys.
fn prefix(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.to_lowercase().chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_begin_with_the_products_name() {
        for (name, prefix) in
            [("Backplane", "backplane"), ("My Shop: EU", "my_shop__eu"), ("[x]*", "_x__"), ("后台", "后台")]
        {
            assert_eq!(super::prefix(name), prefix);
        }
    }
}
