//! From a checked plan to the files of a bundle, the same bytes every time.
//!
//! Everything is written from types: directives from a fixed list, names that their types have already restricted,
//! free text escaped for the place it stands in. [`parse`](crate::parse) reads a bundle back, and a property test
//! holds `parse(render(plan)) == plan` over hostile strings.

mod ansible;
mod bluechi;
mod bundle;
pub(crate) mod escape;
pub(crate) mod ini;
mod kubernetes;
mod layout;
mod quadlet;
mod readme;
mod stop;
mod unit;
mod yaml;

use crate::check::Checked;
use crate::plan::Plan;

pub(crate) use bluechi::access;
pub use bundle::{Bundle, BundleError};
pub(crate) use layout::Layout;
pub use stop::stop_waves;
pub(crate) use stop::{keepers, start_waves};

/// Renders a plan.
#[must_use]
pub fn render(plan: &Checked<Plan>) -> Bundle {
    let layout = Layout::new(plan);
    let mut bundle = Bundle::default();
    unit::render(&layout, &mut bundle);
    quadlet::render(&layout, &mut bundle);
    bluechi::render(&layout, &mut bundle);
    kubernetes::render(&layout, &mut bundle);
    stop::render(&layout, &mut bundle);
    ansible::render(&layout, &mut bundle);
    readme::render(&layout, &mut bundle);
    bundle.put("verify.sh", include_str!("scripts/verify.sh").to_owned());
    bundle.seal();
    bundle
}
