//! Pieces of statements whose parameters are numbered.

/// `$first, $first+1, …`: the placeholders of `count` parameters, for `IN (…)` and `VALUES (…)`.
pub fn placeholders(first: usize, count: usize) -> String {
    let numbered: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbered.join(", ")
}

/// `a = $first, b = $first+1, …`: for `UPDATE … SET …`.
pub fn assignments(first: usize, columns: &[&str]) -> String {
    let numbered: Vec<String> =
        (first..).zip(columns).map(|(number, column)| format!("{column} = ${number}")).collect();
    numbered.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(2, 3), "$2, $3, $4");
        assert_eq!(placeholders(1, 0), "");
    }

    #[test]
    fn assignments_count_on() {
        assert_eq!(assignments(3, &["a", "b"]), "a = $3, b = $4");
    }
}
