//! Encoders: laws over tiny models that are written here, and figures over real ones.

mod damage;
mod golden;
mod laws;
mod reference;
mod tiny;
