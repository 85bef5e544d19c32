//! A server of somebody else, on this machine: what plugins send requests to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that answers by what the path says, and remembers what it was asked.
pub(crate) struct Other {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Other {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let known = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&known)));
            }
        });
        Self { address, asked, task }
    }

    /// The URL of a path, by the name or address `host`.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// Head and body of every request so far; forgets them.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("a list"))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request for each connection: `/to/STATUS/URL` leads on, `/bytes/N` and `/endless` are large, `/never` hangs.
async fn serve(mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read(&mut stream).await else { return };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().expect("a list").push(request.clone());
    let parts: Vec<&str> = path.splitn(4, '/').collect();
    let answer = match parts.as_slice() {
        ["", "to", status, url] => {
            format!("HTTP/1.1 {status} On\r\nconnection: close\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n")
        }
        ["", "status", status] => format!("HTTP/1.1 {status} So\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        ["", "bytes", length] => {
            let body = "x".repeat(length.parse().expect("a number"));
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        }
        ["", "endless"] => return endless(stream).await,
        ["", "never"] => {
            // Until the other side has had enough.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        ["", "broken"] => "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nbut".to_owned(),
        _ => {
            let length = request.len();
            format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/plain\r\nx-a: 1\r\ncontent-length: {length}\r\n\r\n{request}"
            )
        }
    };
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn endless(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        sent = stream.write_all(chunk.as_bytes()).await;
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&chunk[..length]);
    }
}
