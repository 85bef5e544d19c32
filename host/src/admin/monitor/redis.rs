//! What a Redis says of itself.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, InfoDict, RedisError};
use std::time::Duration;

/// A Redis that takes longer is as good as none.
const DEADLINE: Duration = Duration::from_secs(3);

/// What it says.
pub(super) struct Told {
    pub(super) info: InfoDict,
    pub(super) keys: u64,
    /// Name and number of calls of each command.
    pub(super) commands: Vec<(String, String)>,
}

/// Asks the Redis at `url`.
pub(super) async fn ask(url: &str) -> Result<Told, RedisError> {
    let deadlines =
        AsyncConnectionConfig::new().set_connection_timeout(Some(DEADLINE)).set_response_timeout(Some(DEADLINE));
    let mut connection = Client::open(url)?.get_multiplexed_async_connection_with_config(&deadlines).await?;
    let info = info(&mut connection, "default").await?;
    let commands = commands(&info_text(&mut connection, "commandstats").await?);
    let keys = redis::cmd("DBSIZE").query_async(&mut connection).await?;
    Ok(Told { info, keys, commands })
}

async fn info(connection: &mut MultiplexedConnection, section: &str) -> Result<InfoDict, RedisError> {
    Ok(InfoDict::new(&info_text(connection, section).await?))
}

async fn info_text(connection: &mut MultiplexedConnection, section: &str) -> Result<String, RedisError> {
    redis::cmd("INFO").arg(section).query_async(connection).await
}

/// Reads lines such as `cmdstat_get:calls=547,usec=1234,…`.
fn commands(text: &str) -> Vec<(String, String)> {
    let command = |line: &str| {
        let (name, numbers) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let calls = numbers.split(',').find_map(|number| number.strip_prefix("calls="))?;
        Some((name.to_owned(), calls.to_owned()))
    };
    text.lines().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_commands_are_read() {
        let text =
            "# Commandstats\r\ncmdstat_get:calls=547,usec=1\r\ncmdstat_script|load:calls=2,usec=3\r\nother:x\r\n";
        let expected = [("get", "547"), ("script|load", "2")].map(|(name, calls)| (name.to_owned(), calls.to_owned()));
        assert_eq!(commands(text), expected);
    }
}
