//! What a crawler wants of a page.

use gori_core::Result;

use super::parse;
use crate::Limits;
use crate::charset::decode;

/// What a page says about being crawled, and where it leads.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    /// The address that links are seen from, when it is not that of the page.
    pub(crate) base: Option<String>,
    pub(crate) links: Vec<String>,
    pub(crate) no_index: bool,
    pub(crate) no_follow: bool,
}

/// Reads the links of a page, without those that are marked as not to be followed.
pub(crate) fn links(html: &[u8], charset: Option<&str>, limits: &Limits) -> Result<PageLinks> {
    let declared = charset
        .map(str::to_owned)
        .or_else(|| parse::declared_charset(html));
    let decoded = decode(html, declared.as_deref());
    let document = parse::parse(&decoded.text, limits, &|| Ok(()))?;
    let mut page = PageLinks::default();
    for id in document.descendants(document.root()) {
        let href = document.attr(id, "href");
        match (document.name(id), href) {
            (Some("base"), Some(href)) => page.base = page.base.or_else(|| Some(href.to_owned())),
            (Some("a" | "area"), Some(href)) => {
                let rel = document.attr(id, "rel").unwrap_or_default();
                if !rel
                    .split_whitespace()
                    .any(|word| word.eq_ignore_ascii_case("nofollow"))
                {
                    page.links.push(href.to_owned());
                }
            }
            _ => {}
        }
    }
    let robots = document
        .meta("robots")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let says = |word: &str| robots.split([',', ' ']).any(|said| said == word);
    page.no_index = says("noindex") || says("none");
    page.no_follow = says("nofollow") || says("none");
    Ok(page)
}
