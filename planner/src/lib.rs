//! From a goal to cross-node systemd plans that are right.
//!
//! Boards start services over several nodes in a given order, on systemd, podman and Eclipse BlueChi. The services are
//! installed beforehand; what is planned is order, need, deadline and what happens on failure. A [`Plan`] over an
//! [`Inventory`] is data. It is [checked](Checked::new), and only what passed can be forecast, simulated and rendered.
//!
//! ```
//! use gori_planner::{Checked, Forecast, input};
//!
//! let inventory = input::inventory_from_toml(r#"
//!     [[nodes]]
//!     name = "node1"
//!     systemd = "252"
//!     bluechi = "1.2.2"
//!     [[nodes]]
//!     name = "node2"
//!     address = "192.0.2.2"
//!     controller = true
//!     systemd = "252"
//!     bluechi = "1.2.2"
//!     [[units]]
//!     node = "node1"
//!     name = "camera.service"
//!     type = "notify"
//!     start_time = "500ms"
//!     [[units]]
//!     node = "node2"
//!     name = "perception.service"
//!     type = "notify"
//!     start_time = "700ms"
//! "#).unwrap();
//! let plan = input::plan_from_toml(r#"
//!     name = "drive"
//!     [[edges]]
//!     unit = "node2/perception.service"
//!     needs = "node1/camera.service"
//! "#).unwrap();
//! let plan = Checked::new(inventory, plan).unwrap();
//! assert_eq!(Forecast::new(&plan).ready_after.as_millis(), 1215); // 10 to ask, 500, 5 to hear, 700
//! ```

pub mod apply;
pub mod check;
pub mod code;
pub mod diff;
mod error;
pub mod forecast;
pub mod goal;
mod graph;
pub mod input;
pub mod inventory;
pub mod name;
pub mod parse;
pub mod plan;
pub mod quantity;
pub mod render;
pub mod simulate;

pub use check::{Checked, Diagnosis, Refusal};
pub use code::Code;
pub use forecast::Forecast;
pub use inventory::Inventory;
pub use parse::Deployed;
pub use plan::Plan;
pub use render::{Bundle, render};
