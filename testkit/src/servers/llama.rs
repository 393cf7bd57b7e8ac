//! llama.cpp's server, which speaks the OpenAI protocol.

use std::path::{Path, PathBuf};
use std::process::Command;

use gori_core::{Error, ErrorKind, Result, Stop};
use gori_models::files::{Fetch, fetch_blocking};
use rustix::process::Signal;

use super::process::{self, Process};
use super::{fetched, http, on_a_thread};

/// A model for [`LlamaServer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gguf {
    /// SmolLM2-135M-Instruct: small, quick to start, seldom right.
    SmolLm2,
    /// Qwen2.5-Coder-1.5B-Instruct: 1.1 GB to fetch, writes passable answers and SQL.
    QwenCoder,
    /// A GGUF file of your own.
    Path(PathBuf),
}

/// A llama-server on the loopback.
#[derive(Debug)]
pub struct LlamaServer {
    process: Process,
    port: u16,
}

impl LlamaServer {
    /// Fetches the server and the model, starts them with a context of 4,096 tokens, the
    /// model's own chat template and one thread, and waits until it answers. `flags` are added
    /// to its command line; of two that contradict each other the last one holds.
    ///
    /// One thread, because llama.cpp's threads spin while they wait for each other: where
    /// something else is being built and tested on two cores, one writes 13 tokens a second
    /// and two write 1.5.
    ///
    /// The packaged llama-server wants a CPU with AVX-512. Elsewhere the same server is run
    /// out of the wheel of xllamacpp, several times slower, by the machine's `python3` (3.10 or
    /// later). That one knows the flags in `llama.py` and refuses others.
    ///
    /// # Errors
    /// When the packages cannot be had, or with the end of its log when it does not start.
    pub async fn start(model: Gguf, flags: &[&str]) -> Result<Self> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        on_a_thread(move |stop| Self::start_blocking(&model, &flags, stop)).await
    }

    fn start_blocking(model: &Gguf, flags: &[String], stop: &Stop) -> Result<Self> {
        let weights = model.file(stop)?;
        let launch = |build: Build| Self::launch(build, &weights, flags, stop);
        if !avx512() {
            return launch(Build::Portable);
        }
        match launch(Build::Native) {
            Err(e) if e.kind() == ErrorKind::Unsupported => launch(Build::Portable),
            started => started,
        }
    }

    fn launch(build: Build, weights: &Path, flags: &[String], stop: &Stop) -> Result<Self> {
        let port = process::free_port()?;
        let folder = process::folder("llama-server")?;
        let mut command = build.command(folder.path(), stop)?;
        command
            .arg("-m")
            .arg(weights)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["-c", "4096", "-t", "1", "-ngl", "0", "--jinja"])
            .args(flags);
        let ready = || http::status(port, "/health") == Some(200);
        let process = Process::start("llama-server", command, folder, Signal::KILL, stop, ready)?;
        Ok(Self { process, port })
    }

    /// The address that clients of the OpenAI protocol want, such as
    /// `http://127.0.0.1:40123/v1`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
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

/// How llama.cpp's server was built.
#[derive(Clone, Copy, Debug)]
enum Build {
    /// The program llama-server, for CPUs like the one it was built on.
    Native,
    /// The server inside a Python extension, for any x86-64.
    Portable,
}

impl Build {
    fn command(self, home: &Path, stop: &Stop) -> Result<Command> {
        match self {
            Self::Native => {
                let server = fetched::fetch(fetched::llama()?, stop)?;
                let mut command = process::command(server.file("llama-server")?, home);
                command.env("LD_LIBRARY_PATH", server.path());
                Ok(command)
            }
            Self::Portable => {
                let server = fetched::fetch(fetched::llama_portable(), stop)?;
                let script = home.join("llama.py");
                std::fs::write(&script, include_str!("llama.py"))
                    .map_err(|e| Error::io(script.display(), e))?;
                let mut command = process::command(&python()?, home);
                // Isolated from whatever else is installed for this Python.
                command.args(["-I", "-S"]).arg(script).arg(server.path());
                Ok(command)
            }
        }
    }
}

/// The interpreter behind `python3`, which may be a shim that wants the user's environment.
fn python() -> Result<PathBuf> {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .map_err(|e| Error::io("python3", e))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() && !path.is_empty() {
        true => Ok(path.into()),
        false => {
            let what = "python3 is needed to serve a model on a CPU without AVX-512";
            Err(Error::new(ErrorKind::Unavailable, what))
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn avx512() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
}

#[cfg(not(target_arch = "x86_64"))]
fn avx512() -> bool {
    false
}

impl Gguf {
    fn file(&self, stop: &Stop) -> Result<PathBuf> {
        let name = match self {
            Self::SmolLm2 => "smollm2",
            Self::QwenCoder => "qwen-coder",
            Self::Path(path) => {
                return std::path::absolute(path).map_err(|e| Error::io(path.display(), e));
            }
        };
        let dir = fetch_blocking(name, &Fetch::from_env(), stop)?;
        dir.only("gguf").map(PathBuf::from)
    }
}
