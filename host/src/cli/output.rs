//! Where answers go: stdout, as text for people or as one JSON value for programs.

use std::io::{self, Write};

use serde::Serialize;

/// Who reads the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A person.
    Human,
    /// A program: one JSON value.
    Json,
}

/// The command's only way to stdout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    format: Format,
}

impl Output {
    /// An output for this reader.
    #[must_use]
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Who reads.
    #[must_use]
    pub(super) fn format(self) -> Format {
        self.format
    }

    /// Writes the answer: `value` for a program, the text of `human` for a person.
    ///
    /// # Errors
    /// What writing to stdout says. A reader who went away (`… | head`) is no error.
    pub(super) fn answer<T: Serialize>(self, value: &T, human: impl FnOnce() -> String) -> io::Result<()> {
        let mut text = match self.format {
            Format::Human => human(),
            Format::Json => serde_json::to_string_pretty(value)?,
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        ignore_closed_pipe(write_all(&text))
    }

    /// Writes one of several answers of a command that goes on: for a program, one JSON value in
    /// one line.
    ///
    /// # Errors
    /// What writing to stdout says. A reader who went away is no error.
    pub(super) fn event<T: Serialize>(self, value: &T, human: impl FnOnce() -> String) -> io::Result<()> {
        let text = match self.format {
            Format::Human => human(),
            Format::Json => serde_json::to_string(value)?,
        };
        ignore_closed_pipe(write_all(&format!("{text}\n")))
    }
}

fn write_all(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn ignore_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Lines up the cells of `rows` below `heads`, two blanks between columns.
#[must_use]
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(heads.iter().copied(), &widths);
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str), &widths));
    }
    text
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.zip(widths) {
        text.push_str(&format!("{cell:<width$}  "));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_blanks() {
        let rows = vec![vec!["hello".to_owned(), "1.0.0".to_owned()], vec!["a".to_owned(), String::new()]];
        assert_eq!(table(&["ID", "VERSION"], &rows), "ID     VERSION\nhello  1.0.0\na\n");
    }
}
