//! Which rows of a segment fulfil a filter, without a look at each row: for every field, its
//! distinct values with the rows that hold each.
//!
//! ```text
//! section `fields`: for each field, by name:
//!   name length u32, name, rows that have the field, count of values u32,
//!   for each value: value as in a put record, rows that hold it
//! rows: count u32, u32 each
//! ```
//!
//! The elements of a list count as values of their own, since that is how filters see them.

use std::collections::BTreeMap;

use gori_core::{Filter, Metadata, Result, Value};

use super::bits::Bits;
use super::codec::{Bytes, DEPTH, decode_value, encode_value};

#[derive(Debug, Default)]
struct Field {
    rows: Vec<u32>,
    values: BTreeMap<Vec<u8>, Vec<u32>>,
}

/// Collects the values of rows.
#[derive(Debug, Default)]
pub(crate) struct Builder(BTreeMap<String, Field>);

impl Builder {
    /// Adds a row. Rows come in ascending order.
    pub(crate) fn add(&mut self, row: u32, metadata: &Metadata) -> Result<()> {
        for (name, value) in metadata {
            if !self.0.contains_key(name) {
                self.0.insert(name.clone(), Field::default());
            }
            let Some(field) = self.0.get_mut(name) else {
                continue;
            };
            field.rows.push(row);
            for value in elements(value) {
                let mut bytes = Vec::new();
                encode_value(value, DEPTH, &mut bytes)?;
                let rows = field.values.entry(bytes).or_default();
                if rows.last() != Some(&row) {
                    rows.push(row);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, field) in &self.0 {
            put_u32(&mut out, name.len());
            out.extend_from_slice(name.as_bytes());
            put_rows(&mut out, &field.rows);
            put_u32(&mut out, field.values.len());
            for (value, rows) in &field.values {
                out.extend_from_slice(value);
                put_rows(&mut out, rows);
            }
        }
        out
    }
}

fn elements(value: &Value) -> &[Value] {
    match value {
        Value::List(values) => values,
        value => std::slice::from_ref(value),
    }
}

/// There are fewer than 2^32 rows in a segment, and so of everything counted here.
fn put_u32(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_rows(out: &mut Vec<u8>, rows: &[u32]) {
    put_u32(out, rows.len());
    out.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
}

/// The fields of a segment, read once: values in memory, the rows of each where they lie in
/// the section.
#[derive(Debug)]
pub(crate) struct Fields(BTreeMap<String, Held>);

#[derive(Debug)]
struct Held {
    /// Where the list of rows lies that have the field.
    rows: usize,
    /// Each value, as metadata with a list of this one element: what a filter asks for.
    values: Vec<(Metadata, usize)>,
}

impl Fields {
    pub(crate) fn read(section: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(section);
        let mut fields = BTreeMap::new();
        while !bytes.0.is_empty() {
            let name = bytes.str()?.to_owned();
            let rows = skip_rows(&mut bytes, section.len())?;
            let count = bytes.u32()?;
            let mut values = Vec::new();
            for _ in 0..count {
                let value = Value::List(vec![decode_value(&mut bytes, DEPTH)?]);
                let value = Metadata::from([(name.clone(), value)]);
                values.push((value, skip_rows(&mut bytes, section.len())?));
            }
            fields.insert(name, Held { rows, values });
        }
        Some(Self(fields))
    }

    /// The rows that fulfil the filter, of `len` rows. `section` is what was read. `None` for a
    /// kind of filter that is newer than this code; then every row must be asked.
    pub(crate) fn select(&self, section: &[u8], filter: &Filter, len: usize) -> Option<Bits> {
        let mut rows = Bits::default();
        match filter {
            Filter::And(all) => {
                rows = Bits::all(len);
                for filter in all {
                    rows.and(&self.select(section, filter, len)?);
                }
            }
            Filter::Or(any) => {
                for filter in any {
                    rows.or(&self.select(section, filter, len)?);
                }
            }
            Filter::Not(filter) => {
                rows = Bits::all(len);
                rows.minus(&self.select(section, filter, len)?);
            }
            Filter::Exists(name) => {
                if let Some(field) = self.0.get(name) {
                    add_rows(&mut rows, section, field.rows);
                }
            }
            Filter::Eq(name, _)
            | Filter::In(name, _)
            | Filter::Range(name, _)
            | Filter::Contains(name, _) => {
                for (value, at) in self.0.get(name).iter().flat_map(|field| &field.values) {
                    if filter.matches(value) {
                        add_rows(&mut rows, section, *at);
                    }
                }
            }
            _ => return None,
        }
        Some(rows)
    }
}

fn skip_rows(bytes: &mut Bytes<'_>, total: usize) -> Option<usize> {
    let at = total.checked_sub(bytes.0.len())?;
    let count = usize::try_from(bytes.u32()?).ok()?;
    bytes.take(count.checked_mul(4)?)?;
    Some(at)
}

fn add_rows(rows: &mut Bits, section: &[u8], at: usize) {
    let mut bytes = Bytes(section.get(at..).unwrap_or_default());
    let count = bytes.u32().unwrap_or_default() as usize;
    let (list, _) = bytes.take(count * 4).unwrap_or_default().as_chunks::<4>();
    for row in list {
        rows.add(u32::from_le_bytes(*row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (-2_i64..3).prop_map(Value::Int),
            (-2_i8..3).prop_map(|x| Value::Float(f64::from(x) / 2.0)),
            "[ab]{0,2}".prop_map(Value::Str),
            any::<bool>().prop_map(Value::Bool),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::List)
        })
    }

    fn filter() -> impl Strategy<Value = Filter> {
        let field = || "[xy]";
        let leaf = prop_oneof![
            (field(), value()).prop_map(|(f, v)| Filter::eq(f, v)),
            (field(), prop::collection::vec(value(), 0..3)).prop_map(|(f, v)| Filter::any_of(f, v)),
            (field(), value()).prop_map(|(f, v)| Filter::at_least(f, v)),
            (field(), value()).prop_map(|(f, v)| Filter::less_than(f, v)),
            field().prop_map(Filter::exists),
            (field(), "[ab]").prop_map(|(f, t)| Filter::contains(f, t)),
        ];
        leaf.prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
                inner.prop_map(Filter::not),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn it_selects_what_the_filter_means(
            rows in prop::collection::vec(prop::collection::btree_map("[xy]", value(), 0..3), 0..20),
            filter in filter(),
        ) {
            let mut builder = Builder::default();
            for (row, metadata) in (0..).zip(&rows) {
                builder.add(row, metadata).unwrap();
            }
            let section = builder.encode();
            let fields = Fields::read(&section).unwrap();
            let got: Vec<u32> = fields.select(&section, &filter, rows.len()).unwrap().iter().collect();
            let want: Vec<u32> = (0..).zip(&rows).filter(|x| filter.matches(x.1)).map(|x| x.0).collect();
            prop_assert_eq!(got, want);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(fields) = Fields::read(&bytes) {
                fields.select(&bytes, &Filter::exists("x"), 9);
            }
        }
    }
}
