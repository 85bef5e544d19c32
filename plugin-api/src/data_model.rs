//! The builder of models that data rules may speak of.

use crate::descriptor::{ColumnKind, DataColumn, DataModel};

impl DataModel {
    /// A model of the table `table`, without columns so far. Rules call it `name`.
    pub fn new(name: &str, table: &str) -> Self {
        Self { name: name.to_owned(), table: table.to_owned(), columns: Vec::new(), dept: None, creator: None }
    }

    /// A column of whole numbers, with a title for people in both languages.
    pub fn integer(self, name: &str, english: &str, chinese: &str) -> Self {
        self.column(ColumnKind::Integer, name, english, chinese)
    }

    /// A column of text.
    pub fn text(self, name: &str, english: &str, chinese: &str) -> Self {
        self.column(ColumnKind::Text, name, english, chinese)
    }

    /// A column of truth values.
    pub fn boolean(self, name: &str, english: &str, chinese: &str) -> Self {
        self.column(ColumnKind::Boolean, name, english, chinese)
    }

    /// A column of times, as Unix milliseconds.
    pub fn time(self, name: &str, english: &str, chinese: &str) -> Self {
        self.column(ColumnKind::Time, name, english, chinese)
    }

    /// The column with the id of the department that a row belongs to: rules on `__dept_id__` mean it.
    pub fn dept(mut self, column: &str) -> Self {
        self.dept = Some(column.to_owned());
        self
    }

    /// The column with the id of the user who created a row: rules on `__created_by__` mean it.
    pub fn creator(mut self, column: &str) -> Self {
        self.creator = Some(column.to_owned());
        self
    }

    fn column(mut self, kind: ColumnKind, name: &str, english: &str, chinese: &str) -> Self {
        let (name, english, chinese) = (name.to_owned(), english.to_owned(), chinese.to_owned());
        self.columns.push(DataColumn { name, english, chinese, kind });
        self
    }
}
