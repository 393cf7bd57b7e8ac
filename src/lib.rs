#![doc = include_str!("../README.md")]

pub use gori_core::*;

pub use gori_chains::{complete, fit_prompt, ingest, long, memory, prompt, rag, retrieve};

#[cfg(feature = "sql")]
#[doc(inline)]
pub use gori_chains::sql;
#[cfg(feature = "loaders")]
#[doc(inline)]
pub use gori_loaders as loaders;
#[cfg(feature = "models")]
#[doc(inline)]
pub use gori_models as models;
#[cfg(feature = "planner")]
#[doc(inline)]
pub use gori_planner as planner;
#[cfg(feature = "splitters")]
#[doc(inline)]
pub use gori_splitters as splitters;
#[cfg(feature = "vectorstores")]
#[doc(inline)]
pub use gori_vectorstores as vectorstores;
