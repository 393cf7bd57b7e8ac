//! The links of a page.

use reqwest::Url;

use crate::Limits;
use crate::format::html_links;

/// What a page says about being crawled, and where it leads.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) urls: Vec<Url>,
    pub(super) no_index: bool,
}

/// The links of a page, without fragments, in its order; none when it is hostile.
pub(super) fn of(html: &[u8], charset: Option<&str>, at: &Url, limits: &Limits) -> Links {
    /// Links of one page that are looked at.
    const MAX_LINKS: usize = 10_000;
    let Ok(page) = html_links(html, charset, limits) else {
        return Links::default();
    };
    let base = page.base.and_then(|base| at.join(&base).ok());
    let base = base.as_ref().unwrap_or(at);
    let urls = page.links.iter().take(MAX_LINKS).filter_map(|link| {
        let mut url = base.join(link.trim()).ok()?;
        url.set_fragment(None);
        matches!(url.scheme(), "http" | "https").then_some(url)
    });
    Links {
        urls: if page.no_follow {
            Vec::new()
        } else {
            urls.collect()
        },
        no_index: page.no_index,
    }
}
