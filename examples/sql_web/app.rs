//! The command line and the server.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use futures_util::stream::BoxStream;
use gori::models::tokens::Estimate;
use gori::sql::{Ask, Knowledge, Sqlite};
use gori::{
    Completion, Context, Delta, Error, ErrorKind, Limits, Llm, Prompt, Result, TokenCounter, Window,
};
use tokio::sync::{Mutex, RwLock};

use crate::fence::Fence;
use crate::support::fail;
use crate::{api, fence, support};

const USAGE: &str = "\
usage: sql_web DB [KNOWLEDGE] [FLAGS]

  DB                an SQLite file; it is opened read-only
  KNOWLEDGE         a folder of *.toml, *.md and *.sql; what is learnt goes to learnt.toml in it
  --llm URL         an OpenAI-compatible server, such as http://127.0.0.1:8080/v1#MODEL; a key is
                    read from OPENAI_API_KEY; without a model, SQL is written by hand
  --llm local:NAME  a model in this process; needs the feature local-llm
  --listen ADDRESS  where the page is served [127.0.0.1:8000]; port 0 takes a free one. Beyond
                    this machine a token is asked for, and traffic is not encrypted
  --token           ask for a token on this machine too; GORI_WEB_TOKEN sets it
  --help            this text";

#[derive(Debug)]
struct Args {
    words: Vec<String>,
    llm: Option<String>,
    listen: SocketAddr,
    token: bool,
    help: bool,
}

impl Args {
    fn read() -> std::result::Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut args = Self {
            words: Vec::new(),
            llm: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            token: false,
            help: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("llm") => args.llm = Some(parser.value()?.string()?),
                Long("listen") => args.listen = parser.value()?.parse()?,
                Long("token") => args.token = true,
                Long("help") | Short('h') => args.help = true,
                Value(word) => args.words.push(word.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(args)
    }
}

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    /// Replaced as a whole when something is learnt.
    pub ask: RwLock<Arc<Asker>>,
    /// The name of the model, where there is one.
    pub model: Option<String>,
    /// The name of the database's file, to show.
    pub database: String,
    /// Where lessons go.
    pub folder: Option<PathBuf>,
    /// Held while a lesson is written.
    pub learning: Mutex<()>,
}

pub type Asker = Ask<Sqlite, Arc<dyn Llm>>;

pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => Err(Error::io("the runtime", error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run() -> Result<()> {
    let args = Args::read().map_err(|e| Error::invalid(e.to_string()).hint("see --help"))?;
    let (db, folder) = match args.words.as_slice() {
        _ if args.help => {
            println!("{USAGE}");
            return Ok(());
        }
        [db] => (db, None),
        [db, folder] => (db, Some(PathBuf::from(folder))),
        _ => return Err(Error::invalid("a database is needed").hint("see --help")),
    };
    let app = open(db, folder, args.llm.as_deref()).await?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|e| Error::io(args.listen, e))?;
    let address = listener
        .local_addr()
        .map_err(|e| Error::io(args.listen, e))?;
    let fence = Fence::new(address, token(&args)?);
    println!("{}", fence.address());
    let service = router(Arc::new(app), Arc::new(fence));
    // Ctrl-C may end it at any time: lessons are written whole or not at all.
    axum::serve(listener, service)
        .await
        .map_err(|e| Error::io(address, e))
}

async fn open(db: &str, folder: Option<PathBuf>, llm: Option<&str>) -> Result<App> {
    let source = Sqlite::open(db)?;
    let knowledge = match &folder {
        Some(folder) => Knowledge::read(folder)?,
        None => Knowledge::default(),
    };
    let (model, counter): (Arc<dyn Llm>, Arc<dyn TokenCounter>) = match llm {
        Some(name) => support::llm::open(name).await?,
        None => (Arc::new(NoModel), Arc::new(Estimate::new())),
    };
    let name = llm.map(|_| model.id().to_owned());
    let ask = Ask::new(&Context::new(), source, model, counter, knowledge).await?;
    let database = std::path::Path::new(db)
        .file_name()
        .map_or_else(|| db.to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(App {
        ask: RwLock::new(Arc::new(ask)),
        model: name,
        database,
        folder,
        learning: Mutex::new(()),
    })
}

/// A token wherever others could reach the page: one that is given, or a new one.
fn token(args: &Args) -> Result<Option<String>> {
    let loopback = match args.listen.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if loopback && !args.token {
        return Ok(None);
    }
    match std::env::var("GORI_WEB_TOKEN") {
        Ok(token) if token.len() >= 16 && token.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(Some(token))
        }
        Ok(_) => Err(Error::new(
            ErrorKind::Config,
            "GORI_WEB_TOKEN must be 16 letters and digits or more",
        )),
        Err(_) => fence::new_token().map(Some),
    }
}

fn router(app: Arc<App>, fence: Arc<Fence>) -> Router {
    Router::new()
        .route(
            "/",
            get(|| fence::asset("text/html", include_str!("page.html"))),
        )
        .route(
            "/page.js",
            get(|| fence::asset("text/javascript", include_str!("page.js"))),
        )
        .route(
            "/page.css",
            get(|| fence::asset("text/css", include_str!("page.css"))),
        )
        .route("/api/about", get(api::about))
        .route("/api/draft", post(api::draft))
        .route("/api/run", post(api::run))
        .route("/api/learn", post(api::learn))
        .layer(DefaultBodyLimit::max(64 << 10))
        .layer(middleware::from_fn_with_state(fence, fence::hold))
        .with_state(app)
}

/// What stands where no model was given. It is never asked: the page looks first.
#[derive(Debug)]
struct NoModel;

#[async_trait]
impl Llm for NoModel {
    fn id(&self) -> &str {
        "none"
    }

    fn limits(&self) -> Limits {
        Limits {
            window: Window(4096),
            output: None,
        }
    }

    async fn complete(&self, _cx: &Context, _prompt: &Prompt) -> Result<Completion> {
        Err(Error::new(ErrorKind::Unsupported, "no model was given").hint("start with --llm"))
    }

    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        self.complete(cx, prompt).await?;
        Err(Error::new(ErrorKind::Unsupported, "no model was given"))
    }
}
