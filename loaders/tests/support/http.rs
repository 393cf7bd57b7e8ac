//! Servers on loopback that do what a test wants, good or bad.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What came in.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Path and query.
    pub path: String,
    /// The headers, lower case, `name: value`.
    pub headers: Vec<String>,
}

/// What a server does with a request.
pub enum Answer {
    /// Status, headers and body, with its length.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// The head, and then this piece again and again with a pause, until the other side
    /// leaves.
    Endless(Vec<(String, String)>, Vec<u8>, Duration),
    /// These bytes as they are, and then silence until the other side leaves.
    Raw(Vec<u8>),
}

/// A page of HTML.
pub fn html(body: impl Into<String>) -> Answer {
    let headers = vec![(
        "Content-Type".to_owned(),
        "text/html; charset=utf-8".to_owned(),
    )];
    Answer::Whole(200, headers, body.into().into_bytes())
}

/// An answer of any type.
pub fn typed(kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Whole(
        200,
        vec![("Content-Type".to_owned(), kind.to_owned())],
        body.into(),
    )
}

/// A redirect.
pub fn redirect(to: &str) -> Answer {
    Answer::Whole(
        302,
        vec![("Location".to_owned(), to.to_owned())],
        Vec::new(),
    )
}

/// No such page.
pub fn missing() -> Answer {
    Answer::Whole(404, Vec::new(), b"none".to_vec())
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// A server. It stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", handler).unwrap()
    }

    /// At an address, when this machine has it.
    pub fn at(
        address: &str,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let server = Self {
            address: listener.local_addr()?,
            connections: Arc::default(),
            requests: Arc::default(),
            stopped: Arc::default(),
        };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        let stopped = server.stopped.clone();
        let handler: Arc<Handler> = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                connections.fetch_add(1, Ordering::Relaxed);
                let (handler, requests) = (handler.clone(), requests.clone());
                std::thread::spawn(move || serve(stream, &*handler, &requests));
            }
        });
        Ok(server)
    }

    /// `http://127.0.0.1:port` and a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections came in.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests that came in.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, handler: &Handler, requests: &Mutex<Vec<Request>>) {
    let Ok(mut output) = stream.try_clone() else {
        return;
    };
    let mut input = BufReader::new(stream);
    loop {
        let Some(request) = read(&mut input) else {
            return;
        };
        requests.lock().unwrap().push(request.clone());
        let answer = handler(&request);
        if write(&mut output, answer).is_err() {
            return;
        }
    }
}

fn read(input: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if input.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            return Some(Request { path, headers });
        }
        headers.push(line.trim().to_lowercase());
    }
}

fn head(status: u16, headers: &[(String, String)], length: Option<usize>) -> String {
    let mut head = format!("HTTP/1.1 {status} Test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match length {
        Some(length) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
        None => head.push_str("Connection: close\r\n\r\n"),
    }
    head
}

fn write(output: &mut TcpStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Whole(status, headers, body) => {
            output.write_all(head(status, &headers, Some(body.len())).as_bytes())?;
            output.write_all(&body)
        }
        Answer::Endless(headers, piece, pause) => {
            output.write_all(head(200, &headers, None).as_bytes())?;
            loop {
                output.write_all(&piece)?;
                std::thread::sleep(pause);
            }
        }
        Answer::Raw(bytes) => {
            output.write_all(&bytes)?;
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }
}
