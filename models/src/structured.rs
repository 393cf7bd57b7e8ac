//! A Rust type in, a value of it out.
//!
//! The type's JSON Schema goes with the prompt as [`Format::Json`], so a server that can be
//! held to a schema is. Where it cannot, the JSON is found in what the model wrote (bare, in a
//! fence, between sentences), checked against the schema, and, where it does not fit, the
//! model is asked again with the errors, a bounded number of times.
//!
//! ```
//! use gori_core::{Context, Prompt};
//! use gori_models::structured::Structured;
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize, JsonSchema)]
//! struct City {
//!     name: String,
//!     #[schemars(range(min = 0))]
//!     people: u64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> gori_core::Result<()> {
//! # let llm = gori_testkit::ScriptedLlm::new(["Sure! ```json\n{\"name\": \"Seoul\"}\n```", "{\"name\": \"Seoul\", \"people\": 9411000}"]);
//! let found = Structured::<City>::new()
//!     .ask(&llm, &Context::new(), &Prompt::user("The capital of Korea?"))
//!     .await?;
//! assert_eq!((found.value.name.as_str(), found.value.people), ("Seoul", 9_411_000));
//! assert_eq!(found.attempts, 2); // the first answer lacked the people
//! # Ok(())
//! # }
//! ```

mod ask;
mod find;
mod schema;

pub use ask::{Found, RawAnswer, Structured};
pub(crate) use find::parts;
pub use schema::schema_of;
