//! The vector store Qdrant.

use gori_core::{Result, Stop};
use rustix::process::Signal;

use super::process::{self, Process};
use super::{fetched, on_a_thread};

/// A Qdrant on the loopback, empty, without telemetry.
#[derive(Debug)]
pub struct Qdrant {
    process: Process,
    http: u16,
    grpc: u16,
}

impl Qdrant {
    /// Fetches and starts the server, and waits until it answers.
    ///
    /// # Errors
    /// When the package cannot be had, or with the end of its log when it does not start.
    pub async fn start() -> Result<Self> {
        on_a_thread(Self::start_blocking).await
    }

    fn start_blocking(stop: &Stop) -> Result<Self> {
        let server = fetched::fetch(fetched::qdrant(), stop)?;
        let (http, grpc) = (process::free_port()?, process::free_port()?);
        let folder = process::folder("qdrant")?;
        let mut command = process::command(server.file("qdrant")?, folder.path());
        command
            .env("QDRANT__SERVICE__HOST", "127.0.0.1")
            .env("QDRANT__SERVICE__HTTP_PORT", http.to_string())
            .env("QDRANT__SERVICE__GRPC_PORT", grpc.to_string())
            .env(
                "QDRANT__STORAGE__STORAGE_PATH",
                folder.path().join("storage"),
            )
            .env(
                "QDRANT__STORAGE__SNAPSHOTS_PATH",
                folder.path().join("snapshots"),
            )
            .arg("--disable-telemetry");
        // The gRPC port opens apart from the other one.
        let open = |port| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        let ready = || super::http::status(http, "/readyz") == Some(200) && open(grpc);
        let process = Process::start("qdrant", command, folder, Signal::KILL, stop, ready)?;
        Ok(Self {
            process,
            http,
            grpc,
        })
    }

    /// The address of its gRPC service, such as `http://127.0.0.1:40123`.
    pub fn grpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    /// The address of its REST service.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Its process, for tests that disturb it.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        self.process.tail()
    }
}
