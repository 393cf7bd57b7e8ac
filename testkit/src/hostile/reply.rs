//! What the server does when it is asked.

use std::time::Duration;

/// One thing that the server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits, or notices that the client has closed.
    Wait(Duration),
    /// Closes the connection with a reset, so that unread bytes are lost.
    Reset,
    /// Closes the connection in order.
    Close,
}

/// What the server does in answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply(pub Vec<Step>);

impl Reply {
    /// These bytes and no others, whatever HTTP says.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Step::Send(bytes.into())])
    }

    /// A whole answer of this status, after which the connection serves on.
    pub fn whole(status: u16, content_type: &str, body: &str) -> Self {
        Self::with_headers(status, &[("content-type", content_type)], body)
    }

    /// A whole answer with these headers.
    pub fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        Self::raw(format!(
            "HTTP/1.1 {status} {}\r\n{lines}content-length: {}\r\n\r\n{body}",
            reason(status),
            body.len()
        ))
    }

    /// JSON with status 200.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::whole(200, "application/json", &body.to_string())
    }

    /// The head of an event stream, whose chunks follow with [`Reply::chunk`].
    pub fn events() -> Self {
        Self::raw(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        )
    }

    /// Sends a chunk of a chunked body.
    #[must_use]
    pub fn chunk(self, bytes: &[u8]) -> Self {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.then(Step::Send(chunk))
    }

    /// Ends a chunked body.
    #[must_use]
    pub fn end(self) -> Self {
        self.then(Step::Send(b"0\r\n\r\n".to_vec()))
    }

    /// And then this.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Keeps the client waiting.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.then(Step::Wait(time))
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        401 => "Unauthorized",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
