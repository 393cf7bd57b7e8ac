//! Laws, figures, and that a wrong count is noticed.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-chains --lib prompt -- --nocapture` tries
//! everything: 100,000 random prompts, every one counted again by tiktoken itself, and the
//! times. Without it a sample is tried and times are not judged.

mod cases;
mod examples;
mod figures;
mod laws;

fn campaign() -> bool {
    size_of_campaign() == "full"
}

fn size_of_campaign() -> String {
    std::env::var("GORI_CAMPAIGN").unwrap_or_default()
}
