//! Looks at SQL just closely enough: its words, and where statements end.

use std::iter::Peekable;
use std::str::CharIndices;

/// A piece of SQL outside of comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, or a name without quotes.
    Word(&'a str),
    /// `;`.
    Semicolon,
    /// Anything else: a quoted text or name, a number, an operator.
    Other,
}

/// Tokens with the byte offsets where they begin and end.
pub(super) struct Tokens<'a> {
    sql: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

/// Reads the tokens of a text. Never fails: what isn't closed ends with the text.
pub(super) fn tokens(sql: &str) -> Tokens<'_> {
    Tokens { sql, chars: sql.char_indices().peekable() }
}

/// The first word of a statement; empty if it begins with none.
pub(super) fn first_word(sql: &str) -> &str {
    match tokens(sql).next() {
        Some((Token::Word(word), ..)) => word,
        _ => "",
    }
}

/// True if something stands after a `;`.
pub(super) fn holds_several(sql: &str) -> bool {
    let mut after = tokens(sql).map(|(token, ..)| token).skip_while(|token| *token != Token::Semicolon);
    after.any(|token| token != Token::Semicolon)
}

/// True if a statement surely writes nothing.
pub(super) fn only_reads(sql: &str) -> bool {
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    let first = first_word(sql);
    if is(first, "SELECT") || is(first, "VALUES") {
        return true;
    }
    let writes = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
    is(first, "WITH")
        && !tokens(sql)
            .any(|(token, ..)| matches!(token, Token::Word(word) if writes.iter().any(|write| is(word, write))))
}

/// True if a statement changes tables or their columns.
pub(super) fn alters_schema(sql: &str) -> bool {
    let first = first_word(sql);
    ["CREATE", "ALTER", "DROP"].iter().any(|keyword| first.eq_ignore_ascii_case(keyword))
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (start, first) = self.chars.next()?;
            let token = match first {
                _ if first.is_whitespace() => continue,
                '-' if self.next_is('-') => {
                    self.skip_until(|c| c == '\n');
                    continue;
                }
                '/' if self.next_is('*') => {
                    self.skip_comment();
                    continue;
                }
                ';' => Token::Semicolon,
                '\'' | '"' | '`' => {
                    self.skip_until(|c| c == first);
                    Token::Other
                }
                '$' => {
                    self.skip_dollar(start);
                    Token::Other
                }
                _ if is_word(first) => {
                    while self.chars.next_if(|(_, c)| is_word(*c) || *c == '$').is_some() {}
                    Token::Word(&self.sql[start..self.offset()])
                }
                _ => Token::Other,
            };
            return Some((token, start, self.offset()));
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Tokens<'_> {
    fn offset(&mut self) -> usize {
        self.chars.peek().map_or(self.sql.len(), |(offset, _)| *offset)
    }

    fn next_is(&mut self, expected: char) -> bool {
        self.chars.next_if(|(_, c)| *c == expected).is_some()
    }

    fn skip_until(&mut self, end: impl Fn(char) -> bool) {
        for (_, c) in self.chars.by_ref() {
            if end(c) {
                return;
            }
        }
    }

    fn skip_comment(&mut self) {
        let mut last = ' ';
        for (_, c) in self.chars.by_ref() {
            if last == '*' && c == '/' {
                return;
            }
            last = c;
        }
    }

    /// PostgreSQL's `$tag$ … $tag$`. A parameter, `$1`, is no such quote.
    fn skip_dollar(&mut self, start: usize) {
        while self.chars.next_if(|(_, c)| is_word(*c)).is_some() {}
        let end = self.offset();
        if self.sql[start + 1..end].starts_with(|c: char| c.is_ascii_digit()) || !self.next_is('$') {
            return;
        }
        let tag = &self.sql[start..=end];
        let close = self.sql[end + 1..].find(tag).map_or(self.sql.len(), |at| end + 1 + at + tag.len());
        while self.chars.next_if(|(offset, _)| *offset < close).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_outside_quotes_and_comments() {
        let sql = "SELECT 'a;b''c', \"d;e\" /* f;g */ FROM t -- h;i\nWHERE x = $1 AND y = $q$ ; $1 $q$ ;";
        let words: Vec<&str> = tokens(sql)
            .filter_map(|(token, ..)| match token {
                Token::Word(word) => Some(word),
                _ => None,
            })
            .collect();
        assert_eq!(words, ["SELECT", "FROM", "t", "WHERE", "x", "AND", "y"]);
        assert!(!holds_several(sql));
        for (sql, several) in
            [("a; b", true), ("a;;", false), ("a; -- b", false), ("a;'b'", true), ("'", false), ("$a$", false)]
        {
            assert_eq!(holds_several(sql), several, "{sql}");
        }
    }

    #[test]
    fn reads_are_told_from_writes() {
        for (sql, reads) in [
            ("select 1", true),
            ("WITH a AS (SELECT 'insert') SELECT * FROM a", true),
            ("WITH a AS (SELECT 1) DELETE FROM t", false),
            ("INSERT INTO t VALUES (1) RETURNING id", false),
            ("PRAGMA user_version = 1", false),
        ] {
            assert_eq!(only_reads(sql), reads, "{sql}");
        }
    }
}
