//! "Did you mean": the name that is nearest to one that does not exist.

use crate::sql::profile::words;

/// The candidate that a person who wrote `name` most likely meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = plain(name);
    let best = candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))?;
    (best.0 <= 0.45).then_some(best.1)
}

/// Whether a name is what people write short for another: its beginning, or the beginnings of
/// its words, as `g`, `inv` or `il` for `Genre`, `Invoice` and `InvoiceLine`.
pub(crate) fn abbreviates(short: &str, long: &str) -> bool {
    let wanted: Vec<char> = short.chars().flat_map(char::to_lowercase).collect();
    if wanted.is_empty() {
        return false;
    }
    let begins = |name: &[char]| name.starts_with(&wanted);
    let initials: Vec<char> = words(long)
        .iter()
        .filter_map(|word| word.chars().next())
        .collect();
    let whole: Vec<char> = long.chars().flat_map(char::to_lowercase).collect();
    begins(&whole) || (wanted.len() > 1 && initials == wanted)
}

/// Case, underscores and a plural aside.
fn plain(name: &str) -> Vec<char> {
    let mut chars: Vec<char> = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if chars.len() > 3 && chars.last() == Some(&'s') {
        chars.pop();
    }
    chars
}

/// 0 for the same, 1 for nothing in common: edits over the longer length, less where one holds
/// the other whole, since `name` for `track_name` is a common slip.
fn distance(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let longer = a.len().max(b.len());
    #[expect(clippy::cast_precision_loss, reason = "lengths of names")]
    let edits = edits(a, b) as f64 / longer as f64;
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let held = short.len() >= 3 && long.windows(short.len()).any(|window| window == short);
    if held { edits.min(0.4) } else { edits }
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (get(&last, j) + usize::from(x != y))
                .min(get(&last, j + 1) + 1)
                .min(get(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(get(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_beginnings_or_initials() {
        for (short, long, is) in [
            ("g", "Genre", true),
            ("inv", "Invoice", true),
            ("il", "InvoiceLine", true),
            ("ol", "order_line", true),
            ("l", "InvoiceLine", false),
            ("in", "line", false),
            ("", "Genre", false),
        ] {
            assert_eq!(abbreviates(short, long), is, "{short} {long}");
        }
    }

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = [
            "TrackId",
            "Name",
            "UnitPrice",
            "Milliseconds",
            "customer_name",
        ];
        for (slip, meant) in [
            ("track_id", Some("TrackId")),
            ("nmae", Some("Name")),
            ("unit_prices", Some("UnitPrice")),
            ("Milisecond", Some("Milliseconds")),
            ("customer", Some("customer_name")),
            ("weather", None),
        ] {
            assert_eq!(nearest(slip, names), meant, "{slip}");
        }
    }
}
