//! One line for a person who waits.

use std::io::{IsTerminal as _, Write as _};

use gori::models::files::{Event, Phase};

/// How far the fetch of a model is, on one line.
pub fn show_fetch(event: &Event<'_>) {
    const MB: f64 = 1e6;
    #[expect(clippy::cast_precision_loss, reason = "for the eye")]
    let (done, total) = (event.done as f64 / MB, event.total as f64 / MB);
    match event.phase {
        Phase::Downloading => {
            let from = event.source.unwrap_or("its source");
            let of = if event.total > 0 {
                format!(" of {total:.0}")
            } else {
                String::new()
            };
            progress(&format!(
                "fetching {} from {from}: {done:.0}{of} MB",
                event.model
            ));
        }
        Phase::Waiting => progress(&format!(
            "waiting for another process to fetch {}",
            event.model
        )),
        Phase::Unpacking => progress(&format!("unpacking {}: {done:.0} MB", event.model)),
        Phase::Ready => progress(""),
        _ => {}
    }
}

/// Shows a line in place of the last one. Nothing where nobody looks.
pub fn progress(line: &str) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let _ = write!(out, "\r\x1b[K{line}");
        let _ = out.flush();
    }
}
