//! What values say about their column: what they spell, and whether they are about persons.

use super::{Cell, Format, Personal, Profile};

/// How many values of a column are looked at for a profile that lists its values.
pub(super) const FREQUENT: usize = 50;
/// How many rows of a table are looked at.
pub(super) const SAMPLE: usize = 100_000;

/// Works out the format and whether the data are personal, and drops the values of personal
/// data unless they are allowed.
pub(super) fn judge(name: &str, profile: &mut Profile, personal: bool) {
    let texts: Vec<&str> = profile
        .frequent
        .iter()
        .filter_map(|(cell, _)| cell.as_str())
        .collect();
    let numbers: Vec<i64> = profile
        .frequent
        .iter()
        .filter_map(|(cell, _)| match cell {
            Cell::Int(n) => Some(*n),
            _ => None,
        })
        .collect();
    profile.format = format(&texts).or_else(|| compact_dates(&numbers));
    profile.personal = by_values(&texts).or_else(|| by_name(name));
    if profile.personal.is_some() && !personal {
        profile.frequent.clear();
        profile.min = None;
        profile.max = None;
    }
}

fn compact_dates(numbers: &[i64]) -> Option<Format> {
    let like = |n: &i64| compact_date(&n.to_string());
    (numbers.len() > 1 && numbers.iter().all(like)).then_some(Format::CompactDate)
}

fn format(texts: &[&str]) -> Option<Format> {
    if texts.is_empty() {
        return None;
    }
    let all = |test: fn(&str) -> bool| texts.iter().all(|text| test(text.trim()));
    if all(compact_date) {
        Some(Format::CompactDate)
    } else if all(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
        Some(Format::Number)
    } else if all(iso_date) {
        Some(Format::IsoDate)
    } else if all(iso_date_time) {
        Some(Format::IsoDateTime)
    } else if all(slash_date) {
        Some(Format::SlashDate)
    } else if all(code) {
        Some(Format::Code)
    } else {
        None
    }
}

/// Whether the text is digits where the shape has `0`, and the shape's own signs elsewhere.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                sign => byte == sign,
            })
}

fn iso_date(text: &str) -> bool {
    shaped(text, "0000-00-00")
}

fn iso_date_time(text: &str) -> bool {
    let (date, time) = text.split_at_checked(10).unwrap_or((text, ""));
    let time = time.trim_end_matches('Z');
    iso_date(date)
        && (time.starts_with([' ', 'T']))
        && time.bytes().filter(|b| *b == b':').count() >= 1
}

fn slash_date(text: &str) -> bool {
    [
        "00/00/0000",
        "00.00.0000",
        "0/0/0000",
        "0/00/0000",
        "00/0/0000",
        "00/00/00",
    ]
    .iter()
    .any(|shape| shaped(text, shape))
}

fn compact_date(text: &str) -> bool {
    let part = |from, to| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
    shaped(text, "00000000")
        && part(0, 4).is_some_and(|year| (1900..2100).contains(&year))
        && part(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && part(6, 8).is_some_and(|day| (1..=31).contains(&day))
}

fn code(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Words of a name, split at `_`, at blanks and where a capital follows a small letter.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        let starts = !last.is_alphanumeric()
            || (c.is_uppercase() && last.is_lowercase())
            || (c.is_ascii_digit() != last.is_ascii_digit() && last.is_alphanumeric());
        if c.is_alphanumeric() {
            if starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        last = c;
    }
    words
}

fn by_name(name: &str) -> Option<Personal> {
    const ONE: &[&str] = &[
        "email",
        "mail",
        "phone",
        "fax",
        "mobile",
        "telephone",
        "ssn",
        "passport",
        "birthdate",
        "birthday",
        "dob",
        "iban",
        "firstname",
        "lastname",
        "surname",
        "forename",
        "street",
        "address",
        "password",
        "passwd",
        "salary",
        "nino",
        "postalcode",
        "zipcode",
        "zip",
        "addr",
    ];
    const TWO: &[[&str; 2]] = &[
        ["first", "name"],
        ["last", "name"],
        ["full", "name"],
        ["birth", "date"],
        ["date", "birth"],
        ["postal", "code"],
        ["zip", "code"],
        ["tax", "id"],
        ["e", "mail"],
    ];
    let words = words(name);
    let one = words
        .iter()
        .find(|word| ONE.contains(&word.as_str()))
        .cloned();
    let two = words
        .windows(2)
        .find(|pair| TWO.iter().any(|two| pair == two))
        .map(|pair| pair.join(" "));
    one.or(two).map(Personal::Name)
}

fn by_values(texts: &[&str]) -> Option<Personal> {
    let most = |test: fn(&str) -> bool| {
        !texts.is_empty() && texts.iter().filter(|text| test(text)).count() * 10 >= texts.len() * 8
    };
    if most(mail) {
        Some(Personal::Values("addresses of mail".into()))
    } else if most(phone) {
        Some(Personal::Values("telephone numbers".into()))
    } else {
        None
    }
}

fn mail(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !text.contains(' '))
}

fn phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.starts_with(['+', '('])
        && (7..=15).contains(&digits)
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || " +-()./".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_into_words() {
        assert_eq!(words("InvoiceLineId"), ["invoice", "line", "id"]);
        assert_eq!(words("drc_site_id2"), ["drc", "site", "id", "2"]);
        assert_eq!(words("BillingPostalCode"), ["billing", "postal", "code"]);
    }

    #[test]
    fn values_say_what_they_spell() {
        let cases: [(&[&str], Option<Format>); 8] = [
            (&["12.5", "7"], Some(Format::Number)),
            (&["2024-06-01", "2023-01-31"], Some(Format::IsoDate)),
            (&["2024-06-01 10:00:00"], Some(Format::IsoDateTime)),
            (&["20240601", "20230131"], Some(Format::CompactDate)),
            (&["20249901", "20230131"], Some(Format::Number)),
            (&["01/06/2024"], Some(Format::SlashDate)),
            (&["A", "CX"], Some(Format::Code)),
            (&["Rock", "Jazz"], None),
        ];
        for (texts, expected) in cases {
            assert_eq!(format(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn personal_data_lose_their_values_unless_allowed() {
        let frequent = vec![(Cell::Text("ann@example.com".into()), 1)];
        for (name, allowed, kept) in [
            ("contact", false, 0),
            ("contact", true, 1),
            ("FirstName", false, 0),
            ("Name", false, 0),
        ] {
            let mut profile = Profile {
                frequent: frequent.clone(),
                ..Profile::default()
            };
            judge(name, &mut profile, allowed);
            assert!(profile.personal.is_some(), "{name}");
            assert_eq!(profile.frequent.len(), kept, "{name} {allowed}");
        }
        let mut profile = Profile {
            frequent: vec![(Cell::Text("Rock".into()), 1)],
            ..Profile::default()
        };
        judge("Name", &mut profile, false);
        assert_eq!((profile.personal, profile.frequent.len()), (None, 1));
    }
}
