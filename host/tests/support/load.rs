//! A load generator: keep-alive HTTP/1.1 connections that send one request after the other.
//!
//! A connection that the server closes, a malformed answer or a wrong one counts as a failure; it is
//! never papered over by connecting again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What one answer is, for the judge.
pub(crate) struct Answer<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: &'a str,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// Says what is wrong with an answer.
pub(crate) type Judge = Arc<dyn Fn(&Answer<'_>) -> Result<(), String> + Send + Sync>;

/// What a load came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answers that were right.
    pub(crate) answers: u64,
    /// What went wrong, at most [`FAILURES_KEPT`] of it.
    pub(crate) failures: Vec<String>,
    /// How long it ran.
    pub(crate) took: Duration,
}

/// Failures beyond these are the same again.
pub(crate) const FAILURES_KEPT: usize = 20;

/// A running load.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    connections: JoinSet<Result<(), String>>,
    began: Instant,
}

impl Load {
    /// Sends `GET path` on `connections` connections until it is stopped.
    pub(crate) fn start(address: SocketAddr, path: &str, connections: usize, judge: Judge) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicU64::new(0));
        let request: Arc<[u8]> =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n\r\n").into_bytes().into();
        let mut set = JoinSet::new();
        for _ in 0..connections {
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            set.spawn(connection(address, Arc::clone(&request), Arc::clone(&judge), stop, answers));
        }
        Self { stop, answers, connections: set, began: Instant::now() }
    }

    /// Right answers up to now.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Ends every connection after its running request.
    pub(crate) async fn stop(mut self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        while let Some(ended) = self.connections.join_next().await {
            if let Err(failure) = ended.map_err(|error| error.to_string()).and_then(|ended| ended)
                && failures.len() < FAILURES_KEPT
            {
                failures.push(failure);
            }
        }
        Outcome { answers: self.answers.load(Ordering::Relaxed), failures, took: self.began.elapsed() }
    }
}

async fn connection(
    address: SocketAddr,
    request: Arc<[u8]>,
    judge: Judge,
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let mut buffer = Vec::with_capacity(16 << 10);
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(&request).await.map_err(|error| format!("send: {error}"))?;
        receive(&mut stream, &mut buffer, &judge).await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>, judge: &Judge) -> Result<(), String> {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.map_err(|error| format!("receive: {error}"))?;
        if read == 0 {
            return Err("the server closed the connection".to_owned());
        }
        if let Some(end) = whole(buffer)? {
            let (head, body) = buffer.split_at(end);
            let head = std::str::from_utf8(head).map_err(|error| error.to_string())?;
            let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("no status")?;
            return judge(&Answer { status, head, body });
        }
    }
}

/// Where the head ends, once the whole answer is there.
fn whole(buffer: &[u8]) -> Result<Option<usize>, String> {
    let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let end = at + 4;
    let head = std::str::from_utf8(&buffer[..end]).map_err(|error| error.to_string())?;
    let length = head
        .lines()
        .find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .ok_or_else(|| format!("an answer without a length:\n{head}"))?;
    match (buffer.len() - end).cmp(&length) {
        std::cmp::Ordering::Less => Ok(None),
        std::cmp::Ordering::Equal => Ok(Some(end)),
        std::cmp::Ordering::Greater => Err(format!("{} bytes beyond the answer", buffer.len() - end - length)),
    }
}
