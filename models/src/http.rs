//! Speaking HTTP with a model's server: one place that does I/O, behind the small port
//! [`Transport`], so that everything else is tested without a network.

mod cassette;
mod deadlines;
mod endpoint;
mod fault;
mod key;
mod live;
mod retry_after;
mod settings;
mod transport;

pub use cassette::{Recorder, Replayer};
pub use deadlines::Deadlines;
pub(crate) use endpoint::{Endpoint, Streamed, decimal, malformed};
pub(crate) use fault::{in_success, unexplained};
pub use key::ApiKey;
pub use live::{Auth, Live};
pub(crate) use settings::{Settings, describe_a_server};
pub use transport::{Body, Request, Response, Transport};
