//! Words that names are made of: which are words, and which are common short forms.

/// Short forms that are used everywhere, with what they are short for.
const SHORT: &[(&str, &str)] = &[
    ("acct", "account"),
    ("addr", "address"),
    ("amt", "amount"),
    ("avg", "average"),
    ("bal", "balance"),
    ("cap", "capacity"),
    ("cat", "category"),
    ("cd", "code"),
    ("cnt", "count"),
    ("cntry", "country"),
    ("crt", "created"),
    ("cst", "customer"),
    ("ctry", "country"),
    ("cur", "currency"),
    ("cust", "customer"),
    ("dept", "department"),
    ("desc", "description"),
    ("dlv", "delivered"),
    ("dsc", "discount"),
    ("dsp", "dispatched"),
    ("dt", "date"),
    ("emp", "employee"),
    ("fl", "flag"),
    ("flg", "flag"),
    ("inv", "invoice"),
    ("itm", "item"),
    ("lbl", "label"),
    ("ln", "line"),
    ("mgr", "manager"),
    ("mth", "month"),
    ("nbr", "number"),
    ("nm", "name"),
    ("nr", "number"),
    ("num", "number"),
    ("ord", "order"),
    ("pct", "percent"),
    ("prc", "price"),
    ("prd", "product"),
    ("prod", "product"),
    ("qty", "quantity"),
    ("ref", "reference"),
    ("reg", "registered"),
    ("rep", "representative"),
    ("rgn", "region"),
    ("rsn", "reason"),
    ("rt", "rate"),
    ("rtn", "return"),
    ("seg", "segment"),
    ("shp", "shipment"),
    ("st", "state"),
    ("sts", "status"),
    ("tel", "telephone"),
    ("tot", "total"),
    ("trx", "transaction"),
    ("txn", "transaction"),
    ("typ", "type"),
    ("val", "value"),
    ("whse", "warehouse"),
    ("wh", "warehouse"),
    ("wgt", "weight"),
    ("yr", "year"),
    ("tbl", "table"),
    ("usr", "user"),
    ("stat", "status"),
    ("seq", "sequence"),
    ("lang", "language"),
    ("org", "organisation"),
];

/// Words of up to four letters that people read without help.
const WORDS: &[&str] = &[
    "id", "no", "name", "date", "day", "year", "time", "hour", "week", "age", "size", "type",
    "kind", "code", "city", "zip", "fax", "mail", "url", "web", "tax", "net", "sum", "min", "max",
    "unit", "rate", "cost", "paid", "due", "end", "from", "to", "by", "of", "on", "in", "at", "is",
    "has", "was", "new", "old", "key", "row", "user", "role", "team", "item", "sale", "shop",
    "site", "area", "zone", "lat", "lon", "lng", "long", "note", "text", "body", "file", "path",
    "hash", "bank", "card", "bill", "plan", "task", "goal", "game", "song", "book", "film", "band",
    "car", "bus", "tag", "map", "log", "ip", "iso", "sku", "vat", "sex", "job", "boss", "hire",
    "birth", "first", "last", "full", "list", "line", "lot", "load", "rank", "top", "price",
    "open", "stop", "tip", "fee", "fare", "seat", "room", "door", "pin", "own", "and", "or", "the",
    "per", "with", "step", "host", "port", "link", "view", "like", "post", "page", "word", "week",
    "mode", "flow", "base", "data", "info", "main", "cell", "home", "work", "sold", "sort", "tier",
    "uuid", "json", "html", "pdf", "mime", "utc", "gdp",
];

/// What a short form that is used everywhere is short for.
pub(crate) fn common_abbreviation(word: &str) -> Option<&'static str> {
    SHORT
        .iter()
        .find(|(short, _)| *short == word)
        .map(|(_, long)| *long)
}

/// Whether a lower-case word reads as one: it is known, or it has the shape of an English word
/// (four letters or more, never five consonants in a row, no three consonants at its start that
/// English does not begin a word with).
pub(crate) fn is_word(word: &str) -> bool {
    if word.chars().all(|c| c.is_ascii_digit()) || !word.is_ascii() {
        return true;
    }
    if WORDS.contains(&word)
        || word
            .strip_suffix('s')
            .is_some_and(|one| WORDS.contains(&one))
    {
        return true;
    }
    if common_abbreviation(word).is_some() || word.len() < 4 {
        return false;
    }
    let (mut run, mut longest, mut vowels) = (0, 0, 0);
    for c in word.chars() {
        if "aeiouy".contains(c) {
            (run, vowels) = (0, vowels + 1);
        } else {
            run += 1;
        }
        longest = longest.max(run);
    }
    let start = word.chars().take_while(|c| !"aeiouy".contains(*c)).count();
    let odd_start = start >= 3
        && ![
            "str", "sch", "spr", "scr", "thr", "spl", "shr", "chr", "phr",
        ]
        .iter()
        .any(|s| word.starts_with(s));
    vowels > 0 && longest <= 4 && !odd_start && word.len() <= vowels * 4 + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_words_and_short_forms_do_not() {
        let words = [
            "customer",
            "invoice",
            "milliseconds",
            "playlist",
            "employee",
            "hire",
            "bytes",
            "genre",
            "street",
            "length",
            "support",
            "country",
            "months",
            "strength",
        ];
        let wrong: Vec<_> = words.iter().filter(|word| !is_word(word)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        let short = [
            "amt", "cst", "rgn", "drc", "xst", "cntry", "crr", "hz", "qty", "prdct", "rep", "t",
        ];
        let wrong: Vec<_> = short.iter().filter(|word| is_word(word)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
