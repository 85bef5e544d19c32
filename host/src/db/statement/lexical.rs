//! Tokens that both the parser and the database are sure to see alike.

use super::Unreadable;
use sqlparser::dialect::Dialect as Grammar;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

/// The longest script, in bytes: what is longer is data, and belongs into a file that the plugin reads.
const SCRIPT_BYTES_MAX: usize = 4 << 20;
/// The most operators of one statement: each may make its tree one level deeper.
const OPERATORS_MAX: usize = 2_000;

/// Cuts a script into tokens and refuses those that databases read differently: with escapes, with
/// dollars, with parameters.
pub(super) fn tokens(grammar: &dyn Grammar, script: &str) -> Result<Vec<TokenWithSpan>, Unreadable> {
    let whole = |reason: String| Unreadable { line: 1, column: 1, reason };
    if script.len() > SCRIPT_BYTES_MAX {
        return Err(whole(format!("the script has {} bytes, {SCRIPT_BYTES_MAX} are allowed", script.len())));
    }
    if script.contains('\0') {
        return Err(whole("the script holds a NUL".to_owned()));
    }
    let mut tokenizer = Tokenizer::new(grammar, script);
    let tokens = tokenizer.tokenize_with_location().map_err(|error| Unreadable {
        line: error.location.line,
        column: error.location.column,
        reason: error.message,
    })?;
    let strange = strange_spaces(script);
    let mut depth = Depth::default();
    for token in &tokens {
        let start = token.span.start;
        let place = |reason: String| Unreadable { line: start.line, column: start.column, reason };
        if let Some(reason) = ambiguous(&token.token) {
            return Err(place(reason.to_owned()));
        }
        if strange.iter().any(|(line, column)| (start.line, start.column) == (*line, *column)) {
            return Err(place("only spaces, tabs and line ends may stand between words".to_owned()));
        }
        depth.pass(&token.token);
        if depth.is_too_deep() {
            return Err(place(format!("more than {OPERATORS_MAX} operators stand in a row")));
        }
    }
    Ok(tokens)
}

/// Where characters stand that the parser takes for space, and databases for letters. Inside of texts they are fine: no
/// token begins at them there.
fn strange_spaces(script: &str) -> Vec<(u64, u64)> {
    let places = (1u64..).zip(script.split('\n')).flat_map(|(line, text)| {
        let strange = (1u64..).zip(text.chars()).filter(|(_, c)| c.is_whitespace() && !c.is_ascii());
        strange.map(move |(column, _)| (line, column))
    });
    places.collect()
}

fn ambiguous(token: &Token) -> Option<&'static str> {
    Some(match token {
        Token::DollarQuotedString(_) => "texts in dollars are not allowed; write 'text', and '' for a quote in it",
        Token::EscapedStringLiteral(_) => "E'…' is not allowed; write '…' without escapes",
        Token::Placeholder(_) | Token::Question => "a script has no parameters",
        Token::UnicodeStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::TripleSingleQuotedByteStringLiteral(_)
        | Token::TripleDoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_)
        | Token::TripleSingleQuotedRawStringLiteral(_)
        | Token::TripleDoubleQuotedRawStringLiteral(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_) => "only texts like '…' and bytes like X'…' are allowed",
        Token::Whitespace(Whitespace::SingleLineComment { prefix, .. }) if prefix != "--" => {
            "a comment begins with -- or /*"
        }
        Token::Word(word) if word.quote_style.is_none() && !word.value.is_ascii() => {
            "a name with other than ASCII characters stands in quotes"
        }
        Token::Word(_) | Token::SingleQuotedString(_) | Token::Whitespace(_) => return None,
        // The parser goes on with the operator where the database begins a comment.
        token if holds_comment(&token.to_string()) => "a space stands between an operator and a comment",
        Token::CopyData { .. } => "COPY is not allowed; write INSERT",
        Token::Backslash => "a backslash is not allowed here",
        _ => return None,
    })
}

fn holds_comment(operator: &str) -> bool {
    operator.contains("--") || operator.contains("/*")
}

/// Operators in a row, which make a tree deeper without nesting in the text.
#[derive(Default)]
struct Depth {
    /// Those since the last comma, of each open parenthesis.
    outer: Vec<usize>,
    here: usize,
    /// Those between queries; commas don't part them.
    between_queries: usize,
    after_operand: bool,
}

impl Depth {
    fn is_too_deep(&self) -> bool {
        self.outer.iter().sum::<usize>() + self.here + self.between_queries > OPERATORS_MAX
    }

    fn pass(&mut self, token: &Token) {
        match token {
            Token::Whitespace(_) => return,
            Token::SemiColon => *self = Self::default(),
            Token::Comma => self.here = 0,
            Token::LParen => {
                self.outer.push(self.here);
                self.here = 0;
            }
            Token::RParen => self.here = self.outer.pop().unwrap_or(0),
            Token::Word(word) => match word.keyword {
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => self.between_queries += 1,
                Keyword::NoKeyword => {}
                // Most keywords are no operators; to count them too does no harm.
                _ => self.here += 1,
            },
            Token::Plus | Token::Minus if !self.after_operand => {}
            Token::Number(..) | Token::SingleQuotedString(_) | Token::HexStringLiteral(_) | Token::Period => {}
            _ => self.here += 1,
        }
        self.after_operand = matches!(
            token,
            Token::Word(_)
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::HexStringLiteral(_)
                | Token::RParen
        );
    }
}
