//! Speaking HTTP with a model's server: one place that does I/O, behind the small port
//! [`Transport`], so that everything else is tested without a network.

mod deadlines;
mod endpoint;
mod fault;
mod key;
mod live;
mod retry_after;
mod transport;

pub use deadlines::Deadlines;
pub(crate) use endpoint::{Endpoint, Streamed, malformed};
pub(crate) use fault::{in_success, unexplained};
pub use key::ApiKey;
pub use live::{Auth, Live};
pub use transport::{Body, Request, Response, Transport};
