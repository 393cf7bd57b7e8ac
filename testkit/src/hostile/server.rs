//! Reading requests and playing replies.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::{Reply, Step};

/// A request as the server read it.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which one since the server started, from 0.
    pub number: usize,
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/chat/completions`.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The content.
    pub body: Vec<u8>,
}

impl Received {
    /// The content as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Script = dyn Fn(&Received) -> Reply + Send + Sync;

/// The server. It ends, with all its connections, when it is dropped.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    connections: AtomicUsize,
    open: AtomicUsize,
    received: Mutex<Vec<Received>>,
    /// When clients closed in the middle of a reply.
    left: Mutex<Vec<Instant>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Serves on a free port of loopback. The script says what to answer to each request.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn start(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let accepting =
            tokio::spawn(accept(listener, Arc::new(script), seen.clone())).abort_handle();
        Self {
            address,
            seen,
            accepting,
        }
    }

    /// `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many connections stand open.
    pub fn open(&self) -> usize {
        self.seen.open.load(Ordering::SeqCst)
    }

    /// The last thousand requests.
    ///
    /// # Panics
    /// Where the script has panicked.
    pub fn received(&self) -> Vec<Received> {
        self.seen.received.lock().unwrap().clone()
    }

    /// Waits until a client has closed in the middle of a reply, and tells when it did.
    ///
    /// # Panics
    /// Where none does for ten seconds.
    pub async fn left(&self) -> Instant {
        for _ in 0..10_000 {
            if let Some(when) = self.seen.left.lock().unwrap().last() {
                return *when;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("no client left");
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>, seen: Arc<Seen>) {
    // Aborting this task drops the set, which aborts every connection.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        seen.connections.fetch_add(1, Ordering::SeqCst);
        seen.open.fetch_add(1, Ordering::SeqCst);
        let (script, open) = (script.clone(), Open(seen.clone()));
        connections.spawn(async move {
            let _ = serve(stream, &*script, &open.0).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Counts the connection out however its task ends.
struct Open(Arc<Seen>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(mut stream: TcpStream, script: &Script, seen: &Seen) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(mut received) = read_request(&mut stream, &mut buffer).await? {
        received.number = seen.requests.fetch_add(1, Ordering::SeqCst);
        let reply = script(&received);
        {
            let mut all = seen.received.lock().unwrap();
            if all.len() == 1_000 {
                all.remove(0);
            }
            all.push(received);
        }
        for step in reply.0 {
            match step {
                Step::Send(bytes) => {
                    if let Err(error) = stream.write_all(&bytes).await {
                        seen.left.lock().unwrap().push(Instant::now());
                        return Err(error);
                    }
                }
                Step::Wait(time) => {
                    if has_left(&stream, time).await {
                        seen.left.lock().unwrap().push(Instant::now());
                        return Ok(());
                    }
                }
                Step::Close => return stream.shutdown().await,
                Step::Reset => return stream.set_zero_linger(),
            }
        }
    }
    Ok(())
}

/// Waits, unless the client closes first.
async fn has_left(stream: &TcpStream, time: Duration) -> bool {
    let closed = async {
        let mut byte = [0];
        loop {
            match stream.peek(&mut byte).await {
                Ok(0) | Err(_) => return,
                // A further request, which is read later.
                Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(time, closed).await.is_ok()
}

/// The next request, or `None` once the client has closed.
async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Received>> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break buffer.drain(..end + 4).collect::<Vec<u8>>();
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.split("\r\n");
    let mut words = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Received {
        number: 0,
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
        body: buffer.drain(..length).collect(),
    }))
}
