//! Rows of cells as a Markdown table.

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn open_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn cell(&mut self, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.rows.is_empty() {
            self.open_row();
        }
        if let Some(row) = self.rows.last_mut() {
            row.push(text.replace('|', "\\|"));
        }
    }

    /// The lines of the table, the first row as its header. A table of one column is no
    /// table but lines.
    pub(super) fn markdown(self) -> String {
        let rows = self.rows.into_iter();
        let rows: Vec<_> = rows
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut text = String::new();
        for (number, mut row) in rows.into_iter().enumerate() {
            if width == 1 {
                text.push_str(&row.concat());
                text.push('\n');
                continue;
            }
            row.resize(width, String::new());
            text.push_str(&format!("| {} |\n", row.join(" | ")));
            if number == 0 {
                text.push_str(&format!("|{}\n", " --- |".repeat(width)));
            }
        }
        text
    }
}
