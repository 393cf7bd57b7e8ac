//! The connection, and what its errors mean.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Config, NoTls};

/// How long a connection may take to stand, unless the address says otherwise.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that is made again after it broke. Calls share it and are pipelined.
pub(super) struct Connection {
    config: Config,
    ef_search: Option<u32>,
    live: Mutex<Option<Live>>,
}

/// The config holds the password.
impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

struct Live {
    client: Arc<Client>,
    driver: AbortHandle,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    pub(super) fn new(address: &str, ef_search: Option<u32>) -> Result<Self> {
        let mut config = Config::from_str(address).map_err(|_| {
            // The error may repeat the address, and the address may hold a password.
            Error::new(
                ErrorKind::Config,
                "the address of the Postgres server cannot be read",
            )
            .hint("write it as postgres://user:password@host:5432/database")
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        Ok(Self {
            config,
            ef_search,
            live: Mutex::new(None),
        })
    }

    /// The client, of a new connection where the last one has ended.
    pub(super) async fn client(&self) -> Result<Arc<Client>> {
        let mut live = self.live.lock().await;
        if let Some(live) = live.as_ref().filter(|live| !live.client.is_closed()) {
            return Ok(live.client.clone());
        }
        let (client, driver) = self.config.connect(NoTls).await.map_err(failed)?;
        let driver = tokio::spawn(async move {
            // Its end shows in the client, whose calls fail.
            let _ = driver.await;
        });
        let new = Live {
            client: Arc::new(client),
            driver: driver.abort_handle(),
        };
        if let Some(ef) = self.ef_search {
            let setting = format!("SET hnsw.ef_search = {ef}");
            new.client.batch_execute(&setting).await.map_err(failed)?;
        }
        Ok(live.insert(new).client.clone())
    }
}

/// What a failure means to the caller.
pub(super) fn failed(error: tokio_postgres::Error) -> Error {
    let Some(refused) = error.as_db_error() else {
        let wrong = Error::new(ErrorKind::Network, "the Postgres server cannot be reached");
        return wrong.caused_by(error);
    };
    let code = refused.code().code();
    let kind = match code {
        "28000" | "28P01" | "42501" => ErrorKind::Unauthorized,
        "25006" => ErrorKind::ReadOnly,
        "3D000" => ErrorKind::NotFound,
        "40001" | "40P01" | "55P03" => ErrorKind::Busy,
        "53100" => ErrorKind::Io,
        "0A000" | "58P01" | "42704" => ErrorKind::Config,
        _ if code.starts_with("53") || code.starts_with("57P") => ErrorKind::Unavailable,
        "57014" => ErrorKind::Timeout,
        _ => ErrorKind::Protocol,
    };
    let message = format!("Postgres says {}: {}", code, refused.message());
    let wrong = Error::new(kind, message);
    let wrong = match kind {
        ErrorKind::Config => wrong.hint("the server needs the extension pgvector"),
        _ => wrong,
    };
    wrong.caused_by(error)
}
