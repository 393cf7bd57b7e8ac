//! Encoders: laws over tiny models that are written here, and figures over real ones.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod static_embedding;
#[cfg(test)]
mod tiny;
