//! An aligned text table. Knows nothing of what is in it.

/// Rows of cells under a header. The first columns are text, the others numbers.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    text_columns: usize,
}

impl Table {
    /// Begins a table whose first `text_columns` are aligned to the left, the others to the right.
    pub(crate) fn new<const N: usize>(text_columns: usize, header: [&str; N]) -> Self {
        Self::with_header(text_columns, header.map(str::to_owned).into())
    }

    /// Begins a table with a header that was made up.
    pub(crate) fn with_header(text_columns: usize, header: Vec<String>) -> Self {
        Self {
            rows: vec![header],
            text_columns,
        }
    }

    /// Adds a row. It may be shorter than the header; its last cell is then not aligned.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as text, or nothing if it has no rows.
    pub(crate) fn text(&self) -> String {
        if self.rows.len() == 1 {
            return String::new();
        }
        let widths: Vec<_> = (0..self.columns())
            .map(|column| self.width(column))
            .collect();
        let lines = self.rows.iter().map(|row| self.line(row, &widths));
        lines
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect()
    }

    fn columns(&self) -> usize {
        self.rows[0].len()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter(|row| self.is_aligned(row, column));
        let widths = cells.filter_map(|row| Some(row.get(column)?.chars().count()));
        widths.max().unwrap_or(0)
    }

    /// The last cell of a short row is free text that runs on to the right.
    fn is_aligned(&self, row: &[String], column: usize) -> bool {
        row.len() == self.columns() || column + 1 < row.len()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cell = |(column, cell): (usize, &String)| {
            let width = widths[column];
            match self.is_aligned(row, column) && column >= self.text_columns {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            }
        };
        let cells: Vec<_> = row.iter().enumerate().map(cell).collect();
        cells.join("  ")
    }
}

/// A number with thousands set apart.
pub(crate) fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with as many decimals as matter at its size.
pub(crate) fn decimal(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A ratio, or a dash if there is nothing to compare with.
pub(crate) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_a_remark_runs_on() {
        let mut table = Table::new(1, ["name", "a", "b"]);
        table.row(vec!["x".into(), "1".into(), "22".into()]);
        table.row(vec!["y".into(), "a long remark".into()]);
        assert_eq!(
            table.text(),
            "name  a   b\nx     1  22\ny     a long remark\n"
        );
    }

    #[test]
    fn an_empty_table_is_nothing() {
        assert_eq!(Table::new(1, ["name"]).text(), "");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(1_234_567.4), "1,234,567");
        assert_eq!(count(999.0), "999");
        assert_eq!(decimal(123.4), "123");
        assert_eq!(decimal(12.34), "12.3");
        assert_eq!(decimal(1.234), "1.23");
        assert_eq!(ratio(None), "-");
    }
}
